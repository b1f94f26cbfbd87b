/** Maps values onto pixels, linear or logarithmic, with readable ticks. */
export interface Scale {
  at(value: number): number;
  ticks: number[];
}

export interface Range {
  from: number;
  to: number;
}

const mostTicks = 6;

export function linearScale(domain: Range, pixels: Range): Scale {
  const span = domain.to - domain.from || 1;
  const step = niceStep(span / mostTicks);
  const ticks: number[] = [];
  for (let tick = Math.ceil(domain.from / step) * step; tick <= domain.to + step * 1e-6; tick += step) ticks.push(Number(tick.toPrecision(10)));
  return { at: (value) => pixels.from + ((value - domain.from) / span) * (pixels.to - pixels.from), ticks };
}

/** `domain` above 0; what is below its start is drawn at its start. */
export function logScale(domain: Range, pixels: Range): Scale {
  const from = Math.log10(domain.from);
  const span = Math.log10(domain.to) - from || 1;
  const ticks: number[] = [];
  const wide = span > 2.5;
  for (let decade = Math.floor(from); decade <= from + span; decade += 1) {
    for (const digit of wide ? [1] : [1, 2, 5]) {
      const tick = Number((digit * 10 ** decade).toPrecision(6));
      if (tick >= domain.from * 0.999 && tick <= domain.to * 1.001) ticks.push(tick);
    }
  }
  return { at: (value) => pixels.from + ((Math.log10(Math.max(value, domain.from)) - from) / span) * (pixels.to - pixels.from), ticks };
}

function niceStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  const digit = rough / power;
  return (digit <= 1 ? 1 : digit <= 2 ? 2 : digit <= 5 ? 5 : 10) * power;
}

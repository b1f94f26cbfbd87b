/** Maps a value to a coordinate, with ticks that people can read. */
export interface Scale {
  (value: number): number;
  ticks: { value: number; text: string }[];
}

type Pair = readonly [number, number];

export function linearScale([from, to]: Pair, [start, end]: Pair, wanted = 6): Scale {
  const span = to - from > 0 ? to - from : 1;
  const step = niceStep(span / wanted);
  const ticks: Scale['ticks'] = [];
  for (let i = Math.ceil(from / step - 1e-9); i * step <= from + span * (1 + 1e-9); i += 1) ticks.push({ value: i * step, text: tickText(i * step) });
  return withTicks((value) => start + ((value - from) / span) * (end - start), ticks);
}

/** Both ends above zero. Values below the start are drawn at the start. */
export function logScale([from, to]: Pair, [start, end]: Pair, wanted = 8): Scale {
  const low = Math.log10(from);
  const span = Math.log10(to) - low > 0 ? Math.log10(to) - low : 1;
  const ticks: Scale['ticks'] = [];
  // A narrow range has no round powers in it: its ticks are even in value.
  const step = niceStep((to - from) / 5);
  if (span <= 0.5) for (let i = Math.ceil(from / step); i * step <= to; i += 1) ticks.push({ value: i * step, text: tickText(i * step) });
  const digits = span <= 0.5 ? [] : span <= 0.9 ? [1, 1.5, 2, 3, 4, 5, 7] : span * 3 <= wanted ? [1, 2, 5] : span * 2 <= wanted ? [1, 3] : [1];
  for (let decade = Math.floor(low); decade <= low + span; decade += 1) {
    for (const digit of digits) {
      const value = digit * 10 ** decade;
      if (value >= from * 0.999 && value <= to * 1.001) ticks.push({ value, text: tickText(value) });
    }
  }
  return withTicks((value) => start + ((Math.log10(Math.max(value, from)) - low) / span) * (end - start), ticks);
}

/** x = 1 / (1 - q) on a log scale: every nine has the same width. `to` is the last quantile drawn, below 1. */
export function ninesScale(to: number, [start, end]: Pair): Scale {
  const span = -Math.log10(1 - to);
  const ticks = [0, 0.5, 0.9, 0.95, 0.99, 0.999, 0.9999, 0.99999]
    .filter((q) => q <= to + 1e-9)
    .map((q) => ({ value: q, text: q === 0 ? 'p0' : `p${Number((q * 100).toFixed(4))}` }));
  return withTicks((q) => start + (-Math.log10(1 - Math.min(q, to)) / span) * (end - start), ticks);
}

/** Linear within +-`linear`, logarithmic beyond, so that errors around zero and rare large ones fit in one picture. */
export function symlogScale([from, to]: Pair, linear: number, [start, end]: Pair): Scale {
  const bend = (value: number): number => Math.asinh(value / linear);
  const low = bend(from);
  const span = bend(to) - low > 0 ? bend(to) - low : 1;
  const candidates = [0];
  for (let size = linear; size <= Math.max(Math.abs(from), Math.abs(to)) * 1.001; size *= 10) candidates.push(size, -size);
  const ticks = candidates
    .filter((value) => value >= from && value <= to)
    .toSorted((a, b) => a - b)
    .map((value) => ({ value, text: tickText(value) }));
  return withTicks((value) => start + ((bend(value) - low) / span) * (end - start), ticks);
}

function withTicks(at: (value: number) => number, ticks: Scale['ticks']): Scale {
  return Object.assign(at, { ticks });
}

export function niceStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  const digit = rough / power;
  return (digit <= 1 ? 1 : digit <= 2 ? 2 : digit <= 5 ? 5 : 10) * power;
}

export function tickText(value: number): string {
  const rounded = Number(value.toPrecision(6));
  return rounded.toLocaleString('en-US', { maximumFractionDigits: 6 });
}

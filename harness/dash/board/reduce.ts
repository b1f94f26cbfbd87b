/** What one value stands for a series, by Grafana's names (`reduceOptions.calcs`, `legend.calcs`). null: the series has no such value. */
export function reduce(values: readonly (number | null)[], calc: string): number | null {
  const there = values.filter((value): value is number => value !== null && Number.isFinite(value));
  const first = there[0] ?? null;
  const last = there.at(-1) ?? null;
  const quantile = /^p(\d{1,2})$/.exec(calc);
  if (quantile) return quantileOf(there, Number(quantile[1]) / 100);
  switch (calc) {
    case 'first':
      return values[0] ?? null;
    case 'firstNotNull':
      return first;
    case 'last':
      return values.at(-1) ?? null;
    case 'lastNotNull':
      return last;
    case 'count':
      return values.length;
    case 'sum':
      return there.length === 0 ? null : sumOf(there);
    case 'mean':
      return there.length === 0 ? null : sumOf(there) / there.length;
    case 'median':
      return quantileOf(there, 0.5);
    case 'min':
      return there.reduce<number | null>((least, value) => (least === null || value < least ? value : least), null);
    case 'max':
      return there.reduce<number | null>((most, value) => (most === null || value > most ? value : most), null);
    case 'range': {
      const [least, most] = [reduce(there, 'min'), reduce(there, 'max')];
      return least === null || most === null ? null : most - least;
    }
    case 'diff':
      return first === null || last === null ? null : last - first;
    case 'delta':
      return first === null ? null : increase(there);
    case 'stdDev':
    case 'variance': {
      if (there.length === 0) return null;
      const mean = sumOf(there) / there.length;
      const variance = sumOf(there.map((value) => (value - mean) ** 2)) / there.length;
      return calc === 'variance' ? variance : Math.sqrt(variance);
    }
    default:
      return last;
  }
}

/** Of a counter: what it grew by, its resets counted from zero. */
function increase(values: readonly number[]): number {
  let grown = 0;
  for (let index = 1; index < values.length; index += 1) {
    const [before = 0, now = 0] = [values[index - 1], values[index]];
    grown += now >= before ? now - before : now;
  }
  return grown;
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

function quantileOf(values: readonly number[], q: number): number | null {
  const inOrder = [...values].sort((a, b) => a - b);
  if (inOrder.length === 0) return null;
  const place = (inOrder.length - 1) * q;
  const [below = 0, above = 0] = [inOrder[Math.floor(place)], inOrder[Math.ceil(place)]];
  return below + (above - below) * (place - Math.floor(place));
}

import { type Faults, join, show } from './faults.ts';

/** `ms`: durations (`50ms`, `1.2s`, `250us`, a plain number is milliseconds). `count`: plain numbers. */
export type Unit = 'ms' | 'count';

export interface GrammarContext {
  faults: Faults;
  unit: Unit;
  /** Text of a file, its path relative to the profile's. Absent: the profile did not come from a file, and may name none. */
  readFile: ((path: string) => string) | undefined;
}

const quantileKey = /^p(\d+(?:\.\d+)?)$/;

/** Keys of a quantile table: p0, p50, p99.9, p100. */
export function isQuantileKey(key: string): boolean {
  return quantileKey.test(key);
}

/** `{p0: 50ms, p50: 85ms, p100: 150ms}` as [quantile, value], ascending. The ends are never guessed, so p0 and p100 must be there. */
export function parseKnots(raw: Record<string, unknown>, path: string, context: GrammarContext): [number, number][] | undefined {
  const { faults } = context;
  const before = faults.list.length;
  const knots: [number, number][] = [];
  for (const [key, value] of Object.entries(raw)) {
    const percent = Number(quantileKey.exec(key)?.[1]);
    if (!(percent >= 0 && percent <= 100)) {
      faults.add(join(path, key), `"${key}" is no quantile: expected p0 to p100`);
      continue;
    }
    const parsed = parseValue(value, join(path, key), context);
    if (parsed !== undefined) knots.push([percent / 100, parsed]);
  }
  for (const end of ['p0', 'p100']) if (raw[end] === undefined) faults.add(join(path, end), `missing: a table needs p0 and p100, its ends are not guessed`);
  if (faults.list.length > before) return undefined;
  knots.sort((one, other) => one[0] - other[0]);
  for (let i = 1; i < knots.length; i += 1) {
    const [u, value] = knots[i] as [number, number];
    const [earlier, floor] = knots[i - 1] as [number, number];
    if (u === earlier) faults.add(path, `p${+(u * 100).toFixed(9)} is given twice`);
    if (value < floor)
      faults.add(
        join(path, `p${+(u * 100).toFixed(9)}`),
        `given ${value}, expected at least p${+(earlier * 100).toFixed(9)} (${floor}): quantiles do not fall`,
      );
  }
  return faults.list.length > before ? undefined : knots;
}

const durationForm = /^(\d+(?:\.\d+)?|\.\d+)\s*(us|ms|s)$/;
const msPerUnit: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000 };

/** A duration in milliseconds, or a count; not negative. Undefined, and a fault, when it is neither. */
export function parseValue(raw: unknown, path: string, context: Pick<GrammarContext, 'faults' | 'unit'>): number | undefined {
  if (typeof raw === 'number' && Number.isFinite(raw) && raw >= 0) return raw;
  if (context.unit === 'count') return context.faults.add(path, `given ${show(raw)}, expected a count: a number from 0 up, without a unit`);
  const match = typeof raw === 'string' ? durationForm.exec(raw.trim()) : null;
  if (match) return Number(match[1]) * (msPerUnit[match[2] as string] as number);
  return context.faults.add(path, `given ${show(raw)}, expected a duration such as 50ms, 1.2s, 250us, or a number of milliseconds from 0 up`);
}

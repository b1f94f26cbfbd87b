/** What a series has to show, as an interval with its reason. */
import { coarseBuckets, latencyBuckets, signedBuckets } from '../../scenarios/buckets.ts';
import type { Spread } from './run-facts.ts';

export interface Expectation {
  low: number;
  high: number;
  /** What the interval is made of. */
  says: string;
}

export const buckets = { fine: latencyBuckets, coarse: coarseBuckets, signed: signedBuckets } as const;

/**
 * A quantile out of a histogram: anywhere in the bucket that holds the run's own. Of a total every value was counted; a rate over a window loses what a series
 * began with, so that its rank may be a little off.
 */
export function quantileNear(
  spread: Spread,
  q: number,
  { rankOff = 0, bounds = 'fine' }: { rankOff?: number; bounds?: keyof typeof buckets } = {},
): Expectation {
  const off = rankOff + 1 / Math.max(1, spread.n);
  // The run's own histogram has three digits: what it says of a value at a boundary may be on either side.
  const [lowest, highest] = [spread.at(Math.max(0, q - off)) * 0.999, spread.at(Math.min(1, q + off)) * 1.001];
  const known = buckets[bounds];
  const low = known.findLast((bound) => bound < lowest) ?? Math.min(0, known[0] ?? 0);
  const high = known.find((bound) => bound >= highest) ?? known.at(-1) ?? Number.POSITIVE_INFINITY;
  return { low, high, says: `p${q * 100} of ${spread.n} is ${spread.at(q).toFixed(4)} s` };
}

/** What is counted exactly, to the precision that Prometheus writes. */
export function exactly(value: number): Expectation {
  const off = Math.abs(value) * 1e-6 + 1e-9;
  return { low: value - off, high: value + off, says: `${value}` };
}

/** What a rate over a window loses: the first scrape of a series that begins in it. */
const lostRatio = 0.06;
const lostCount = 3;

/** A count per second over the window, in which there may be some more. */
export function perSecond(count: number, windowSeconds: number, more = 0): Expectation {
  const [low, high] = [count * (1 - lostRatio) - lostCount, (count + more) * (1 + lostRatio) + lostCount];
  return { low: Math.max(0, low) / windowSeconds, high: high / windowSeconds, says: `${count} in ${windowSeconds.toFixed(1)} s` };
}

/** The share of one count in another, both as rates. */
export function shareNear(part: number, whole: number): Expectation {
  const off = (lostCount + part * lostRatio) / Math.max(1, whole);
  return { low: part / whole - off, high: part / whole + off, says: `${part} of ${whole}` };
}

export function about(value: number, ratio: number, off = 0): Expectation {
  return { low: value - Math.abs(value) * ratio - off, high: value + Math.abs(value) * ratio + off, says: `about ${value}` };
}

/** The difference of two that are known each for itself. */
export function difference(a: Expectation, b: Expectation): Expectation {
  return { low: a.low - b.high, high: a.high - b.low, says: `(${a.says}) - (${b.says})` };
}

/** `a / b - 1`. */
export function relative(a: Expectation, b: Expectation): Expectation {
  return { low: a.low / b.high - 1, high: a.high / b.low - 1, says: `(${a.says}) / (${b.says}) - 1` };
}

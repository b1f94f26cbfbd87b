import { type Counts, quantileFromCounts, SignedHistogram } from './histogram.ts';
import type { Distribution, QuantileValue } from './run-file.ts';

/** A distribution of values in milliseconds (rounded to whole microseconds). Throws RangeError on a value that is not a finite number. */
export function distributionOf(valuesMs: Iterable<number>): Distribution {
  const histogram = new SignedHistogram();
  for (const ms of valuesMs) {
    if (!Number.isFinite(ms)) throw new RangeError(`a value of a distribution must be a finite number of milliseconds, given ${ms}`);
    histogram.record(Math.round(ms * 1000));
  }
  return histogram.toDistribution();
}

/** The distribution of all values of the parts, without loss: the same as if they had been recorded into one. */
export function mergeDistributions(parts: readonly Distribution[]): Distribution {
  const all = new SignedHistogram();
  for (const part of parts) all.merge(SignedHistogram.from(part));
  return all.toDistribution();
}

/** Any quantile, q in (0, 1), with its interval: one of the stored ones, else from the histogram. Undefined when n is 0. */
export function quantileOf(distribution: Distribution, q: number): QuantileValue | undefined {
  if (!(q > 0 && q < 1)) throw new RangeError(`a quantile lies between 0 and 1, given ${q}`);
  if (distribution.n === 0) return undefined;
  return distribution.quantiles.find((known) => known.q === q) ?? quantileFromCounts(SignedHistogram.from(distribution).counts(), distribution.n, q);
}

/** Values in microseconds, ascending, each the middle of its bucket, and how many values are at or below it: for histograms, KS tests and CDFs. */
export function countsOf(distribution: Distribution): Counts {
  return SignedHistogram.from(distribution).counts();
}

/** Share of values at or below `ms` (in the histogram's resolution), 0 to 1. NaN when n is 0. */
export function shareAtOrBelow(distribution: Distribution, ms: number): number {
  const { us, cumulative } = countsOf(distribution);
  let below = 0;
  for (let i = 0; i < us.length && (us[i] ?? 0) <= ms * 1000; i += 1) below = cumulative[i] ?? 0;
  return below / distribution.n;
}

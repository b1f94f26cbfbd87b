import { decodeFromCompressedBase64, encodeIntoCompressedBase64, Int32Histogram, JsHistogram } from 'hdr-histogram-js';
import { enoughFor, intervalRanks, quantileRank } from './order-statistics.ts';
import type { Distribution, QuantileValue } from './run-file.ts';

/** The quantiles that every distribution carries; any other comes from its histogram by `quantileOf`. */
export const standardQuantiles: readonly number[] = [0.5, 0.75, 0.9, 0.95, 0.99, 0.999];

/** Values and counts in ascending order; `cumulative[i]` values are at or below `us[i]`. */
export interface Counts {
  us: number[];
  cumulative: number[];
}

/** Integer microseconds, 3 significant digits: exact up to 2,047 us, within 0.1% above. No upper bound: the array grows with the values. */
function emptyHdr(): Int32Histogram {
  const hdr = new Int32Histogram(1, 2, 3);
  hdr.autoResize = true;
  return hdr;
}

/**
 * A histogram of milliseconds, kept as integer microseconds. Values below zero are counted apart, by magnitude, in a second histogram:
 * nothing is clamped. n, mean, minimum and maximum are exact (to the microsecond), and merging two is the same as having recorded into one.
 */
export class SignedHistogram {
  n = 0;
  negatives = 0;
  censored = 0;
  #sumUs = 0;
  #minUs = Number.POSITIVE_INFINITY;
  #maxUs = Number.NEGATIVE_INFINITY;
  #positive: JsHistogram | undefined;
  #negative: JsHistogram | undefined;

  /** @param microseconds integers microseconds, of either sign */
  record(microseconds: number, count = 1): void {
    // -0.0003 ms rounds to minus zero, which JSON does not know.
    const us = microseconds + 0;
    this.n += count;
    this.#sumUs += us * count;
    if (us < this.#minUs) this.#minUs = us;
    if (us > this.#maxUs) this.#maxUs = us;
    if (us >= 0) {
      this.#positive ??= emptyHdr();
      this.#positive.recordValueWithCount(us, count);
    } else {
      this.negatives += count;
      this.#negative ??= emptyHdr();
      this.#negative.recordValueWithCount(-us, count);
    }
  }

  merge(other: SignedHistogram): void {
    if (other.n === 0) return;
    this.n += other.n;
    this.negatives += other.negatives;
    this.censored += other.censored;
    this.#sumUs += other.#sumUs;
    this.#minUs = Math.min(this.#minUs, other.#minUs);
    this.#maxUs = Math.max(this.#maxUs, other.#maxUs);
    if (other.#positive) this.#positive = pour(other.#positive, this.#positive);
    if (other.#negative) this.#negative = pour(other.#negative, this.#negative);
  }

  /** A value stands for its bucket's middle, never outside of the exact minimum and maximum. */
  counts(): Counts {
    const counts: Counts = { us: [], cumulative: [] };
    let cumulative = 0;
    const push = (us: number, count: number): void => {
      cumulative += count;
      counts.us.push(Math.min(this.#maxUs, Math.max(this.#minUs, us)));
      counts.cumulative.push(cumulative);
    };
    const negative = this.#negative;
    for (let i = (negative?.countsArrayLength ?? 0) - 1; negative && i >= 0; i -= 1) {
      const count = negative.getCountAtIndex(i);
      if (count > 0) push(-negative.medianEquivalentValue(negative.valueFromIndex(i)), count);
    }
    const positive = this.#positive;
    for (let i = 0; positive && i < positive.countsArrayLength; i += 1) {
      const count = positive.getCountAtIndex(i);
      if (count > 0) push(positive.medianEquivalentValue(positive.valueFromIndex(i)), count);
    }
    return counts;
  }

  toDistribution(): Distribution {
    const counts = this.counts();
    const some = this.n > 0;
    return {
      n: this.n,
      meanMs: some ? this.#sumUs / this.n / 1000 : 0,
      minMs: some ? this.#minUs / 1000 : 0,
      maxMs: some ? this.#maxUs / 1000 : 0,
      negatives: this.negatives,
      ...(this.censored > 0 && { censored: this.censored }),
      quantiles: some ? standardQuantiles.map((q) => quantileFromCounts(counts, this.n, q)) : [],
      histogram: encodeIntoCompressedBase64(this.#positive ?? emptyHdr()),
      ...(this.#negative && { negativeHistogram: encodeIntoCompressedBase64(this.#negative) }),
    };
  }

  static from(distribution: Distribution): SignedHistogram {
    const histogram = new SignedHistogram();
    histogram.n = distribution.n;
    histogram.negatives = distribution.negatives;
    histogram.censored = distribution.censored ?? 0;
    if (distribution.n > 0) {
      // Sums are whole microseconds, so rounding undoes the division.
      histogram.#sumUs = Math.round(distribution.meanMs * distribution.n * 1000);
      histogram.#minUs = Math.round(distribution.minMs * 1000);
      histogram.#maxUs = Math.round(distribution.maxMs * 1000);
    }
    histogram.#positive = decode(distribution.histogram);
    if (distribution.negativeHistogram !== undefined) histogram.#negative = decode(distribution.negativeHistogram);
    const held = (histogram.#positive.totalCount ?? 0) + (histogram.#negative?.totalCount ?? 0);
    if (held !== distribution.n) throw new Error(`distribution is damaged: it says n = ${distribution.n}, its histograms hold ${held} values`);
    return histogram;
  }
}

export function quantileFromCounts(counts: Counts, n: number, q: number): QuantileValue {
  const { low, high } = intervalRanks(n, q);
  return {
    q,
    ms: valueAtRank(counts, quantileRank(n, q)) / 1000,
    ...(low !== undefined && { lowMs: valueAtRank(counts, low) / 1000 }),
    ...(high !== undefined && { highMs: valueAtRank(counts, high) / 1000 }),
    enough: enoughFor(n, q),
  };
}

function valueAtRank({ us, cumulative }: Counts, rank: number): number {
  let from = 0;
  let to = cumulative.length - 1;
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((cumulative[middle] ?? 0) >= rank) to = middle;
    else from = middle + 1;
  }
  return us[from] ?? 0;
}

function pour(source: JsHistogram, into: JsHistogram = emptyHdr()): JsHistogram {
  for (let i = 0; i < source.countsArrayLength; i += 1) {
    const count = source.getCountAtIndex(i);
    if (count > 0) into.recordValueWithCount(source.valueFromIndex(i), count);
  }
  return into;
}

function decode(text: string): JsHistogram {
  const hdr = decodeFromCompressedBase64(text, 32, false);
  if (!(hdr instanceof JsHistogram)) throw new Error('the decoder gave a histogram that is not a JavaScript one');
  hdr.autoResize = true;
  return hdr;
}

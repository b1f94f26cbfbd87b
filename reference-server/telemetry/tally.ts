import { build, encodeIntoCompressedBase64, type Histogram } from 'hdr-histogram-js';

/** Same shape as `Distribution` of `run.json`, so that a run can keep it as it is. */
export interface TallySnapshot {
  n: number;
  meanMs: number;
  minMs: number;
  maxMs: number;
  negatives: number;
  quantiles: { q: number; ms: number; enough: boolean }[];
  /** HDR V2 base64 of integer microseconds, values >= 0. */
  histogram: string;
  /** Magnitudes of the negatives. */
  negativeHistogram?: string;
}

const quantiles = [0.5, 0.9, 0.95, 0.99, 0.999];

function newHistogram(): Histogram {
  return build({ lowestDiscernibleValue: 1, highestTrackableValue: 600_000_000, numberOfSignificantValueDigits: 3, bitBucketSize: 32 });
}

/** Times in milliseconds, kept as integer microseconds. Negatives are counted apart and never clamped. Over 600 s counts as 600 s. */
export class Tally {
  #positive = newHistogram();
  #negative: Histogram | undefined;
  #sumMs = 0;
  #minMs = Number.POSITIVE_INFINITY;
  #maxMs = Number.NEGATIVE_INFINITY;
  #n = 0;

  record(ms: number): void {
    this.#n += 1;
    this.#sumMs += ms;
    if (ms < this.#minMs) this.#minMs = ms;
    if (ms > this.#maxMs) this.#maxMs = ms;
    const us = Math.min(600_000_000, Math.round(Math.abs(ms) * 1_000));
    if (ms >= 0 || us === 0) this.#positive.recordValue(us);
    else {
      this.#negative ??= newHistogram();
      this.#negative.recordValue(us);
    }
  }

  reset(): void {
    this.#positive.reset();
    this.#negative = undefined;
    this.#sumMs = 0;
    this.#minMs = Number.POSITIVE_INFINITY;
    this.#maxMs = Number.NEGATIVE_INFINITY;
    this.#n = 0;
  }

  snapshot(): TallySnapshot {
    const negatives = this.#negative?.totalCount ?? 0;
    const snapshot: TallySnapshot = {
      n: this.#n,
      meanMs: this.#n === 0 ? 0 : this.#sumMs / this.#n,
      minMs: this.#n === 0 ? 0 : this.#minMs,
      maxMs: this.#n === 0 ? 0 : this.#maxMs,
      negatives,
      quantiles: quantiles.map((q) => ({ q, ms: this.#quantileMs(q), enough: this.#n * (1 - q) >= 10 })),
      histogram: encodeIntoCompressedBase64(this.#positive),
    };
    if (this.#negative) snapshot.negativeHistogram = encodeIntoCompressedBase64(this.#negative);
    return snapshot;
  }

  #quantileMs(q: number): number {
    if (this.#n === 0) return 0;
    const negatives = this.#negative?.totalCount ?? 0;
    const rank = Math.max(1, Math.ceil(q * this.#n));
    if (this.#negative && rank <= negatives) {
      // The smallest value is the largest magnitude.
      return -this.#negative.getValueAtPercentile(((negatives - rank + 1) / negatives) * 100) / 1_000;
    }
    const positives = this.#n - negatives;
    return this.#positive.getValueAtPercentile(((rank - negatives) / positives) * 100) / 1_000;
  }
}

/** When things left minus when the profile intended it, less the waiting for workers: how true the server keeps its own profile. */
import { build, encodeIntoCompressedBase64, type Histogram } from 'hdr-histogram-js';
import type { LatencyClass } from '../../scenarios/types.ts';

/** actual - intended - queued, all from the request's arrival. Below zero: it left early. */
export function latenessMs(actualMs: number, intendedMs: number, queuedMs: number): number {
  return actualMs - intendedMs - queuedMs;
}

export interface LatenessRecorder {
  /** One response or one event of a stream. `overran`: real work took longer than its draw, which made it late. */
  record(latencyClass: LatencyClass, latenessMs: number, overran?: boolean): void;
  snapshot(): LatenessSnapshot;
  /** Forgets everything; a run starts from here. */
  reset(): void;
}

export interface LatenessSnapshot {
  /** All classes pooled. */
  all: LatenessSummary;
  /** Only classes that recorded something. */
  classes: Partial<Record<LatencyClass, LatenessSummary>>;
}

/** Milliseconds, to the microsecond; quantiles to 3 digits. Quantiles rank every value, those below zero first. */
export interface LatenessSummary {
  n: number;
  meanMs: number;
  minMs: number;
  maxMs: number;
  /** Values below zero: in a histogram of their own magnitude, never clamped. */
  negatives: number;
  overruns: number;
  /** `enough` is false when fewer than 10 values are expected beyond the quantile. Empty when n is 0. */
  quantiles: { q: number; ms: number; enough: boolean }[];
  /** HDR histograms of integer microseconds, compressed V2 base64: of values from zero up, and of the magnitudes of those below. */
  histogram: string;
  negativeHistogram?: string;
}

const quantilePoints: readonly number[] = [0.5, 0.9, 0.95, 0.99, 0.999];
/** An hour. A longer lateness is recorded as this, and `maxMs` tells the truth. */
const highestUs = 3_600_000_000;

class Tally {
  readonly positive = newHistogram();
  readonly negative = newHistogram();
  sumMs = 0;
  minMs = Number.POSITIVE_INFINITY;
  maxMs = Number.NEGATIVE_INFINITY;
  overruns = 0;

  record(ms: number, overran: boolean): void {
    const us = Math.round(ms * 1000);
    if (us < 0) this.negative.recordValue(Math.min(-us, highestUs));
    else this.positive.recordValue(Math.min(us, highestUs));
    this.sumMs += ms;
    if (ms < this.minMs) this.minMs = ms;
    if (ms > this.maxMs) this.maxMs = ms;
    if (overran) this.overruns += 1;
  }

  add(other: Tally): void {
    this.positive.add(other.positive);
    this.negative.add(other.negative);
    this.sumMs += other.sumMs;
    this.minMs = Math.min(this.minMs, other.minMs);
    this.maxMs = Math.max(this.maxMs, other.maxMs);
    this.overruns += other.overruns;
  }

  quantileMs(q: number): number {
    const negatives = this.negative.totalCount;
    const n = negatives + this.positive.totalCount;
    const rank = Math.max(1, Math.ceil(q * n));
    // The largest magnitude is the smallest value. `getValueAtPercentile` ranks from 1.
    const us =
      rank <= negatives
        ? -this.negative.getValueAtPercentile(((negatives - rank + 1) / negatives) * 100)
        : this.positive.getValueAtPercentile(((rank - negatives) / this.positive.totalCount) * 100);
    return Math.min(Math.max(us / 1000, this.minMs), this.maxMs);
  }

  summary(): LatenessSummary {
    const negatives = this.negative.totalCount;
    const n = negatives + this.positive.totalCount;
    return {
      n,
      meanMs: n === 0 ? 0 : this.sumMs / n,
      minMs: n === 0 ? 0 : this.minMs,
      maxMs: n === 0 ? 0 : this.maxMs,
      negatives,
      overruns: this.overruns,
      quantiles: n === 0 ? [] : quantilePoints.map((q) => ({ q, ms: this.quantileMs(q), enough: n * (1 - q) >= 10 - 1e-9 })),
      histogram: encodeIntoCompressedBase64(this.positive),
      ...(negatives > 0 ? { negativeHistogram: encodeIntoCompressedBase64(this.negative) } : {}),
    };
  }
}

function newHistogram(): Histogram {
  return build({ bitBucketSize: 32, lowestDiscernibleValue: 1, highestTrackableValue: highestUs, numberOfSignificantValueDigits: 3 });
}

/** Nothing is recorded at first. Costs well under a microsecond a record; a snapshot takes milliseconds. A value that is not finite is a RangeError. */
export function latenessRecorder(): LatenessRecorder {
  const tallies = new Map<LatencyClass, Tally>();
  return {
    record(latencyClass, ms, overran = false) {
      if (!Number.isFinite(ms)) throw new RangeError(`given a lateness of ${ms}, expected a finite number of milliseconds`);
      let tally = tallies.get(latencyClass);
      if (!tally) {
        tally = new Tally();
        tallies.set(latencyClass, tally);
      }
      tally.record(ms, overran);
    },
    snapshot() {
      const all = new Tally();
      const classes: LatenessSnapshot['classes'] = {};
      for (const [latencyClass, tally] of tallies) {
        all.add(tally);
        classes[latencyClass] = tally.summary();
      }
      return { all: all.summary(), classes };
    },
    reset() {
      tallies.clear();
    },
  };
}

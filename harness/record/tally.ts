import { SignedHistogram } from '../results/histogram.ts';
import type { MetricName, MetricSet } from '../results/run-file.ts';
import { requestMetrics } from './measure.ts';

const bufferLength = 512;

/** One metric of one operation. Values wait in a small buffer, so that the hot path is a push and a rare metric costs no histogram. */
class MetricTally {
  #waiting: number[] = [];
  readonly #histogram = new SignedHistogram();

  record(ms: number, censored: boolean): void {
    this.#waiting.push(Math.round(ms * 1000));
    if (censored) this.#histogram.censored += 1;
    if (this.#waiting.length >= bufferLength) this.#settle();
  }

  recordCount(us: number, count: number): void {
    this.#histogram.record(us, count);
  }

  histogram(): SignedHistogram {
    this.#settle();
    return this.#histogram;
  }

  #settle(): void {
    for (const us of this.#waiting) this.#histogram.record(us);
    this.#waiting = [];
  }
}

/** All metrics of one operation. Classes and the whole are merged from these at the end, without loss: a request is recorded once. */
export class MetricTallies {
  readonly #tallies: (MetricTally | undefined)[] = new Array(requestMetrics.length).fill(undefined);
  #gaps: MetricTally | undefined;

  /** @param values by index of `requestMetrics`, ms, NaN for none. @param censored bit mask of those cut off. Returns how many were no usable number. */
  record(values: Float64Array, censored: number): number {
    let unusable = 0;
    for (let i = 0; i < values.length; i += 1) {
      const ms = values[i] as number;
      if (Number.isNaN(ms)) continue;
      if (!Number.isFinite(ms)) {
        unusable += 1;
        continue;
      }
      let tally = this.#tallies[i];
      if (tally === undefined) {
        tally = new MetricTally();
        this.#tallies[i] = tally;
      }
      tally.record(ms, (censored & (1 << i)) !== 0);
    }
    return unusable;
  }

  /** @param gapsUs pairs of microseconds and count */
  recordGaps(gapsUs: readonly (readonly [number, number])[]): void {
    this.#gaps ??= new MetricTally();
    for (const [us, count] of gapsUs) if (count > 0 && Number.isFinite(us)) this.#gaps.recordCount(Math.round(us), count);
  }

  addTo(pool: MetricPool): void {
    for (const [i, tally] of this.#tallies.entries()) {
      const name = requestMetrics[i];
      if (tally && name) pool.merge(name, tally.histogram());
    }
    if (this.#gaps) pool.merge('gap', this.#gaps.histogram());
  }
}

/** Histograms by metric, merged from the tallies of several operations. */
export class MetricPool {
  readonly #histograms = new Map<MetricName, SignedHistogram>();

  merge(name: MetricName, histogram: SignedHistogram): void {
    let pooled = this.#histograms.get(name);
    if (!pooled) {
      pooled = new SignedHistogram();
      this.#histograms.set(name, pooled);
    }
    pooled.merge(histogram);
  }

  /** @param absent metrics to leave out */
  toMetricSet(absent: ReadonlySet<string>): MetricSet {
    const set: MetricSet = {};
    for (const [name, histogram] of this.#histograms) if (!absent.has(name)) set[name] = histogram.toDistribution();
    return set;
  }
}

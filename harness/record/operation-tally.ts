import type { LatencyClass, Objective } from '../../scenarios/types.ts';
import type { OperationResult } from '../results/run-file.ts';
import type { Sample } from '../sample.ts';
import { type Bound, boundsFor, metEvery } from './goodput.ts';
import { emptyCounts } from './journeys.ts';
import { MetricPool, MetricTallies } from './tally.ts';

/** Everything counted for one operation in the measured phase. */
export class OperationTally {
  readonly counts = emptyCounts();
  readonly latencyClass: LatencyClass | undefined;
  readonly metrics = new MetricTallies();
  bytes = 0;
  contentEvents = 0;
  good = 0;
  unusable = 0;
  readonly #first: Pick<Sample, 'operation' | 'method' | 'pathTemplate' | 'origin'>;
  readonly #bounds: readonly Bound[];
  readonly #statuses = new Map<number, number>();

  constructor(first: Sample, objectives: readonly Objective[]) {
    this.#first = { operation: first.operation, method: first.method, pathTemplate: first.pathTemplate, origin: first.origin };
    this.latencyClass = first.latencyClass;
    this.#bounds = boundsFor(objectives, first.operation, first.latencyClass);
  }

  /** @param values what `measure` filled. @param censored its mask. */
  add(sample: Sample, values: Float64Array, censored: number): void {
    this.counts[sample.outcome] += 1;
    this.bytes += sample.bytes ?? 0;
    this.contentEvents += sample.contentEvents ?? 0;
    if (sample.status !== undefined) this.#statuses.set(sample.status, (this.#statuses.get(sample.status) ?? 0) + 1);
    this.unusable += this.metrics.record(values, censored);
    if (sample.gapsUs !== undefined && sample.outcome !== 'failed') this.metrics.recordGaps(sample.gapsUs);
    if (sample.outcome === 'ok' && metEvery(this.#bounds, values)) this.good += 1;
  }

  /** Requests that goodput is a share of: all but those that the client itself broke off. */
  get judgeable(): number {
    const { ok, failed, timeout, dropped } = this.counts;
    return ok + failed + timeout + dropped;
  }

  result(declared: [number, number][] | undefined, absent: ReadonlySet<string>): OperationResult {
    const pool = new MetricPool();
    this.metrics.addTo(pool);
    return {
      ...this.#first,
      ...(this.latencyClass !== undefined && { latencyClass: this.latencyClass }),
      counts: this.counts,
      statuses: Object.fromEntries(this.#statuses),
      bytes: this.bytes,
      ...(this.judgeable > 0 && { goodputRatio: this.good / this.judgeable }),
      metrics: pool.toMetricSet(absent),
      ...(declared && { declared }),
    };
  }
}

/** A pool's epochs of one injection, ready to be drawn from. Plain data: it goes to worker threads. */
import type { EpochRecord } from '../epochs/epoch-record.ts';
import type { ErrorCounts } from '../epochs/error-evidence.ts';
import { evidenceOf, figuresOf, type MetricSettings } from '../epochs/evidence.ts';
import type { MetricEpochs } from '../types.ts';

/** Index i of all arrays is the i-th epoch of the pool. */
export interface PoolEvidence {
  epochs: number;
  metrics: readonly MetricEpochs[];
  counts: ErrorCounts[];
}

/** @param records valid ones, in the order of their recording */
export function poolEvidence(records: readonly EpochRecord[], settings: MetricSettings): PoolEvidence {
  // A tail is kept for as many epochs as are ever looked at together: a set's, or the whole pool.
  const maxEpochs = Math.max(settings.maxEpochs, records.length);
  const { metrics } = evidenceOf(
    records.map((record) => figuresOf(record, { ...settings, maxEpochs })),
    settings,
    0,
  );
  const counts = records.map(
    ({ sides: { base, head } }): ErrorCounts => ({ sides: { base: { scenarios: base.scenarios }, head: { scenarios: head.scenarios } } }),
  );
  return { epochs: records.length, metrics, counts };
}

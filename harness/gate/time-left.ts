/** Whether one epoch more fits into the time there is. Pure. */
import type { EpochShape } from './epochs/epoch-plan.ts';
import type { EpochRecord } from './epochs/epoch-record.ts';

/**
 * An epoch that is begun is ended, so it is begun only where one as long as the longest until now fits. Before the first one, that is what it drives, without the starts
 * of its sides: that one alone can be late. How long epochs take does not hang on how head compares, or the time of the last look would.
 * @param leftMs undefined: there is no limit
 */
export function fitsInto(
  leftMs: number | undefined,
  epochs: { records: readonly Pick<EpochRecord, 'durationMs'>[]; shape: Pick<EpochShape, 'warmupMs' | 'durationMs'> },
): boolean {
  const { records, shape } = epochs;
  return leftMs === undefined || Math.max(shape.warmupMs + shape.durationMs, ...records.map(({ durationMs }) => durationMs)) <= leftMs;
}

/** Of epochs without a change either side may be called head. Pure. */
import type { EpochRecord } from '../epochs/epoch-record.ts';
import { meanEffect } from '../statistics/mean-effect.ts';
import { studentCritical } from '../statistics/student-t.ts';
import type { MetricEpochs } from '../types.ts';

export interface SidesAlike {
  metrics: number;
  /** Metrics whose mean over all epochs is not 0 at 5%, two-sided: 5% of them are by chance. */
  differ: number;
}

/** The same epoch, base being called head. */
export function swapSides(record: EpochRecord): EpochRecord {
  const { sides, seeds } = record;
  return { ...record, seeds: { base: seeds.head, head: seeds.base }, sides: { base: sides.head, head: sides.base } };
}

/** Whether it mattered which side was head: what swapping would hide. @param metrics of epochs without a change */
export function sidesAlike(metrics: readonly Pick<MetricEpochs, 'effects'>[]): SidesAlike {
  const effects = metrics.map((metric) => meanEffect(metric.effects.filter(Number.isFinite))).filter(({ n, standardError }) => n >= 2 && standardError > 0);
  const differ = effects.filter(({ n, mean, standardError }) => Math.abs(mean / standardError) > studentCritical(0.025, n - 1)).length;
  return { metrics: effects.length, differ };
}

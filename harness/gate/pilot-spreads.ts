import { estimateMetric } from './estimate-metric.ts';
import { effectMargin } from './margins.ts';
import { trigamma } from './statistics/trigamma.ts';
import type { MetricEpochs } from './types.ts';

export interface PilotSpread {
  id: string;
  /** On the scale of effects. */
  margin: number;
  /** Standard deviation of d from epoch to epoch. */
  spread: number;
}

/**
 * Spreads out of a few epochs. Four tell that of one metric badly, and the widest of a hundred is mostly chance; so each variance is drawn towards what is usual among
 * metrics of its kind (measure and quantile), the more so the less these differ beyond chance: the moderated variance of Smyth (Stat. Appl. Genet. Mol. Biol. 3, 2004).
 */
export function pilotSpreads(metrics: readonly MetricEpochs[]): PilotSpread[] {
  const own = metrics.map((metric) => {
    const { effect, baseMs } = estimateMetric(metric, metric.pooled?.length ?? metric.effects.length, 'pilot');
    if (effect.n < 2) throw new RangeError(`metric ${metric.id} has ${effect.n} pilot epochs with a value: expected at least 2`);
    const kind = `${metric.measure} ${metric.quantile}`;
    return { id: metric.id, kind, degrees: effect.n - 1, margin: effectMargin(metric, baseMs), variance: effect.standardError ** 2 * effect.n };
  });
  const likes = new Map([...Map.groupBy(own, ({ kind }) => kind)].map(([kind, group]) => [kind, usualOf(group)] as const));
  return own.map(({ id, kind, margin, degrees, variance }) => {
    const { variance: like, weight } = likes.get(kind) ?? { variance, weight: 0 };
    return { id, margin, spread: Math.sqrt((variance * degrees + like * weight) / (degrees + weight)) };
  });
}

/** The usual variance, and for how many epochs it counts: for none where fewer than three say what is usual. */
function usualOf(group: readonly { variance: number; degrees: number }[]): { variance: number; weight: number } {
  const variances = group.map(({ variance }) => variance).filter((variance) => variance > 0);
  const degrees = median(group.map((one) => one.degrees));
  // The median of a variance's estimate lies below the variance (Wilson and Hilferty).
  const variance = variances.length === 0 ? 0 : median(variances) / (1 - 2 / (9 * degrees)) ** 3;
  if (variances.length < 3) return { variance, weight: 0 };
  const logs = variances.map(Math.log);
  const mean = logs.reduce((sum, log) => sum + log, 0) / logs.length;
  const beyondChance = logs.reduce((sum, log) => sum + (log - mean) ** 2, 0) / (logs.length - 1) - trigamma(degrees / 2);
  let weight = largestWeight;
  while (weight > 1 && trigamma(weight / 2) < beyondChance) weight -= 1;
  return { variance, weight };
}

/** So that one wide metric among many alike still shows. */
const largestWeight = 12;

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] ?? Number.NaN) + (sorted[Math.ceil(middle)] ?? Number.NaN)) / 2;
}

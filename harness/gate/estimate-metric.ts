import { clusterBootstrap } from './statistics/cluster-bootstrap.ts';
import { type MeanEffect, meanEffect } from './statistics/mean-effect.ts';
import type { MetricEpochs } from './types.ts';

export interface MetricEstimate {
  /** Its `n` is the number of epochs that have a value: below the number of epochs, something is missing. */
  effect: MeanEffect;
  /** head / base is exp(effect). NaN without values. */
  baseMs: number;
  headMs: number;
}

/** What the first `epochs` epochs say of a metric: the mean of d, or the cluster bootstrap where the quantile is pooled. */
export function estimateMetric(metric: MetricEpochs, epochs: number, seed: string | number): MetricEstimate {
  const { id, quantile, pooled, effects, baseMs, headMs } = metric;
  if (!pooled) {
    return {
      effect: meanEffect(effects.slice(0, epochs).filter(Number.isFinite)),
      baseMs: geometricMean(baseMs.slice(0, epochs)),
      headMs: geometricMean(headMs.slice(0, epochs)),
    };
  }
  if (quantile === undefined) throw new RangeError(`metric ${id} has pooled epochs and no quantile: give it one`);
  const there = pooled.slice(0, epochs).filter(({ base, head }) => base.n > 0 && head.n > 0);
  if (there.length === 0) return { effect: meanEffect([]), baseMs: Number.NaN, headMs: Number.NaN };
  const { baseMs: pooledBaseMs, headMs: pooledHeadMs, ...effect } = clusterBootstrap(there, { quantile, seed: `${seed}:${id}` });
  return { effect, baseMs: pooledBaseMs, headMs: pooledHeadMs };
}

function geometricMean(values: readonly number[]): number {
  const logs = values.map(Math.log).filter(Number.isFinite);
  return Math.exp(logs.reduce((sum, value) => sum + value, 0) / logs.length);
}

import type { Objective } from '../../scenarios/types.ts';

/** `0.95` -> `p95`, `0.999` -> `p99.9`. */
export function quantileName(q: number): string {
  return `p${Number((q * 100).toFixed(6))}`;
}

/** Milliseconds with two decimals at most: `700 ms`, `12.3 ms`, `0.42 ms`. */
export function formatMs(ms: number): string {
  return `${Number(ms.toFixed(2))} ms`;
}

/** `0.001` -> `0.1%`, three decimals at most, more only where a share that is neither all nor none would read as 100% or 0%. */
export function formatRatio(ratio: number): string {
  const percent = ratio * 100;
  const rounded = Number(percent.toFixed(3));
  if ((rounded !== 0 && rounded !== 100) || rounded === percent) return `${rounded}%`;
  return rounded === 0 ? `${percent.toPrecision(1)}%` : `${Number(percent.toPrecision(9))}%`;
}

/** Human form: `latency p95 of crud <= 700 ms`, `errorRatio <= 0.1%`, `milestone load p50 <= 2300 ms`. */
export function objectiveText(objective: Objective): string {
  const { metric, quantile, min, max } = objective;
  const bound = (value: number): string => (isRatioMetric(metric) ? `${Number((value * 100).toFixed(6))}%` : `${value} ms`);
  const what = [
    metric === 'milestone' ? `milestone ${objective.milestone ?? '?'}` : metric,
    ...(quantile === undefined ? [] : [quantileName(quantile)]),
    ...(objective.operation === undefined && objective.latencyClass === undefined ? [] : ['of']),
    ...(objective.operation === undefined ? [] : [objective.operation]),
    ...(objective.latencyClass === undefined ? [] : [objective.operation === undefined ? objective.latencyClass : `(${objective.latencyClass})`]),
  ].join(' ');
  const bounds = [...(min === undefined ? [] : [`>= ${bound(min)}`]), ...(max === undefined ? [] : [`<= ${bound(max)}`])];
  return `${what} ${bounds.join(' and ')}`;
}

export function isRatioMetric(metric: Objective['metric']): metric is 'errorRatio' | 'goodputRatio' | 'achievedRatio' {
  return metric === 'errorRatio' || metric === 'goodputRatio' || metric === 'achievedRatio';
}

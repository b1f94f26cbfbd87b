import type { Objective } from '../../scenarios/types.ts';

/** `0.95` -> `p95`, `0.999` -> `p99.9`. */
export function quantileName(q: number): string {
  return `p${Number((q * 100).toFixed(6))}`;
}

/** Milliseconds with as many digits as matter: `700 ms`, `12.3 ms`, `0.42 ms`. */
export function formatMs(ms: number): string {
  const size = Math.abs(ms);
  return `${Number(ms.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2))} ms`;
}

/** `0.001` -> `0.1%`. Never rounds up to 100% or down to 0%. */
export function formatRatio(ratio: number): string {
  const percent = ratio * 100;
  const digits = [1, 2, 3, 4].find((places) => {
    const shown = Number(percent.toFixed(places));
    return !((shown === 100 && percent !== 100) || (shown === 0 && percent !== 0)) && Math.abs(shown - percent) < 0.05 * Math.min(percent, 100 - percent) + 1e-9;
  });
  return `${Number(percent.toFixed(digits ?? 4))}%`;
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

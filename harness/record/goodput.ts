import type { LatencyClass, LatencyMetric, Objective } from '../../scenarios/types.ts';
import { indexOf } from './measure.ts';

/** Index into `requestMetrics` and the most it may be, ms. */
export interface Bound {
  index: number;
  maxMs: number;
}

const judgedByRequest: readonly LatencyMetric[] = ['latency', 'serviceTime', 'ttfb', 'ttft', 'tpot', 'maxGap', 'residual'];

/** The latency objectives with a `max` that cover a request of this operation and class. Their quantile does not matter: goodput asks each request. */
export function boundsFor(objectives: readonly Objective[], operation: string, latencyClass: LatencyClass | undefined): Bound[] {
  const bounds: Bound[] = [];
  for (const objective of objectives) {
    const metric = judgedByRequest.find((name) => name === objective.metric);
    if (metric === undefined || objective.max === undefined) continue;
    if (objective.operation !== undefined && objective.operation !== operation) continue;
    if (objective.latencyClass !== undefined && objective.latencyClass !== latencyClass) continue;
    bounds.push({ index: indexOf[metric], maxMs: objective.max });
  }
  return bounds;
}

/** A metric that the request does not have (a plain request's ttft, a driver that cannot tell) does not count against it. */
export function metEvery(bounds: readonly Bound[], values: Float64Array): boolean {
  for (const { index, maxMs } of bounds) if ((values[index] as number) > maxMs) return false;
  return true;
}

/** From a scenario's objectives to k6 thresholds, for plain `k6 run`. Pure. */
import type { Objective } from '../types.ts';
import { requestTags } from './record.ts';

export const failedMetric = 'plumbline_failed';

export interface Thresholds {
  thresholds: Record<string, string[]>;
  /** Objectives that k6 cannot judge, with the reason. */
  skipped: string[];
}

/**
 * k6 measures a latency from the send (it keeps no intended send time) to the last byte, without connection set-up.
 * What it cannot see (first content, gaps, goodput, milestones) is skipped and named, never approximated.
 */
export function thresholdsOf(objectives: readonly Objective[]): Thresholds {
  const thresholds: Record<string, string[]> = {};
  const skipped: string[] = [];
  for (const objective of objectives) {
    // The phase tag keeps the warm-up and the sign-in of setup() out.
    const filter = filterOf(objective);
    const expression = expressionOf(objective);
    if (expression === undefined) {
      skipped.push(`${[objective.metric, objective.milestone].filter((part) => part !== undefined).join(' ')}${filter}: k6 does not measure it`);
      continue;
    }
    const metric = `${objective.metric === 'errorRatio' ? failedMetric : 'http_req_duration'}${filter}`;
    thresholds[metric] = [...(thresholds[metric] ?? []), ...expression];
  }
  return { thresholds, skipped };
}

function filterOf(objective: Objective): string {
  const tags = [`${requestTags.phase}:measured`];
  if (objective.operation !== undefined) tags.push(`${requestTags.operation}:${objective.operation}`);
  if (objective.latencyClass !== undefined) tags.push(`${requestTags.latencyClass}:${objective.latencyClass}`);
  return `{${tags.join(',')}}`;
}

function expressionOf(objective: Objective): string[] | undefined {
  let aggregate: string;
  if (objective.metric === 'errorRatio') aggregate = 'rate';
  else if ((objective.metric === 'latency' || objective.metric === 'serviceTime') && objective.quantile !== undefined)
    aggregate = `p(${Number((objective.quantile * 100).toFixed(6))})`;
  else return undefined;
  const bounds: string[] = [];
  if (objective.max !== undefined) bounds.push(`${aggregate}<=${objective.max}`);
  if (objective.min !== undefined) bounds.push(`${aggregate}>=${objective.min}`);
  return bounds;
}

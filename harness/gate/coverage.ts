/** Of how many operations a pass would rule anything out. Pure. */
import type { GateMetric } from './types.ts';

/** Of the latency metrics that could decide, at least this share has to be a condition of a pass. */
const leastShare = 0.5;
/** What of an operation its users wait for. */
const waits: ReadonlySet<GateMetric['measure']> = new Set(['latency', 'ttft', 'streamTotal', 'milestone']);

export interface Coverage {
  /** Operations and milestones, over all scenarios. */
  operations: number;
  /** Those of which nothing is a condition of a pass: a pass rules nothing out for them. */
  uncovered: string[];
  /** Why there can be no pass, whatever the bounds are. Empty: there can. */
  inTheWay: string[];
}

/** Whether the metric's bound is a condition of a pass. */
export function isBounding({ advisory, failsOnly }: Pick<GateMetric, 'advisory' | 'failsOnly'>): boolean {
  return advisory === undefined && failsOnly === undefined;
}

/**
 * A pass says that no operation is slower; so p50 of every operation has to be a condition of it (of a stream those of the first content and the whole), and half of all
 * their metrics. What was accepted is let through by a person and not in the way, what head alone answers has nothing to be compared with, and the single requests of a page
 * stand behind the page's milestones. Throughput and CPU alone never make a pass: in an open model throughput is what was offered.
 */
export function coverageOf(metrics: readonly GateMetric[]): Coverage {
  const timed = metrics.filter(({ scope, quantile }) => scope.kind === 'operation' && quantile !== undefined);
  const ofPages = new Set(timed.filter(({ measure }) => measure === 'milestone').map(({ scenario }) => scenario));
  const asked = timed.filter((metric) => {
    const behindThePage = metric.measure !== 'milestone' && !isBounding(metric) && ofPages.has(metric.scenario);
    return metric.accepted === undefined && metric.headOnly === undefined && !behindThePage;
  });
  const open = new Set(asked.filter((metric) => metric.quantile === 0.5 && waits.has(metric.measure) && !isBounding(metric)).map(nameOf));
  const bounding = asked.filter(isBounding).length;
  const covered = new Set(timed.filter(isBounding).map(nameOf));
  const all = new Set(timed.map(nameOf));
  const inTheWay: string[] = [];
  if (timed.every(({ headOnly }) => headOnly)) inTheWay.push('no operation has a latency that is compared');
  if (open.size > 0) inTheWay.push(`p50 of ${open.size} of ${all.size} operations is no condition of a pass (${someOf([...open])}): nothing passes for them`);
  else if (bounding < leastShare * asked.length)
    inTheWay.push(`only ${bounding} of ${asked.length} latency metrics are a condition of a pass, at least half have to be`);
  return { operations: all.size, uncovered: [...all].filter((name) => !covered.has(name)), inTheWay };
}

function nameOf({ scenario, scope }: GateMetric): string {
  return `${scenario}: ${scope.kind === 'all' ? 'all' : scope.name}`;
}

function someOf(names: readonly string[]): string {
  return names.length > 3 ? `${names.slice(0, 3).join(', ')} and ${names.length - 3} more` : names.join(', ');
}

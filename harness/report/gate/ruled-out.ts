import type { MetricJudgement } from '../../gate/types.ts';
import { number, percent, quantileName } from '../format.ts';

/**
 * What the metrics that passed rule out: `no operation is more than 5% and 0.3 ms slower at p50 or 10% at p95`. A slowdown has to be more than the margin and more than
 * the floor to be one. Where some metrics of a kind did not pass, it says of how many it holds. Empty: nothing was ruled out.
 */
export function ruledOut(metrics: readonly MetricJudgement[]): string[] {
  const gating = metrics.filter(({ advisory }) => advisory === undefined);
  const kinds = new Map<string, MetricJudgement[]>();
  for (const metric of gating) {
    const key = `${metric.scope.kind} ${metric.measure}`;
    kinds.set(key, [...(kinds.get(key) ?? []), metric]);
  }
  const sentences = new Map<string, { measures: string[]; subject: string }>();
  for (const list of kinds.values()) {
    const [first] = list;
    if (!first || first.scope.kind === 'all' || !list.some(({ verdict }) => verdict === 'pass')) continue;
    const bounds = boundsOf(list);
    const subject = subjectOf(list);
    const key = `${subject}${bounds}`;
    const entry = sentences.get(key) ?? { measures: [], subject };
    entry.measures.push(measureText(first));
    sentences.set(key, entry);
  }
  const whole = gating.filter(({ scope, verdict }) => scope.kind === 'all' && verdict === 'pass');
  const parts = [...sentences].map(([key, { measures, subject }]) => {
    const plain = measures.length === 1 && measures[0] === 'latency';
    return `${subject} is more than ${key.slice(subject.length)}${plain ? '' : `, in ${listText(measures)}`}`;
  });
  return [...parts, ...whole.map((metric) => `${measureText(metric)} is at most ${percent(metric.margin)} worse`)];
}

/** `no operation`, or `no other operation (38 of 40)` where some did not pass. */
function subjectOf(list: readonly MetricJudgement[]): string {
  const [first] = list;
  const names = new Set(list.map(nameOf));
  const open = new Set(list.filter(({ verdict }) => verdict !== 'pass').map(nameOf));
  const what = first?.measure === 'milestone' ? 'milestone' : (first?.scope.kind ?? 'operation');
  if (open.size === 0) return `no ${what}`;
  return `no other ${what} (${names.size - open.size} of ${names.size})`;
}

function nameOf({ scenario, scope }: MetricJudgement): string {
  return scope.kind === 'all' ? scenario : `${scenario} ${scope.name}`;
}

/** `5% and 0.3 ms slower at p50 or 10% at p95`; the widest margin of each quantile, since one that was accepted may be wider. */
function boundsOf(list: readonly MetricJudgement[]): string {
  const passed = list.filter(({ verdict }) => verdict === 'pass');
  const margins = new Map<number | undefined, number>();
  for (const { quantile, margin } of passed) margins.set(quantile, Math.max(margins.get(quantile) ?? 0, margin));
  const floorMs = Math.max(...passed.map((metric) => metric.floorMs));
  const floor = floorMs > 0 ? ` and ${number(floorMs)} ms` : '';
  return [...margins]
    .toSorted(([a = 0], [b = 0]) => a - b)
    .map(
      ([quantile, margin], index) =>
        `${percent(margin)}${index === 0 ? `${floor} slower` : ''}${quantile === undefined ? '' : ` at ${quantileName(quantile)}`}`,
    )
    .join(' or ');
}

function measureText({ measure }: MetricJudgement): string {
  return measure === 'cpu' ? 'CPU a request' : measure === 'milestone' ? 'page time' : measure;
}

function listText(names: readonly string[]): string {
  return names.length > 1 ? `${names.slice(0, -1).join(', ')} and ${names.at(-1)}` : (names[0] ?? '');
}

import type { MetricJudgement } from '../../gate/types.ts';
import { number, percent, quantileName } from '../format.ts';

/**
 * What the metrics that passed rule out: `no operation is more than 5% and 0.3 ms slower at p50 or 10% at p95`. A slowdown has to be more than the margin and more than
 * the floor to be one. Where others of the kind did not pass or are advisory, it says of how many it holds: `no operation of the 39 that passed (of 40)`. Empty: nothing
 * was ruled out.
 * @param metrics all of them, the advisory ones too
 */
export function ruledOut(metrics: readonly MetricJudgement[]): string[] {
  const claims = claimsOf(metrics);
  // Quantiles of a measure with the same subject are one sentence, and so are measures that say the same.
  const sentences = new Map<string, string[]>();
  for (const list of grouped(claims, ({ measure, subject }) => `${measure} ${subject}`).values()) {
    const [first] = list;
    if (!first) continue;
    const floor = first.floorMs > 0 ? ` and ${number(first.floorMs)} ms` : '';
    const bounds = list.map(({ margin, quantile }, index) => `${percent(margin)}${index === 0 ? `${floor} slower` : ''} at ${quantileName(quantile)}`);
    const text = `${first.subject} is more than ${bounds.join(' or ')}`;
    sentences.set(text, [...(sentences.get(text) ?? []), measureText(first)]);
  }
  const whole = metrics.filter(({ scope, advisory, verdict }) => scope.kind === 'all' && advisory === undefined && verdict === 'pass');
  return [
    ...[...sentences].map(([text, measures]) => (measures.length === 1 && measures[0] === 'latency' ? text : `${text}, in ${listText(measures)}`)),
    ...whole.map((metric) => `${measureText(metric)} is at most ${percent(metric.margin)} worse`),
  ];
}

/** One quantile of one measure of operations, of classes or of milestones. */
interface Claim extends Pick<MetricJudgement, 'measure' | 'margin' | 'floorMs'> {
  quantile: number;
  subject: string;
}

function claimsOf(metrics: readonly MetricJudgement[]): Claim[] {
  const kinds = grouped(
    metrics.filter(({ scope, quantile }) => scope.kind !== 'all' && quantile !== undefined),
    ({ scope, measure, quantile }) => `${scope.kind} ${measure} ${quantile}`,
  );
  return [...kinds.values()]
    .flatMap((list): Claim[] => {
      const passed = list.filter(({ advisory, verdict }) => advisory === undefined && verdict === 'pass');
      const [first] = passed;
      if (!first) return [];
      const noun = first.measure === 'milestone' ? 'milestone' : first.scope.kind;
      return [
        {
          measure: first.measure,
          quantile: first.quantile ?? 0.5,
          // The widest: one that was accepted may be wider than the others.
          margin: Math.max(...passed.map(({ margin }) => margin)),
          floorMs: Math.max(...passed.map(({ floorMs }) => floorMs)),
          subject: passed.length === list.length ? `no ${noun}` : `no ${noun} of the ${passed.length} that passed (of ${list.length})`,
        },
      ];
    })
    .toSorted((a, b) => a.quantile - b.quantile);
}

function grouped<Item>(items: readonly Item[], keyOf: (item: Item) => string): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group) group.push(item);
    else groups.set(keyOf(item), [item]);
  }
  return groups;
}

function measureText({ measure }: Pick<MetricJudgement, 'measure'>): string {
  return measure === 'cpu' ? 'CPU a request' : measure === 'milestone' ? 'page time' : measure;
}

function listText(names: readonly string[]): string {
  return names.length > 1 ? `${names.slice(0, -1).join(', ')} and ${names.at(-1)}` : (names[0] ?? '');
}

/** Whether what queries name is exported by anybody. */
import type { MetricLine } from '../telemetry/metric-lines.ts';
import { namesIn, type Selector } from './promql.ts';
import type { NamedQuery, Rule } from './queries.ts';

/** Labels by metric name. */
export type Exported = ReadonlyMap<string, ReadonlySet<string>>;

/** Put on every series by the scrape. */
const ofScrape = ['__name__', 'job', 'instance', 'tier'];

export function exportedBy(...series: readonly Iterable<Pick<MetricLine, 'name' | 'labels'>>[]): Map<string, Set<string>> {
  const exported = new Map<string, Set<string>>();
  for (const lines of series)
    for (const { name, labels } of lines) {
      const known = exported.get(name) ?? new Set(ofScrape);
      for (const label of Object.keys(labels)) known.add(label);
      exported.set(name, known);
    }
  return exported;
}

/** What rules record, with the labels that they say and those that they group by; and the alerts. */
export function recordedBy(rules: readonly Rule[]): Map<string, Set<string>> {
  const recorded = new Map<string, Set<string>>([['ALERTS', new Set(['__name__', 'alertname', 'alertstate'])]]);
  // Twice: a rule may stand before the one that it is made of.
  for (let round = 0; round < 2; round += 1)
    for (const { record, expr, labels = {} } of rules) {
      const name = record ?? 'ALERTS';
      const known = recorded.get(name) ?? new Set(['__name__']);
      const { grouped, selectors } = namesIn(expr);
      const inherited = grouped.length === 0 ? selectors.flatMap(({ metric }) => [...(recorded.get(metric) ?? [])]) : [];
      for (const label of [...Object.keys(labels), ...grouped.map((each) => each.label), ...inherited]) known.add(label);
      recorded.set(name, known);
    }
  return recorded;
}

/** What a query names and nobody exports; none: it keeps the contract. */
export function breaches({ where, expr }: NamedQuery, exported: Exported): string[] {
  const { selectors, grouped, errors } = namesIn(expr);
  const lacks = ({ metric }: Selector, label: string): boolean => exported.get(metric)?.has(label) === false;
  return [
    ...errors.map((error) => `${where}: no PromQL ${error}, in ${expr}`),
    ...(selectors.length === 0 && !/\bvector\(/.test(expr) ? [`${where}: names no metric: ${expr}`] : []),
    ...selectors.flatMap((selector) => {
      if (!exported.has(selector.metric)) return [`${where}: nobody exports ${selector.metric}, in ${expr}`];
      return selector.matchers
        .filter(({ label }) => lacks(selector, label))
        .map(
          ({ label }) => `${where}: ${selector.metric} has no label "${label}" (it has ${[...(exported.get(selector.metric) ?? [])].join(', ')}), in ${expr}`,
        );
    }),
    ...grouped
      .filter(({ label, selectors: below }) => below.every((selector) => lacks(selector, label)))
      .map(({ label, selectors: below }) => `${where}: groups by "${label}", which none of ${below.map(({ metric }) => metric).join(', ')} has, in ${expr}`),
  ];
}

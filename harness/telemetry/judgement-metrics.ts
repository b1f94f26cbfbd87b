/** What a run came to, once it has ended: its verdict, and what the verdict rests on. */
import { collectedFamily, type CollectedMetric, type MetricFamily } from '../../scenarios/metric-text.ts';
import { metricLabels as labels, runMetricNames as names, verdictValues } from '../../scenarios/names.ts';
import type { ObjectiveResult, RunFile, ValidityCheck } from '../results/run-file.ts';

type Values = CollectedMetric['values'];

/** Values by metric name. */
export type JudgedRun = ReadonlyMap<string, Values>;

const helps: readonly (readonly [name: string, help: string])[] = [
  [names.verdict, 'Of the whole run: 0 pass, 1 inconclusive, 2 fail, 3 invalid. There when it has ended.'],
  [names.validity, '1 where a check of the load that was delivered holds, 0 where it voids the run.'],
  [names.validityValue, 'What the check found; seconds, a ratio or a count, as its label unit says.'],
  [names.validityLimit, 'What the check allows.'],
  [names.objective, 'Of each objective of the scenario: 0 pass, 1 inconclusive or not judged, 2 fail.'],
  [names.objectiveValue, 'What was measured for the objective; seconds or a ratio, as its label unit says.'],
  [names.objectiveLimit, 'What the objective allows.'],
];

/** Values of families are read when they are written. */
export function judgementFamilies(runs: () => Iterable<JudgedRun>): MetricFamily[] {
  return helps.map(([name, help]) =>
    collectedFamily(name, async () => ({ name, help, type: 'gauge', values: [...runs()].flatMap((run) => run.get(name) ?? []) })),
  );
}

export function judgementOf({ runId, legs, verdict }: Pick<RunFile, 'runId' | 'legs' | 'verdict'>): JudgedRun {
  const found = new Map<string, Values[number][]>(helps.map(([name]) => [name, []]));
  const add = (name: string, value: number | undefined, own: Record<string, string>): void => {
    if (value !== undefined && Number.isFinite(value)) found.get(name)?.push({ value, labels: { [labels.run]: runId, ...own } });
  };
  add(names.verdict, verdictValues[verdict.verdict], {});
  for (const { scenario, driver, validity, objectives } of legs) {
    const own = { [labels.scenario]: scenario, [labels.driver]: driver };
    for (const check of validity.checks) addCheck(check, own, add);
    for (const objective of objectives) addObjective(objective, own, add);
  }
  return found;
}

type Add = (name: string, value: number | undefined, own: Record<string, string>) => void;

function addCheck({ name, ok, value, limit, unit }: ValidityCheck, own: Record<string, string>, add: Add): void {
  const of = { ...own, [labels.check]: name };
  add(names.validity, ok ? 1 : 0, of);
  const [scale, shown] = unit === 'ms' ? [1_000, 'seconds'] : [1, unit];
  add(names.validityValue, value === undefined ? undefined : value / scale, { ...of, [labels.unit]: shown });
  add(names.validityLimit, limit === undefined ? undefined : limit / scale, { ...of, [labels.unit]: shown });
}

function addObjective({ objective, text, verdict, value }: ObjectiveResult, own: Record<string, string>, add: Add): void {
  const of = { ...own, [labels.objective]: text };
  add(names.objective, verdictValues[verdict], of);
  const [scale, unit] = objective.metric.endsWith('Ratio') ? [1, 'ratio'] : [1_000, 'seconds'];
  add(names.objectiveValue, value === undefined ? undefined : value / scale, { ...of, [labels.unit]: unit });
  const limit = objective.max ?? objective.min;
  add(names.objectiveLimit, limit === undefined ? undefined : limit / scale, { ...of, [labels.unit]: unit });
}

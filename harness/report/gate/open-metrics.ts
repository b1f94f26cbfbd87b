import { head, labelText } from '../../../scenarios/metric-text.ts';
import { gateMetricNames as names, metricLabels as labels, verdictValues } from '../../../scenarios/names.ts';
import type { GateFile } from '../../gate/gate-file.ts';
import type { MetricJudgement } from '../../gate/types.ts';
import { known } from './metric-text.ts';

interface Row {
  labels: Record<string, string>;
  value: number | undefined;
}

/** OpenMetrics text of one gate, for trends: gauges at the time at which it began. Ratios as they are, times in seconds. What is not known is left out. */
export function renderGateOpenMetrics(gate: GateFile): string {
  const seconds = Math.floor(Date.parse(gate.startedAt) / 1_000);
  const metrics = gate.decision?.metrics ?? [];
  const of = (value: (metric: MetricJudgement) => number | undefined): Row[] =>
    metrics.map((metric) => ({ labels: metricLabelsOf(metric), value: value(metric) }));
  const side = (name: 'baseMs' | 'headMs', timed: boolean): Row[] =>
    metrics
      .filter(({ measure }) => (measure !== 'throughput') === timed)
      .map((metric) => ({
        labels: { ...metricLabelsOf(metric), [labels.side]: name === 'baseMs' ? 'base' : 'head' },
        value: timed ? metric[name] / 1_000 : metric[name],
      }));
  const { base, head: after } = gate.sides;
  const own = { [labels.gate]: gate.gateId, [labels.baseCommit]: base.commit ?? '', [labels.headCommit]: after.commit ?? '' };
  const families: [name: string, help: string, rows: Row[]][] = [
    [
      names.verdict,
      'Of the gate: 0 pass, 1 inconclusive, 2 fail, 3 invalid.',
      [{ labels: { ...own, [labels.version]: gate.plumbline }, value: verdictValues[gate.verdict.verdict] }],
    ],
    [names.duration, 'How long the gate took.', [{ labels: {}, value: gate.durationMs / 1_000 }]],
    [names.epochs, 'Valid epochs.', [{ labels: {}, value: gate.epochs.filter(({ valid }) => valid).length }]],
    [names.metricVerdict, 'Of each metric: 0 pass, 1 not told, 2 fail. Advisory ones are among them.', of(({ verdict }) => verdictValues[verdict])],
    [names.change, 'Change from base to head, as a ratio: 0.05 is 5% slower.', of(({ change }) => change)],
    [names.changeLow, 'Lower end of its interval.', of(({ changeLow }) => changeLow)],
    [names.changeHigh, 'Upper end of its interval: what was ruled out.', of(({ changeHigh }) => changeHigh)],
    [names.margin, 'The largest change that is no regression.', of(({ margin }) => margin)],
    [names.value, 'What was measured on each side.', [...side('baseMs', true), ...side('headMs', true)]],
    [names.throughput, 'Answers a second on each side.', [...side('baseMs', false), ...side('headMs', false)]],
  ];
  const text = families.map(([name, help, rows]) => {
    const lines = rows
      .filter(({ value }) => value !== undefined && known(value))
      .map(({ labels: given, value }) => `${name}${labelsText(given)} ${value} ${seconds}\n`);
    return lines.length === 0 ? '' : head({ name, help, type: 'gauge' }, 'openmetrics') + lines.join('');
  });
  return `${text.join('')}# EOF\n`;
}

function metricLabelsOf({ id, scenario, scope, measure, quantile, advisory }: MetricJudgement): Record<string, string> {
  return {
    [labels.metric]: id,
    [labels.scenario]: scenario,
    ...(scope.kind === 'operation' && { [measure === 'milestone' ? labels.milestone : labels.operation]: scope.name }),
    ...(scope.kind === 'class' && { [labels.latencyClass]: scope.name }),
    [labels.measure]: measure,
    ...(quantile !== undefined && { [labels.quantile]: String(quantile) }),
    [labels.gating]: advisory === undefined ? 'yes' : 'no',
  };
}

function labelsText(given: Record<string, string>): string {
  const text = labelText(Object.keys(given), Object.values(given));
  return text === '' ? '' : `{${text}}`;
}

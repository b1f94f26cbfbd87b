import { QueryVariableBuilder, VariableRefresh, VariableSort } from '@grafana/grafana-foundation-sdk/dashboard';
import { classObjectives } from '../../scenarios/class-objectives.ts';
import { type BurnWindow, metricLabels as labels, metricNames as m, recordedNames, runMetricNames as c } from '../../scenarios/names.ts';
import { board } from '../build/board.ts';
import { percent } from '../build/bounds.ts';
import { linkTo, pathTo } from '../build/links.ts';
import { latencyClasses, units } from '../build/look.ts';
import { figure, lines } from '../build/panels.ts';
import { inRange, last, max, series, sum } from '../build/promql.ts';
import { table } from '../build/tables.ts';
import { datasource } from '../build/variables.ts';
import { availableShare } from '../rules/promises.ts';
import { burnOver, budgetLeft } from './burn.ts';
import { availability } from './class-limits.ts';
import { ofRun } from './filters.ts';
import { verdicts } from './tones.ts';

const ofClasses = { [labels.latencyClass]: '~$latency_class' };
const left = series(budgetLeft, ofClasses);
const promise = `{{${labels.latencyClass}}} {{${labels.slo}}}`;
const requests = `${m.requestDuration}_count`;
const burnLimits = [
  { from: 1, colour: 'warning' as const },
  { from: 14.4, colour: 'bad' as const },
];

function burn(title: string, windows: readonly [short: BurnWindow, long: BurnWindow], says: string) {
  return lines({
    title,
    says,
    unit: units.count,
    min: 0,
    queries: windows.map((window) => ({ expr: burnOver(window, ofClasses), legend: `${promise} ${window}` })),
    limits: burnLimits,
    valueLinks: [linkTo('service', 'Service')],
  });
}

/** Share of the requests in the time shown that were within the promise of their class. */
function kept(latencyClass: (typeof latencyClasses)[number]): string {
  const { maxMs } = classObjectives[latencyClass].latency;
  const bound = { [labels.latencyClass]: latencyClass, le: leOf(maxMs), [labels.statusClass]: '~[234]xx' };
  return `${sum(inRange(`${m.requestDuration}_bucket`, bound))} / ${sum(inRange(requests, { [labels.latencyClass]: latencyClass, [labels.statusClass]: '~[234]xx' }))}`;
}

/** As the buckets are written: whole numbers with a decimal place. */
function leOf(ms: number): string {
  const seconds = ms / 1_000;
  return Number.isInteger(seconds) ? seconds.toFixed(1) : String(seconds);
}

export const objectives = board({
  name: 'objectives',
  says: 'What is promised, what is kept, how fast the error budgets go and what is left of them: for a run of a minute as well as for 30 days.',
  from: 'now-30m',
  extraVariables: [
    new QueryVariableBuilder(labels.latencyClass)
      .label('Class')
      .description('Of the burn rates and budgets; an alert comes with its own.')
      .datasource(datasource)
      .query(`label_values(${recordedNames.budget}, ${labels.latencyClass})`)
      .refresh(VariableRefresh.OnTimeRangeChanged)
      .sort(VariableSort.AlphabeticalAsc)
      .includeAll(true)
      .multi(true)
      .allValue('.*')
      .current({ text: 'All', value: '$__all' })
      .build(),
  ],
  sections: [
    {
      title: 'Kept in the time shown',
      panels: [
        ...latencyClasses.map((latencyClass) =>
          figure({
            title: `${latencyClass} in time`,
            says: `Share of ${latencyClass} answers within ${classObjectives[latencyClass].latency.maxMs} ms in the time shown; ${percent(1 - classObjectives[latencyClass].latency.allowedRatio)} is promised. Below: see its burn, then Service for the operations.`,
            unit: units.ratio,
            decimals: 2,
            queries: [{ expr: kept(latencyClass) }],
            limits: [{ from: 1 - classObjectives[latencyClass].latency.allowedRatio, colour: 'good' }],
            noValue: 'none asked for',
            valueLinks: [linkTo('service', 'Operations')],
          }),
        ),
        figure({
          title: 'Available',
          says: `Share of the requests of all classes that were neither answered with a status of 500 or more nor a stream that the server broke off; ${percent(1 - availability.allowedRatio)} is promised. Below: see which service fails, and Streams for how they end.`,
          unit: units.ratio,
          decimals: 2,
          queries: [{ expr: availableShare('$__range') }],
          limits: [{ from: 1 - availability.allowedRatio, colour: 'good' }],
          noValue: 'none asked for',
          valueLinks: [linkTo('service', 'Errors by service')],
        }),
        figure({
          title: 'Budget left, worst',
          says: "Of the chosen class' promise that has least left of its 30 days. At 0 it is used up: stop risky changes, and see below which one it is and since when.",
          unit: units.ratio,
          decimals: 1,
          queries: [{ expr: `min(${left})` }],
          limits: [
            { from: 0.1, colour: 'warning' },
            { from: 0.5, colour: 'good' },
          ],
        }),
      ],
    },
    {
      title: 'How fast the budgets go',
      panels: [
        burn(
          'Burn in a run: 15 s and 1 m',
          ['15s', '1m'],
          'The windows for a run of a minute. Both above the line: it is broken now, and not just one slow second.',
        ),
        burn('Burn: 5 m and 1 h', ['5m', '1h'], 'Both at 14.4 or more: 2% of the budget of 30 days went within the hour. The alert pages.'),
        burn('Burn: 30 m and 6 h', ['30m', '6h'], 'Both at 6 or more: 5% of the budget went within six hours. The alert pages.'),
        burn('Burn: 2 h and 1 d', ['2h', '1d'], 'Both at 3 or more: 10% of the budget went within the day. A ticket.'),
        burn('Burn: 6 h and 3 d', ['6h', '3d'], 'Both at 1 or more: the budget will not last. A ticket.'),
        lines({
          title: 'Budget left, 30 days',
          says: 'By promise. A steady fall is a slow leak that no short window shows.',
          unit: units.ratio,
          max: 1,
          queries: [{ expr: left, legend: promise }],
          limits: [
            { from: 0, colour: 'warning' },
            { from: 0.1, colour: 'good' },
          ],
        }),
      ],
    },
    {
      title: 'Promise by promise',
      panels: [
        table({
          title: 'Promises',
          says: 'Each with its burn and what is left of its budget. Above 1 the budget goes faster than it comes.',
          queries: [
            { expr: max(series(recordedNames.budget, ofClasses), labels.latencyClass, labels.slo) },
            { expr: max(burnOver('1m', ofClasses), labels.latencyClass, labels.slo) },
            { expr: max(burnOver('1h', ofClasses), labels.latencyClass, labels.slo) },
            { expr: max(burnOver('30d', ofClasses), labels.latencyClass, labels.slo) },
            { expr: max(left, labels.latencyClass, labels.slo) },
          ],
          columns: [
            { of: labels.latencyClass, title: 'Class' },
            { of: labels.slo, title: 'Promise' },
            { of: 'A', title: 'Allowed', unit: units.ratio, decimals: 1 },
            { of: 'B', title: 'Burn, 1 m', unit: units.count, decimals: 1, limits: burnLimits },
            { of: 'C', title: 'Burn, 1 h', unit: units.count, decimals: 1, limits: burnLimits },
            { of: 'D', title: 'Burn, 30 d', unit: units.count, decimals: 1, limits: burnLimits },
            {
              of: 'E',
              title: 'Left',
              unit: units.ratio,
              decimals: 1,
              limits: [
                { from: 0, colour: 'warning' },
                { from: 0.1, colour: 'good' },
              ],
            },
          ],
          sortBy: 'Burn, 1 m',
        }),
        table({
          title: 'Objectives of runs',
          says: 'What the scenarios themselves ask for, of the runs that ended in the time shown.',
          queries: [
            { expr: max(last(c.objective, ofRun), labels.run, labels.scenario, labels.driver, labels.objective) },
            { expr: max(last(c.objectiveValue, ofRun), labels.run, labels.scenario, labels.driver, labels.objective, labels.unit) },
            { expr: max(last(c.objectiveLimit, ofRun), labels.run, labels.scenario, labels.driver, labels.objective, labels.unit) },
          ],
          columns: [
            { of: 'A', title: 'Verdict', values: verdicts },
            { of: labels.scenario, title: 'Scenario' },
            { of: labels.objective, title: 'Objective' },
            { of: 'B', title: 'Measured', decimals: 4 },
            { of: 'C', title: 'Bound', decimals: 4 },
            { of: labels.unit, title: 'Unit' },
            { of: labels.driver, title: 'Driver' },
            { of: labels.run, title: 'Run', link: { title: 'Run', url: pathTo('run', { run: `\${__data.fields.${labels.run}}` }) } },
          ],
          sortBy: 'Verdict',
          noValue: 'no run has ended',
        }),
      ],
    },
  ],
});

import { foreignMetricNames as foreign, metricLabels as labels, metricNames as m, runMetricNames as c } from '../../scenarios/names.ts';
import { board } from '../build/board.ts';
import { limitsOf, percent } from '../build/bounds.ts';
import { linkTo, pathTo, pathToBoardOf } from '../build/links.ts';
import { units } from '../build/look.ts';
import { figure, bars, lines } from '../build/panels.ts';
import { last, max, orZero, quantile, rate, series, share, sum } from '../build/promql.ts';
import { table } from '../build/tables.ts';
import { burnOver, budgetLeft, unhealthyFor } from './burn.ts';
import { availability, availabilityLimits } from './class-limits.ts';
import { classColours, hopColours, verdicts } from './tones.ts';

const requests = `${m.requestDuration}_count`;
const worstBurn = max(burnOver('1m'));

/**
 * A hop's own time lately, against what it would be by the mean of the time shown before that, with the operations that are asked for now: another mix of operations
 * is no change. Operations that nobody asked for before have no mean and are left out on both sides: one of them alone would make every value NaN.
 */
function slowerThanUsual(): string {
  const before = (metric: string): string => `rate(${metric}[$__range] offset $__rate_interval)`;
  const asked = `(${sum(before(requests), labels.operation)} > 0)`;
  const perRequest = `${sum(before(m.hopSelf), labels.operation, labels.hop)} / on (${labels.operation}) group_left () ${asked}`;
  const expected = sum(`(${perRequest}) * on (${labels.operation}) group_left () ${sum(rate(requests), labels.operation)}`, labels.hop);
  const lately = sum(`${sum(rate(m.hopSelf), labels.operation, labels.hop)} and on (${labels.operation}) ${asked}`, labels.hop);
  return `${lately} / on (${labels.hop}) (${expected} > 0)`;
}

export const overview = board({
  name: 'overview',
  says: 'Is the system healthy, which hop is slow, how much of the error budget is left, and since when? Every number leads to the board that explains it.',
  sections: [
    {
      title: 'Healthy or not',
      panels: [
        figure({
          title: 'Error budget burn',
          says: 'How fast the budget of the worst promise goes, over the last minute: at 1 it lasts 30 days. Above 1 a promise is not kept; above 14 something is broken now. Click: Objectives, which shows the promise.',
          unit: units.count,
          decimals: 1,
          queries: [{ expr: worstBurn }],
          limits: [
            { from: 1, colour: 'warning' },
            { from: 14.4, colour: 'bad' },
          ],
          trend: true,
          valueLinks: [linkTo('objectives', 'Which promise is broken')],
        }),
        figure({
          title: 'Unhealthy for',
          says: 'Since when the burn of the last minute has been 1 or more. 0 is healthy; as long as the time shown: at least so long. Click: Objectives, to see it begin.',
          unit: units.seconds,
          decimals: 0,
          queries: [{ expr: unhealthyFor(worstBurn) }],
          limits: [{ from: 1, colour: 'bad' }],
          noValue: 'no traffic',
          valueLinks: [linkTo('objectives', 'See it begin')],
        }),
        figure({
          title: 'Budget left, 30 days',
          says: 'Of the promise that has least. At 0 it is used up: stop risky changes. Click: Objectives.',
          unit: units.ratio,
          decimals: 1,
          queries: [{ expr: `min(${budgetLeft})` }],
          limits: [
            { from: 0.1, colour: 'warning' },
            { from: 0.5, colour: 'good' },
          ],
          valueLinks: [linkTo('objectives', 'Budgets by promise')],
        }),
        figure({
          title: 'Server errors',
          says: `Share of answers with a status of 500 or more. Above ${percent(availability.allowedRatio)} availability is not kept. Click: Service, with the errors by operation.`,
          unit: units.ratio,
          decimals: 2,
          queries: [{ expr: share(sum(rate(requests, { [labels.statusClass]: '5xx' })), sum(rate(requests))) }],
          limits: availabilityLimits,
          trend: true,
          valueLinks: [linkTo('service', 'Errors by operation')],
        }),
        figure({
          title: 'Requests',
          says: 'Answers per second at the edge. A fall to 0 under load means that nothing gets through. Click: Path.',
          unit: units.requestsPerSecond,
          decimals: 1,
          queries: [{ expr: orZero(sum(rate(requests))) }],
          trend: true,
          valueLinks: [linkTo('path', 'Every hop')],
        }),
        figure({
          title: 'Alerts firing',
          says: 'How many alerts fire now. The table below names them. Click: Objectives.',
          unit: units.count,
          queries: [{ expr: orZero(`count(${series(foreign.alerts, { alertstate: 'firing' })})`) }],
          limits: [{ from: 1, colour: 'bad' }],
          valueLinks: [linkTo('objectives', 'Burn rates')],
        }),
      ],
    },
    {
      title: 'Which hop, since when',
      panels: [
        bars({
          title: 'Slower than usual, by hop',
          says: "A hop's own time in the last 10 seconds against its mean in the time shown before that, for the same mix of operations: 1 is as usual, 2 twice as long. The hop that stands out is the one to look at. Click: Path.",
          unit: units.count,
          decimals: 2,
          interval: '10s',
          queries: [{ expr: slowerThanUsual(), legend: `{{${labels.hop}}}` }],
          noValue: 'no time before to compare with',
          limits: [
            { from: 1.3, colour: 'warning' },
            { from: 2, colour: 'bad' },
          ],
          valueLinks: [linkTo('path', 'This hop in Path', { hop: `\${__field.labels.${labels.hop}}` })],
        }),
        lines({
          title: 'Own time a request, by hop',
          says: 'Where the time of a mean request goes, and when that changed. Own time: without the hops behind it. Click a hop: Path.',
          unit: units.seconds,
          stack: 'amount',
          queries: [
            { expr: `${sum(rate(m.hopSelf), labels.hop)} / ignoring (${labels.hop}) group_left () ${sum(rate(requests))}`, legend: `{{${labels.hop}}}` },
          ],
          colours: hopColours,
          valueLinks: [linkTo('path', 'This hop in Path', { hop: `\${__field.labels.${labels.hop}}` })],
        }),
        lines({
          title: 'Latency at the edge, by class',
          says: 'The chosen quantile of each latency class; streams (completion) count to their end. A dot is a request: click it for its trace. Click a line: Service.',
          unit: units.seconds,
          min: 0,
          queries: [{ expr: quantile('$quantile', m.requestDuration, {}, labels.latencyClass), legend: `{{${labels.latencyClass}}}`, exemplars: true }],
          colours: classColours,
          valueLinks: [linkTo('service', 'Operations of a service')],
        }),
        lines({
          title: 'Server errors, by service',
          says: 'Answers with a status of 500 or more, per second. Click a service: its board.',
          unit: units.requestsPerSecond,
          min: 0,
          queries: [
            {
              expr: `${sum(rate(requests, { [labels.statusClass]: '5xx' }), labels.service)} or ${sum(rate(requests), labels.service)} * 0`,
              legend: `{{${labels.service}}}`,
            },
          ],
          valueLinks: [linkTo('service', 'This service', { service: `\${__field.labels.${labels.service}}` })],
        }),
        lines({
          title: 'Burn by promise',
          says: 'Over the last minute, each promise. The moment a line crosses 1 is when it began. Click: Objectives.',
          unit: units.count,
          min: 0,
          queries: [{ expr: burnOver('1m'), legend: `{{${labels.latencyClass}}} {{slo}}` }],
          limits: [
            { from: 1, colour: 'warning' },
            { from: 14.4, colour: 'bad' },
          ],
          valueLinks: [linkTo('objectives', 'Objectives')],
        }),
        table({
          title: 'Alerts',
          says: 'What fires or is about to. The runbook of each says what to do: docs/runbooks. Click a name: the board to look at first.',
          width: 8,
          queries: [{ expr: `${series(foreign.alerts, { alertstate: '~firing|pending' })}` }],
          columns: [
            {
              of: 'alertname',
              title: 'Alert',
              link: { title: 'Where to look', url: pathToBoardOf(labels.board, { [labels.latencyClass]: labels.latencyClass }) },
            },
            { of: 'severity', title: 'Severity' },
            { of: 'alertstate', title: 'State' },
            { of: labels.latencyClass, title: 'Class' },
            { of: labels.service, title: 'Service' },
            { of: labels.run, title: 'Run' },
            { of: 'instance', title: 'Instance' },
            { of: labels.board, title: 'Board' },
          ],
          noValue: 'none',
          sortBy: 'Severity',
          ascending: true,
        }),
      ],
    },
    {
      title: 'Runs',
      panels: [
        table({
          title: 'Runs and their verdicts',
          says: 'Runs that ended in the time shown. An invalid one says nothing of the server: its load was not delivered. Click a name: Run.',
          width: 12,
          queries: [
            { expr: max(last(c.verdict), labels.run) },
            { expr: sum(last(c.ended), labels.run) },
            {
              expr: share(
                sum(last(c.requests, { [labels.outcome]: '~failed|timeout' }), labels.run),
                sum(last(c.requests, { [labels.outcome]: '~ok|failed|timeout|aborted' }), labels.run),
              ),
            },
          ],
          columns: [
            { of: labels.run, title: 'Run', link: { title: 'Run', url: pathTo('run', { run: `\${__data.fields.${labels.run}}` }) } },
            { of: 'A', title: 'Verdict', values: verdicts },
            { of: 'B', title: 'Requests', unit: units.count, decimals: 0 },
            { of: 'C', title: 'Errors', unit: units.ratio, decimals: 2, limits: limitsOf('crud', { metric: 'errorRatio' }) },
          ],
          noValue: 'none yet',
          sortBy: 'Run',
        }),
        lines({
          title: 'Load of runs',
          says: 'Requests that a run should have sent and those that it did, per second. Apart: the generator was the bottleneck, and the run is invalid. Click: Run.',
          unit: units.requestsPerSecond,
          width: 12,
          min: 0,
          queries: [
            { expr: sum(rate(c.offered), labels.run), legend: `{{${labels.run}}} offered` },
            { expr: sum(rate(c.sent), labels.run), legend: `{{${labels.run}}} sent` },
          ],
          valueLinks: [linkTo('run', 'This run', { run: `\${__field.labels.${labels.run}}` })],
        }),
      ],
    },
  ],
});

import { QueryVariableBuilder, VariableHide, VariableRefresh, VariableSort } from '@grafana/grafana-foundation-sdk/dashboard';
import { metricLabels as labels, runMetricNames as c } from '../../scenarios/names.ts';
import { board } from '../build/board.ts';
import { linkTo, pathTo } from '../build/links.ts';
import { units } from '../build/look.ts';
import { figure, lines } from '../build/panels.ts';
import { mappingsOf } from '../build/panel.ts';
import { last, lastQuantile, max, share, sum } from '../build/promql.ts';
import { table } from '../build/tables.ts';
import { datasource } from '../build/variables.ts';
import { verdicts } from './tones.ts';

const common = { [labels.phase]: '~$phase', [labels.operation]: '~$operation' };
const ofRun = { [labels.run]: '$run', ...common };
const ofBase = { [labels.run]: '$base', ...common };
type Side = typeof ofRun;
const colours = { run: 'run', base: 'base', difference: 'warning' } as const;

/** The base is drawn as if it had begun when the run did. Prometheus 2 refuses an offset of 0, so the variable is never that: a run beside itself is a second off. */
const shifted = ' offset ${shift}s';
const perSecond = (metric: string, { run, phase, operation }: Side, more = ''): string =>
  `rate(${metric}{run="${run}",phase=~"${phase.slice(1)}",operation=~"${operation.slice(1)}"${more}}[$__rate_interval]${run === '$base' ? shifted : ''})`;
const over = (q: number | string, metric: string, side: Side): string => `histogram_quantile(${q}, sum by (le) (${perSecond(`${metric}_bucket`, side)}))`;
const failed = { [labels.outcome]: '~failed|timeout' };
const errors = (side: Side): string =>
  share(sum(last(c.requests, { ...side, ...failed })), sum(last(c.requests, { ...side, [labels.outcome]: '~ok|failed|timeout|aborted' })));

function overlay(title: string, says: string, of: (side: Side) => string, unit: (typeof units)[keyof typeof units]) {
  return lines({
    title,
    says,
    unit,
    queries: [
      { expr: of(ofRun), legend: 'run' },
      { expr: of(ofBase), legend: 'base' },
      { expr: `${of(ofRun)} - ${of(ofBase)}`, legend: 'difference' },
    ],
    colours,
    noValue: 'the time shown must hold both runs',
  });
}

const startOf = (run: string): string => `max(max_over_time(${c.phaseStart}{run="${run}",phase="measured"}[$__range]))`;

export const compare = board({
  name: 'compare',
  says: 'Two runs over one another, and what lies between them. For a look: which of two versions is slower, with known error rates, is decided by a gate and not by one pair of runs.',
  singleRun: true,
  from: 'now-1h',
  extraVariables: [
    new QueryVariableBuilder('base')
      .label('Base')
      .description('The run that it is compared with: the latest other one, unless another is chosen.')
      .datasource(datasource)
      .query(`label_values(${c.phase}{${labels.run}!="$run"}, ${labels.run})`)
      .refresh(VariableRefresh.OnTimeRangeChanged)
      .sort(VariableSort.AlphabeticalDesc)
      .build(),
    new QueryVariableBuilder('shift')
      .label('Shift')
      .description('Seconds from the start of the base to that of the run; the base is drawn so much later.')
      .datasource(datasource)
      .query(`query_result((round(${startOf('$run')} - ${startOf('$base')}) != 0) or vector(1))`)
      .regex('/\\s(-?\\d+)\\s/')
      .refresh(VariableRefresh.OnTimeRangeChanged)
      .hide(VariableHide.HideVariable)
      .current({ text: '1', value: '1' })
      .build(),
  ],
  sections: [
    {
      title: 'At a glance',
      panels: [
        figure({
          title: 'Verdicts',
          says: 'Of the run and of the base. Two invalid ones are not to be compared.',
          unit: units.plain,
          width: 6,
          text: 'both',
          queries: [
            { expr: max(last(c.verdict, { [labels.run]: '$run' })), legend: 'run' },
            { expr: max(last(c.verdict, { [labels.run]: '$base' })), legend: 'base' },
          ],
          mappings: mappingsOf(verdicts),
          noValue: 'under way',
          valueLinks: [linkTo('run', 'The run')],
        }),
        figure({
          title: 'Median, difference',
          says: 'Of all requests of both, run against base. Positive is slower. Smaller than the measurement error in Run means nothing.',
          unit: units.ratio,
          width: 6,
          decimals: 1,
          queries: [{ expr: `${lastQuantile(0.5, c.latency, ofRun)} / ${lastQuantile(0.5, c.latency, ofBase)} - 1` }],
          limits: [
            { from: 0.05, colour: 'warning' },
            { from: 0.1, colour: 'bad' },
          ],
        }),
        figure({
          title: 'Chosen quantile, difference',
          says: 'Of all requests of both, run against base, at the quantile above. Positive is slower.',
          unit: units.ratio,
          width: 6,
          decimals: 1,
          queries: [{ expr: `${lastQuantile('$quantile', c.latency, ofRun)} / ${lastQuantile('$quantile', c.latency, ofBase)} - 1` }],
          limits: [
            { from: 0.1, colour: 'warning' },
            { from: 0.2, colour: 'bad' },
          ],
        }),
        figure({
          title: 'Errors, difference',
          says: 'Error share of the run minus that of the base, in percentage points.',
          unit: units.ratio,
          width: 6,
          decimals: 3,
          queries: [{ expr: `${errors(ofRun)} - ${errors(ofBase)}` }],
          limits: [{ from: 0.0005, colour: 'bad' }],
        }),
      ],
    },
    {
      title: 'Over one another',
      panels: [
        overlay(
          'Median latency',
          'From the intended send time. The base is shifted, so that both begin together.',
          (side) => over(0.5, c.latency, side),
          units.seconds,
        ),
        overlay(
          'Latency, chosen quantile',
          'The same at the quantile above. Apart while the medians agree: a tail, so open slow traces of both in Run.',
          (side) => over('$quantile', c.latency, side),
          units.seconds,
        ),
        overlay(
          'Time to the first event',
          'Of streams, at the quantile above. Later than the base: a queue before inference, see its slots in Service.',
          (side) => over('$quantile', c.ttft, side),
          units.seconds,
        ),
        overlay(
          'Gaps of streams',
          'Between content events, at the quantile above. Wider than the base: stalls or a loaded inference, see Streams.',
          (side) => over('$quantile', c.streamGap, side),
          units.seconds,
        ),
        overlay(
          'Throughput',
          'Requests that ended per second. Different by much: the two runs had different loads.',
          (side) => `sum(${perSecond(c.requests, side)})`,
          units.requestsPerSecond,
        ),
        overlay(
          'Errors',
          'Failed and timed out, per second. More than the base: see Requests by outcome in Run and Error codes in Service.',
          (side) => `(sum(${perSecond(c.requests, side, ',outcome=~"failed|timeout"')}) or sum(${perSecond(c.requests, side)}) * 0)`,
          units.requestsPerSecond,
        ),
      ],
    },
    {
      title: 'Operation by operation',
      panels: [
        table({
          title: 'Operations',
          says: 'Each over the whole of both runs, at the quantile above; the largest slowdown first. The time shown must hold both runs. Click a name: its time by hop.',
          width: 24,
          height: 12,
          queries: [
            { expr: lastQuantile('$quantile', c.latency, ofRun, labels.operation) },
            { expr: lastQuantile('$quantile', c.latency, ofBase, labels.operation) },
            { expr: `${lastQuantile('$quantile', c.latency, ofRun, labels.operation)} - ${lastQuantile('$quantile', c.latency, ofBase, labels.operation)}` },
            {
              expr: `${lastQuantile('$quantile', c.latency, ofRun, labels.operation)} / ${lastQuantile('$quantile', c.latency, ofBase, labels.operation)} - 1`,
            },
            { expr: sum(last(`${c.latency}_count`, ofRun), labels.operation) },
            { expr: sum(last(`${c.latency}_count`, ofBase), labels.operation) },
          ],
          columns: [
            {
              of: labels.operation,
              title: 'Operation',
              link: { title: 'Time by hop', url: pathTo('path', { operation: `\${__data.fields.${labels.operation}}` }) },
            },
            { of: 'A', title: 'Run', unit: units.seconds },
            { of: 'B', title: 'Base', unit: units.seconds },
            { of: 'C', title: 'Difference', unit: units.seconds },
            {
              of: 'D',
              title: 'Relative',
              unit: units.ratio,
              decimals: 1,
              limits: [
                { from: 0.05, colour: 'warning' },
                { from: 0.1, colour: 'bad' },
              ],
            },
            { of: 'E', title: 'n, run', unit: units.count, decimals: 0 },
            { of: 'F', title: 'n, base', unit: units.count, decimals: 0 },
          ],
          sortBy: 'Relative',
        }),
      ],
    },
  ],
});

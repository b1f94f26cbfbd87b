import { CustomVariableBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { foreignMetricNames as foreign, metricLabels as labels, metricNames as m } from '../../scenarios/names.ts';
import { board, type Section } from '../build/board.ts';
import { linkTo, pathTo } from '../build/links.ts';
import { type Hop, hops, units } from '../build/look.ts';
import { scrapedEvery } from '../build/panel.ts';
import { lines } from '../build/panels.ts';
import { inRange, quantile, rate, share, sum } from '../build/promql.ts';
import { serviceMap, table } from '../build/tables.ts';
import { availabilityLimits } from './class-limits.ts';
import { ofOperation } from './filters.ts';
import { classColours, hopColours } from './tones.ts';

const titles: Readonly<Record<Hop, string>> = {
  edge: 'Edge (CDN)',
  lb: 'Load balancer',
  mesh: 'Mesh (sidecar proxy)',
  service: 'Services',
  store: 'Store',
  cache: 'Cache',
  inference: 'Inference',
};
const count = `${m.hopDuration}_count`;
const failed = { [labels.outcome]: 'error' };

/** Rate, errors, duration of one hop. */
function red(hop: Hop): Section {
  const of = { [labels.hop]: hop };
  const legend = `{{${labels.latencyClass}}}`;
  return {
    title: titles[hop],
    panels: [
      lines({
        title: `${titles[hop]}: rate`,
        says: `Visits to this hop per second, by latency class. Fewer than the hop before it: somebody answers in its place. None is normal for a hop that these operations do not need.`,
        unit: units.requestsPerSecond,
        height: 6,
        min: 0,
        queries: [{ expr: sum(rate(count, of), labels.latencyClass), legend }],
        colours: classColours,
      }),
      lines({
        title: `${titles[hop]}: errors`,
        says: 'Share of visits that ended in an error here or behind. The innermost hop with errors is where they begin.',
        unit: units.ratio,
        height: 6,
        min: 0,
        queries: [{ expr: share(sum(rate(count, { ...of, ...failed }), labels.latencyClass), sum(rate(count, of), labels.latencyClass)), legend }],
        colours: classColours,
        limits: availabilityLimits,
      }),
      lines({
        title: `${titles[hop]}: duration`,
        says: 'The chosen quantile of the time in this hop and everything behind it, from coarse buckets; of the outer hops of a stream, to its end. The innermost hop that grew is the one to look at.',
        unit: units.seconds,
        height: 6,
        min: 0,
        queries: [{ expr: quantile('$quantile', m.hopDuration, of, labels.latencyClass), legend }],
        colours: classColours,
      }),
    ],
  };
}

const whole = sum(inRange(m.hopSelf, ofOperation), labels.operation);

/** A link that comes from a hop brings its name. */
const ofHops = { ...ofOperation, [labels.hop]: '~$hop' };

export const path = board({
  name: 'path',
  says: 'Every hop from the edge to the store: how often, with what errors, how long; and which share of an operation each of them has.',
  extraVariables: [
    new CustomVariableBuilder('hop')
      .label('Hop')
      .description('Of the two panels at the head; each hop has its row below.')
      .values(hops.join(', '))
      .includeAll(true)
      .multi(true)
      .allValue('.*')
      .current({ text: 'All', value: '$__all' })
      .build(),
  ],
  sections: [
    {
      title: 'Where the time goes',
      panels: [
        lines({
          title: 'Share of each hop',
          says: 'Of the whole time of the chosen operations, without the hops behind each. A share that grows names the hop that slows down: choose it above, then see its row below.',
          unit: units.ratio,
          width: 12,
          stack: 'amount',
          min: 0,
          max: 1,
          queries: [
            {
              expr: `${sum(rate(m.hopSelf, ofHops), labels.hop)} / ignoring (${labels.hop}) group_left () ${sum(rate(m.hopSelf, ofOperation))}`,
              legend: `{{${labels.hop}}}`,
            },
          ],
          colours: hopColours,
        }),
        lines({
          title: 'Own time a request, by hop',
          says: 'The same in seconds: what a mean request of the chosen operations spends in each of the chosen hops itself. One that grew: its row below says whether it is asked more often, fails, or is slow.',
          unit: units.seconds,
          width: 12,
          stack: 'amount',
          queries: [
            {
              expr: `${sum(rate(m.hopSelf, ofHops), labels.hop)} / ignoring (${labels.hop}) group_left () ${sum(rate(`${m.requestDuration}_count`, ofOperation))}`,
              legend: `{{${labels.hop}}}`,
            },
          ],
          colours: hopColours,
        }),
        table({
          title: 'Share of each hop, by operation',
          says: 'Over the time shown. An operation whose store share is high gains from a faster query; one of the edge, from smaller answers. Click a name: this board for it alone.',
          width: 14,
          height: 10,
          queries: hops.map((hop) => ({ expr: share(sum(inRange(m.hopSelf, { ...ofOperation, [labels.hop]: hop }), labels.operation), whole) })),
          columns: [
            {
              of: labels.operation,
              title: 'Operation',
              link: { title: 'This operation alone', url: pathTo('path', { operation: `\${__data.fields.${labels.operation}}` }) },
            },
            ...hops.map((hop, index) => ({ of: String.fromCharCode(65 + index), title: hop, unit: units.ratio, decimals: 0 })),
          ],
          sortBy: 'Operation',
          ascending: true,
        }),
        table({
          title: 'Who calls whom',
          says: "Calls per second between tiers and how many of them failed, from the collector's service graph (of the spans that were sent: sampled ones). An edge that is missing: that hop sends no spans.",
          width: 10,
          height: 10,
          queries: [{ expr: sum(rate(foreign.graphCalls), 'client', 'server'), scrapedEvery }],
          columns: [
            { of: 'client', title: 'From' },
            { of: 'server', title: 'To' },
            { of: 'A', title: 'Calls/s', unit: units.requestsPerSecond, decimals: 2 },
          ],
          sortBy: 'Calls/s',
          noValue: 'no collector sends a service graph here',
        }),
      ],
    },
    ...hops.map(red),
    {
      title: 'Service graph',
      panels: [
        serviceMap({
          title: 'Service graph',
          says: 'The same as a drawing. Topology only: latency comes from the histograms above, which are exact.',
          width: 24,
          links: [linkTo('telemetry', 'Are the spans complete?')],
        }),
      ],
    },
  ],
});

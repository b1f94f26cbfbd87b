import { metricLabels as labels, metricNames as m, runMetricNames as c } from '../../scenarios/names.ts';
import { board } from '../build/board.ts';
import { boundOf } from '../build/bounds.ts';
import { linkTo, pathTo } from '../build/links.ts';
import { units } from '../build/look.ts';
import { bars, figure, heat, lines } from '../build/panels.ts';
import { last, lastQuantile, quantile, rate, series, sum } from '../build/promql.ts';
import { table } from '../build/tables.ts';
import { ofClient, ofOperation, ofPhase, ofRun } from './filters.ts';

const ofPage = { ...ofPhase, [labels.scenario]: 'page-load' };
const moment = (milestone: string) => ({ ...ofPage, [labels.milestone]: milestone });
const limit = (milestone: string) => boundOf('page-load', { metric: 'milestone', milestone });
const shareOf = (label: string) => `${sum(last(c.responses, ofPage), label)} / ignoring (${label}) group_left () ${sum(last(c.responses, ofPage))}`;

function milestone(title: string, name: string, width: number, says: string) {
  return [
    figure({
      title: `${title} p50`,
      width,
      says: `${says} The bound is the scenario's own.`,
      unit: units.seconds,
      decimals: 2,
      queries: [{ expr: lastQuantile(0.5, c.milestone, moment(name)) }],
      limits: [{ from: limit(name), colour: 'bad' as const }],
    }),
    figure({
      title: `${title} p95`,
      width,
      says: `${says} One load of twenty is slower than this.`,
      unit: units.seconds,
      decimals: 2,
      queries: [{ expr: lastQuantile(0.95, c.milestone, moment(name)) }],
    }),
  ];
}

export const pageLoad = board({
  name: 'pageLoad',
  says: 'One page load is about 250 requests: when it is usable, when it is whole, and what it is made of. Of the scenario page-load.',
  sections: [
    {
      title: 'When is the page there?',
      panels: [
        ...milestone(
          'DOMContentLoaded',
          'domContentLoaded',
          5,
          'From the intended start of a load to its document and blocking scripts. Above the bound: look at the shell and the bundles below.',
        ),
        ...milestone('Load', 'load', 4, 'From the intended start of a load until everything has come. Above the bound: look at the slowest operations below.'),
        figure({
          title: 'Loads',
          width: 3,
          says: 'Page loads that were whole. Few of them: the quantiles beside it are rough.',
          unit: units.count,
          decimals: 0,
          queries: [{ expr: sum(last(`${c.milestone}_count`, moment('load'))) }],
        }),
        figure({
          title: 'Requests a load',
          width: 3,
          says: 'About 250 by the analysis. More: something is asked for twice.',
          unit: units.count,
          decimals: 0,
          queries: [{ expr: `${sum(last(c.requests, ofPage))} / ${sum(last(`${c.milestone}_count`, moment('load')))}` }],
        }),
        heat({
          title: 'Load, spread',
          says: 'From the intended start until everything has come. Two bands: two kinds of loads, such as with and without free connections.',
          unit: units.seconds,
          queries: [{ expr: sum(rate(`${c.milestone}_bucket`, moment('load')), 'le') }],
        }),
        lines({
          title: 'DOMContentLoaded and load',
          says: 'Medians over time; the lines are the bounds of the scenario, the lower for DOMContentLoaded, the upper for load. Growing together: the server; load alone: the fan-out behind the document.',
          unit: units.seconds,
          min: 0,
          queries: [
            { expr: quantile(0.5, c.milestone, moment('domContentLoaded')), legend: 'DOMContentLoaded' },
            { expr: quantile(0.5, c.milestone, moment('load')), legend: 'load' },
          ],
          colours: { DOMContentLoaded: 'client', load: 'service' },
          limits: [
            { from: limit('domContentLoaded'), colour: 'warning' },
            { from: limit('load'), colour: 'bad' },
          ],
        }),
        lines({
          title: 'Requests under way',
          says: 'A load comes in waves: a plateau at the height of the connections is where requests wait for one (HTTP/1.1: 6 an origin).',
          unit: units.count,
          min: 0,
          queries: [{ expr: sum(series(c.inFlight, { ...ofRun, [labels.scenario]: 'page-load' })), legend: 'under way' }],
        }),
      ],
    },
    {
      title: 'What is it made of?',
      panels: [
        table({
          title: 'Requests by operation',
          says: 'Of page loads: how many, how long, how large. The slowest that everything waits for is the one to mend. Click a name: its time by hop.',
          width: 12,
          height: 12,
          queries: [
            { expr: sum(last(c.requests, { ...ofPage, ...ofOperation }), labels.operation) },
            { expr: lastQuantile('$quantile', c.latency, { ...ofPage, ...ofOperation }, labels.operation) },
            { expr: sum(last(c.responseBytes, { ...ofPage, ...ofOperation }), labels.operation) },
          ],
          columns: [
            {
              of: labels.operation,
              title: 'Operation',
              link: { title: 'Time by hop', url: pathTo('path', { operation: `\${__data.fields.${labels.operation}}` }) },
            },
            { of: 'A', title: 'Requests', unit: units.count, decimals: 0 },
            { of: 'B', title: 'Latency, chosen quantile', unit: units.seconds },
            { of: 'C', title: 'Bytes', unit: units.bytes },
          ],
          sortBy: 'Requests',
        }),
        lines({
          title: 'Bytes by operation',
          says: 'Body bytes per second as they crossed the wire. The extension manifests (190 KB before compression) and the bundles lead.',
          unit: units.bytesPerSecond,
          width: 12,
          height: 12,
          min: 0,
          stack: 'amount',
          queries: [{ expr: sum(rate(c.responseBytes, ofClient), labels.operation), legend: `{{${labels.operation}}}` }],
        }),
        bars({
          title: 'Protocols',
          says: 'Share of responses by protocol. HTTP/1.1 where HTTP/2 was meant: the target does not speak it, or --tls is missing.',
          unit: units.ratio,
          max: 1,
          width: 6,
          queries: [{ expr: shareOf(labels.protocol), legend: `{{${labels.protocol}}}` }],
        }),
        bars({
          title: 'Encodings',
          says: 'Share of responses by content encoding. identity on large JSON: the client does not accept zstd.',
          unit: units.ratio,
          max: 1,
          width: 6,
          queries: [{ expr: shareOf(labels.encoding), legend: `{{${labels.encoding}}}` }],
        }),
        bars({
          title: 'Cache status',
          says: 'Share of responses by what the CDN says of its cache: DYNAMIC for the API, HIT for assets. MISS on assets: they are not cached.',
          unit: units.ratio,
          max: 1,
          width: 6,
          queries: [{ expr: shareOf(labels.cacheStatus), legend: `{{${labels.cacheStatus}}}` }],
        }),
        lines({
          title: 'Compression at the edge',
          says: 'How many times smaller the edge makes what it compresses, by encoding; about 2.8 for JSON by the analysis. A fall: smaller or less regular bodies.',
          unit: units.count,
          width: 6,
          min: 0,
          queries: [
            { expr: `${sum(rate(m.compressionIn), labels.encoding)} / ${sum(rate(m.compressionOut), labels.encoding)}`, legend: `{{${labels.encoding}}}` },
          ],
          valueLinks: [linkTo('service', 'What it costs the processor')],
        }),
      ],
    },
  ],
});

import { metricLabels as labels, metricNames as m, runMetricNames as c } from '../../scenarios/names.ts';
import { board } from '../build/board.ts';
import { linkTo } from '../build/links.ts';
import { units } from '../build/look.ts';
import { heat, lines } from '../build/panels.ts';
import { orZero, quantile, rate, type Selector, series, share, sum } from '../build/promql.ts';
import { availabilityLimits, firstEventLimits } from './class-limits.ts';
import { ofClient, ofOperation } from './filters.ts';

const completions = { ...ofOperation, [labels.latencyClass]: 'completion' };
const outcome = `{{${labels.outcome}}}`;
const spread = (metric: string, { selector = ofOperation, exemplars = true }: { selector?: Selector; exemplars?: boolean } = {}) => [
  { expr: sum(rate(`${metric}_bucket`, selector), 'le'), exemplars },
];
const quantiles = [0.5, 0.95, 0.99];

export const streams = board({
  name: 'streams',
  says: 'Token streams: how soon they begin, how even they flow, how they end. An event is not a token: events are counted.',
  sections: [
    {
      title: 'How they spread (server)',
      panels: [
        heat({
          title: 'Time to the first event',
          says: 'From arrival to the first content event, told when the stream has ended. A second band above the first is a queue before inference. Click a dot for its trace.',
          unit: units.seconds,
          width: 12,
          queries: spread(m.ttft),
        }),
        heat({
          title: 'Gap between events',
          says: 'Time between two consecutive content events, as they leave. Bands far above the main one are stalls.',
          unit: units.seconds,
          width: 12,
          queries: spread(m.streamGap, { exemplars: false }),
        }),
        heat({
          title: 'Time per output token (TPOT)',
          says: '(last content event - first) / (content events - 1) of each stream; an event stands for a token. It rises when inference is loaded: see its slots in Service. Click a dot for its trace.',
          unit: units.seconds,
          width: 12,
          queries: spread(m.tpot),
        }),
        heat({
          title: 'Duration',
          says: 'From arrival to the end of the stream: long answers, or slow ones? Slow: the time per output token beside it has grown, too; or it began late. Click a dot for its trace.',
          unit: units.seconds,
          width: 12,
          queries: spread(m.requestDuration, { selector: completions }),
        }),
      ],
    },
    {
      title: 'Quantiles',
      panels: [
        lines({
          title: 'Time to the first event, server',
          says: 'Above the line the promise of about a second is at risk: look at inference slots in Service. Click a dot for its trace.',
          unit: units.seconds,
          min: 0,
          queries: quantiles.map((q) => ({ expr: quantile(q, m.ttft, ofOperation), legend: `p${q * 100}`, exemplars: q === 0.99 })),
          limits: firstEventLimits(),
          valueLinks: [linkTo('service', 'Inference slots')],
        }),
        lines({
          title: 'Time to the first event, client',
          says: 'The same from the intended send time, as users feel it. Far above the server: requests wait before they arrive.',
          unit: units.seconds,
          min: 0,
          queries: quantiles.map((q) => ({ expr: quantile(q, c.ttft, ofClient), legend: `p${q * 100}`, exemplars: q === 0.99 })),
          limits: firstEventLimits(),
        }),
        lines({
          title: 'Gaps, client',
          says: 'As they came to the client, told when a stream has ended. Wider than the server sent them: the network or the driver.',
          unit: units.seconds,
          min: 0,
          queries: quantiles.map((q) => ({ expr: quantile(q, c.streamGap, ofClient), legend: `p${q * 100}` })),
        }),
        lines({
          title: 'Time per output token, client',
          says: '(last content event - first) / (content events - 1) of each stream, as it came to the client.',
          unit: units.seconds,
          min: 0,
          queries: quantiles.map((q) => ({ expr: quantile(q, c.tpot, ofClient), legend: `p${q * 100}`, exemplars: q === 0.99 })),
        }),
        lines({
          title: 'Time per output token, server',
          says: 'The same as it left the server. Up here as well: inference is slower, or loaded; only at the client: the network or the driver. Click a dot for its trace.',
          unit: units.seconds,
          min: 0,
          queries: quantiles.map((q) => ({ expr: quantile(q, m.tpot, ofOperation), legend: `p${q * 100}`, exemplars: q === 0.99 })),
          valueLinks: [linkTo('service', 'Inference slots')],
        }),
        lines({
          title: 'Gaps, server',
          says: 'As they left the server. A p99 that leaves the median is stalls, all of them together is load.',
          unit: units.seconds,
          min: 0,
          queries: quantiles.map((q) => ({ expr: quantile(q, m.streamGap, ofOperation), legend: `p${q * 100}` })),
        }),
        lines({
          title: 'Lateness of events',
          says: 'When events left minus when the profile intended it. Above a few milliseconds the server itself is too busy: see the event loop in Service.',
          unit: units.seconds,
          queries: quantiles.map((q) => ({ expr: quantile(q, m.lateness, { [labels.latencyClass]: 'completion' }), legend: `p${q * 100}` })),
          valueLinks: [linkTo('service', 'Event loop')],
        }),
      ],
    },
    {
      title: 'How they end',
      panels: [
        lines({
          title: 'Streams under way',
          says: 'Open now. Arrivals per second times their duration, if nothing is stuck.',
          unit: units.count,
          min: 0,
          queries: [{ expr: sum(series(m.streamsActive)), legend: 'active' }],
        }),
        lines({
          title: 'Ended, by outcome',
          says: 'done is good; client_abort: the client went, or read too slowly; server_error: cut by the server; drain: a deploy.',
          unit: units.perSecond,
          min: 0,
          stack: 'amount',
          queries: [{ expr: sum(rate(m.streams, ofOperation), labels.outcome), legend: outcome }],
          colours: { done: 'good', client_abort: 'warning', server_error: 'bad', drain: 'gap' },
        }),
        lines({
          title: 'Not done, share',
          says: 'Streams that did not come to their end, of all that ended. Cut by the server: it breaks the promise of availability, see its log and Error codes in Service. Aborted: clients that give up, so see how late they begin.',
          unit: units.ratio,
          min: 0,
          queries: [
            {
              expr: share(sum(rate(m.streams, { ...ofOperation, [labels.outcome]: 'client_abort' })), sum(rate(m.streams, ofOperation))),
              legend: 'aborted by the client',
            },
            {
              expr: share(sum(rate(m.streams, { ...ofOperation, [labels.outcome]: 'server_error' })), sum(rate(m.streams, ofOperation))),
              legend: 'cut by the server',
            },
          ],
          limits: availabilityLimits,
        }),
        lines({
          title: 'Stalls',
          says: 'Pauses that the latency profile drew, per second. They are meant to be there: use them to see whether clients survive.',
          unit: units.perSecond,
          min: 0,
          queries: [{ expr: orZero(sum(rate(m.streamStalls, ofOperation))), legend: 'stalls' }],
        }),
        lines({
          title: 'Time stalled',
          says: 'Seconds of those pauses in each second, over all streams: how much of their time readers wait. Up while the stalls are not: each is longer, so look at the profile.',
          unit: units.count,
          min: 0,
          queries: [{ expr: orZero(sum(rate(m.streamStalled, ofOperation))), legend: 'stalled' }],
        }),
        lines({
          title: 'Bytes of streams',
          says: 'Body bytes of streams per second, as they were sent. Down while streams under way are not: they stand still, see stalls and gaps.',
          unit: units.bytesPerSecond,
          min: 0,
          queries: [{ expr: sum(rate(m.responseBytes, { [labels.operation]: 'chat.completion' })), legend: 'sent' }],
        }),
      ],
    },
  ],
});

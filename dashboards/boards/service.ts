import { foreignMetricNames as foreign, metricLabels as labels, metricNames as m } from '../../scenarios/names.ts';
import { board } from '../build/board.ts';
import { millis, percent } from '../build/bounds.ts';
import { linkTo } from '../build/links.ts';
import { units } from '../build/look.ts';
import { lines } from '../build/panels.ts';
import { max, orNone, orZero, quantile, rate, series, share, sum } from '../build/promql.ts';
import { availability, availabilityLimits, classLimits } from './class-limits.ts';
import { heldUpSeconds } from '../rules/server-alerts.ts';
import { ofServer, serverJob } from './filters.ts';
import { classColours } from './tones.ts';

const requests = `${m.requestDuration}_count`;
const ofService = { [labels.service]: '~$service' };
const byOperation = `{{${labels.operation}}}`;
const byService = `{{${labels.service}}}`;
/** Of a service that the profile gives no bound there are no workers to tell of. */
const unbounded = 'no bound in this latency profile';
const process = '{{tier}} {{instance}}';

/** Latency of one class by operation, with its promise as the line. */
function latencyOf(latencyClass: 'metadata' | 'crud' | 'completion') {
  return lines({
    title: `Latency: ${latencyClass}`,
    says: `The chosen quantile of each ${latencyClass} operation at the edge${latencyClass === 'completion' ? ', to the end of the stream' : ''}. Above the line the promise of the class is at risk. Click a dot for its trace, a line for its time by hop.`,
    unit: units.seconds,
    min: 0,
    queries: [
      {
        expr: quantile('$quantile', m.requestDuration, { ...ofServer, [labels.latencyClass]: latencyClass }, labels.operation),
        legend: byOperation,
        exemplars: true,
      },
    ],
    limits: classLimits(latencyClass),
    valueLinks: [linkTo('path', 'Time by hop', { operation: `\${__field.labels.${labels.operation}}` })],
  });
}

export const service = board({
  name: 'service',
  says: 'The golden signals of one service or of all: latency, traffic, errors, saturation; and the process that it runs in.',
  sections: [
    {
      title: 'Latency',
      panels: [latencyOf('metadata'), latencyOf('crud'), latencyOf('completion')],
    },
    {
      title: 'Traffic and errors',
      panels: [
        lines({
          title: 'Requests',
          says: 'Answers per second at the edge, by operation. Click: its time by hop.',
          unit: units.requestsPerSecond,
          min: 0,
          stack: 'amount',
          queries: [{ expr: sum(rate(requests, ofServer), labels.operation), legend: byOperation }],
          valueLinks: [linkTo('path', 'Time by hop', { operation: `\${__field.labels.${labels.operation}}` })],
        }),
        lines({
          title: 'Errors of the server',
          says: `Share of answers with a status of 500 or more, by service. Above ${percent(availability.allowedRatio)} availability is not kept: look at the codes beside it.`,
          unit: units.ratio,
          min: 0,
          queries: [
            {
              expr: share(sum(rate(requests, { ...ofServer, [labels.statusClass]: '5xx' }), labels.service), sum(rate(requests, ofServer), labels.service)),
              legend: byService,
            },
          ],
          limits: availabilityLimits,
        }),
        lines({
          title: 'Error codes',
          says: "Answers in the error shape by their code, of all services, the callers' faults (4xx) among them.",
          unit: units.perSecond,
          min: 0,
          queries: [{ expr: orNone(sum(rate(m.errorReplies), labels.code), labels.code), legend: `{{${labels.code}}}` }],
        }),
        lines({
          title: 'Given up by the client',
          says: 'Requests whose client went before the answer, per second. They have no duration: a rise with a falling latency is no improvement. Of the chosen operations, whatever the service.',
          unit: units.perSecond,
          min: 0,
          queries: [{ expr: orZero(sum(rate(m.requestsAborted, { [labels.operation]: '~$operation' }))), legend: 'given up' }],
        }),
        lines({
          title: 'Under way',
          says: 'Requests that are being worked on, streams among them. A line that only climbs is a queue. Of all services: the server does not count them apart.',
          unit: units.count,
          min: 0,
          queries: [
            { expr: sum(series(m.requestsInFlight)), legend: 'requests' },
            { expr: sum(series(m.streamsActive)), legend: 'streams' },
          ],
        }),
        lines({
          title: 'Later than the profile intends',
          says: 'How late responses and events left, p99. It is the server that is late, not the load: look at the event loop and at the processor below. Of all services, by class.',
          unit: units.seconds,
          queries: [{ expr: quantile(0.99, m.lateness, {}, labels.latencyClass), legend: `{{${labels.latencyClass}}}` }],
          colours: classColours,
        }),
      ],
    },
    {
      title: 'Saturation',
      panels: [
        lines({
          title: 'Waiting for a worker or a slot',
          says: 'The chosen quantile of how long requests of a service waited before anybody worked on them. Above 0 the pool is too small for this load.',
          unit: units.seconds,
          min: 0,
          queries: [{ expr: quantile('$quantile', m.queueWait, ofService, labels.service), legend: byService }],
          limits: [{ from: 0.05, colour: 'warning' }],
        }),
        lines({
          title: 'Workers busy',
          says: 'Share of the workers of a service that are busy. At 100% everything else waits.',
          unit: units.ratio,
          min: 0,
          max: 1,
          queries: [
            { expr: `${sum(series(m.workersBusy, ofService), labels.service)} / ${sum(series(m.workersLimit, ofService), labels.service)}`, legend: byService },
          ],
          limits: [{ from: 0.9, colour: 'warning' }],
          noValue: unbounded,
        }),
        lines({
          title: 'Queue before the workers',
          says: 'Requests that wait for a worker. It should return to 0 between peaks; what exceeds the bound of the queue is refused with 503.',
          unit: units.count,
          min: 0,
          queries: [{ expr: sum(series(m.workersWaiting, ofService), labels.service), legend: byService }],
          noValue: unbounded,
        }),
        lines({
          title: 'Inference slots',
          says: 'In use, and completions that wait for one. All in use: time to the first event grows with the queue. Of inference, whatever the service.',
          unit: units.count,
          min: 0,
          queries: [
            { expr: sum(series(m.slotsBusy)), legend: 'busy' },
            { expr: sum(series(m.slotsWaiting)), legend: 'waiting' },
            { expr: sum(series(m.slotsLimit)), legend: 'limit' },
          ],
          colours: { busy: 'inference', waiting: 'warning', limit: 'gap' },
        }),
        lines({
          title: 'Store queries',
          says: 'The chosen quantile by query, with the share of the profile that it waits for. One that grows alone: an index or a lock. Of all services.',
          unit: units.seconds,
          min: 0,
          queries: [{ expr: quantile('$quantile', m.storeDuration, {}, labels.dbSummary), legend: `{{${labels.dbSummary}}}` }],
        }),
        lines({
          title: 'Cache hits',
          says: 'Share of look-ups that found something. A fall sends the load to the store. Of all services.',
          unit: units.ratio,
          min: 0,
          max: 1,
          queries: [{ expr: share(sum(rate(m.cacheRequests, { [labels.result]: 'hit' })), sum(rate(m.cacheRequests))), legend: 'hits' }],
        }),
      ],
    },
    {
      title: 'Process, of all services',
      panels: [
        lines({
          title: 'Event loop delay',
          says: `How long the event loop was held up, p99 of the last 5 to 10 s. Above ${millis(heldUpSeconds)} every latency of this process is late by as much.`,
          unit: units.seconds,
          min: 0,
          queries: [{ expr: max(series(m.loopDelayP99, serverJob), 'tier', 'instance'), legend: process }],
          limits: [{ from: heldUpSeconds, colour: 'bad' }],
        }),
        lines({
          title: 'Event loop in use',
          says: 'Share of the time that the event loop is active. Near 100% the process is full, whatever the processor says.',
          unit: units.ratio,
          min: 0,
          max: 1,
          queries: [{ expr: sum(rate(m.loopTime, { ...serverJob, [labels.loopState]: 'active' }), 'tier', 'instance'), legend: process }],
          limits: [{ from: 0.8, colour: 'warning' }],
        }),
        lines({
          title: 'Processor',
          says: 'Cores in use. Above 1 a Node process works on more than its event loop: collections, compression.',
          unit: units.count,
          min: 0,
          queries: [{ expr: sum(rate(foreign.cpu, serverJob), 'tier', 'instance'), legend: process }],
        }),
        lines({
          title: 'Memory',
          says: 'Resident memory. It may grow with the data; one that grows with the time alone is a leak.',
          unit: units.bytes,
          min: 0,
          queries: [{ expr: max(series(foreign.residentBytes, serverJob), 'tier', 'instance'), legend: process }],
        }),
        lines({
          title: 'Heap in use',
          says: 'Share of the heap that is used. Near 100% for long: collections become frequent.',
          unit: units.ratio,
          min: 0,
          max: 1,
          queries: [
            {
              expr: `${max(series(foreign.heapUsedBytes, serverJob), 'tier', 'instance')} / ${max(series(foreign.heapTotalBytes, serverJob), 'tier', 'instance')}`,
              legend: process,
            },
          ],
        }),
        lines({
          title: 'Collections',
          says: 'Share of the time that garbage collections take, by kind. Above 5% they show in the tails of latency.',
          unit: units.ratio,
          min: 0,
          queries: [{ expr: sum(rate(`${foreign.gcDuration}_sum`, serverJob), 'kind'), legend: '{{kind}}' }],
          limits: [{ from: 0.05, colour: 'warning' }],
        }),
      ],
    },
  ],
});

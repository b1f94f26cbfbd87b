import { foreignMetricNames as foreign, metricLabels as labels, metricNames as m } from '../../scenarios/names.ts';
import { board } from '../build/board.ts';
import { units } from '../build/look.ts';
import { scrapedEvery } from '../build/panel.ts';
import { figure, lines } from '../build/panels.ts';
import { inRange, max, orNone, orZero, rate, series, sum } from '../build/promql.ts';
import { table, traces } from '../build/tables.ts';
import { serverJob } from './filters.ts';

const target = '{{job}} {{instance}}';

/** A failed scrape leaves a fresh sample of 0, so only answers count. What is no target any more is missed by nobody. */
function oldestAnswer(): string {
  const up = series(foreign.up, serverJob);
  return max(`time() - max_over_time((timestamp(${up}) and ${up} == 1)[$__range:2s]) and on (job, instance) ${up}`);
}

export const telemetry = board({
  name: 'telemetry',
  says: 'Can the other boards be believed? Spans kept, exported and lost, exemplars, and how fresh the scrapes are.',
  sections: [
    {
      title: 'Can it be believed?',
      panels: [
        figure({
          title: 'Spans lost',
          says: 'By the servers, in the time shown: no room, or the collector did not take them. Above 0 a trace that is not there proves nothing. See the collector below.',
          unit: units.count,
          decimals: 0,
          queries: [{ expr: orZero(sum(inRange(m.spansDropped))) }],
          limits: [{ from: 1, colour: 'bad' }],
        }),
        figure({
          title: 'Exports failed',
          says: 'Batches of spans that could not be sent, in the time shown. The collector is down, full, or refuses.',
          unit: units.count,
          decimals: 0,
          queries: [{ expr: orZero(sum(inRange(m.spanExportsFailed))) }],
          limits: [{ from: 1, colour: 'bad' }],
        }),
        figure({
          title: 'Targets up',
          says: 'Share of the server processes that answer Prometheus. One that is down shows as a gap everywhere; the table of targets below names it.',
          unit: units.ratio,
          decimals: 0,
          queries: [{ expr: `avg(${series(foreign.up, serverJob)})` }],
          limits: [{ from: 1, colour: 'good' }],
        }),
        figure({
          title: 'Oldest scrape',
          says: 'Age of the last scrape that a server answered, of the one that answered longest ago. Above a few seconds everything here is old.',
          unit: units.seconds,
          decimals: 1,
          queries: [{ expr: oldestAnswer() }],
          limits: [
            { from: 5, colour: 'warning' },
            { from: 15, colour: 'bad' },
          ],
        }),
        figure({
          title: 'Exemplars',
          says: 'Stored per second: dots on latency panels that open traces. 0 under load: Prometheus runs without --enable-feature=exemplar-storage, or no trace is sampled.',
          unit: units.perSecond,
          decimals: 2,
          queries: [{ expr: orZero(sum(rate(foreign.exemplarsAppended))), scrapedEvery }],
        }),
        figure({
          title: "Scrape's hold",
          says: 'Longest time that a scrape held the event loop of a server. Above 2 ms scraping itself makes answers late.',
          unit: units.seconds,
          decimals: 2,
          queries: [{ expr: max(series(m.scrapePiece)) }],
          limits: [{ from: 0.002, colour: 'warning' }],
        }),
      ],
    },
    {
      title: 'Spans of the server',
      panels: [
        lines({
          title: 'Spans exported and lost',
          says: 'Per second. Lost rises with exported: the exporter is at its ceiling, see docs/telemetry.md.',
          unit: units.perSecond,
          min: 0,
          queries: [
            { expr: orZero(sum(rate(m.spansExported))), legend: 'exported' },
            { expr: orZero(sum(rate(m.spansDropped))), legend: 'lost' },
          ],
          colours: { exported: 'good', lost: 'bad' },
        }),
        lines({
          title: 'Spans that wait',
          says: 'For their export. At 20,480 further ones are lost.',
          unit: units.count,
          min: 0,
          queries: [{ expr: orZero(sum(series(m.spansQueued))), legend: 'waiting' }],
          limits: [{ from: 20_480, colour: 'bad' }],
        }),
        lines({
          title: 'Traces kept, by reason',
          says: 'At the end of their response, per second: sampled by the caller, failed, or slower than the promise of their class.',
          unit: units.perSecond,
          min: 0,
          stack: 'amount',
          queries: [{ expr: orNone(sum(rate(m.tracesKept), labels.reason), labels.reason), legend: `{{${labels.reason}}}` }],
          colours: { sampled: 'good', failed: 'bad', slow: 'warning' },
        }),
        lines({
          title: 'Records held',
          says: 'Of requests whose spans were not exported, in case a run asks for them at its end; and those that had to go for newer ones, per second. Evicted within a run: its slowest may have no trace.',
          unit: units.count,
          min: 0,
          queries: [
            { expr: orZero(sum(series(m.tracesHeld))), legend: 'held' },
            { expr: orZero(sum(rate(m.tracesEvicted))), legend: 'evicted/s' },
          ],
        }),
        traces({
          title: 'Failed traces',
          says: 'The latest traces with an error, of any tier: open one to see where it began.',
          width: 16,
          query: '{ resource.service.namespace = "plumbline" && status = error }',
        }),
      ],
    },
    {
      title: 'Collector',
      panels: [
        lines({
          title: 'Collector: spans in and out',
          says: 'Accepted, refused and passed on, per second. Passed on is fewer than accepted by what tail sampling leaves out. No data: no collector runs here.',
          unit: units.perSecond,
          width: 12,
          min: 0,
          queries: [
            { expr: sum(rate(foreign.collectorAccepted)), legend: 'accepted', scrapedEvery },
            { expr: sum(rate(foreign.collectorSent)), legend: 'passed on', scrapedEvery },
            { expr: orZero(sum(rate(foreign.collectorRefused))), legend: 'refused', scrapedEvery },
          ],
          colours: { accepted: 'good', 'passed on': 'client', refused: 'bad' },
        }),
        lines({
          title: 'Collector: could not pass on',
          says: 'Spans per second that the trace back end did not take. They are tried again for five minutes, then lost.',
          unit: units.perSecond,
          width: 12,
          min: 0,
          queries: [{ expr: orZero(sum(rate(foreign.collectorSendFailed))), legend: 'failed', scrapedEvery }],
          colours: { failed: 'bad' },
        }),
      ],
    },
    {
      title: 'Scrapes',
      panels: [
        lines({
          title: 'How long a scrape takes',
          says: 'By target. Above the interval of a second, scrapes are missed.',
          unit: units.seconds,
          min: 0,
          queries: [{ expr: max(series(foreign.scrapeDuration, { job: '~server|driver|collector|spans' }), 'job', 'instance'), legend: target }],
          limits: [{ from: 1, colour: 'bad' }],
        }),
        lines({
          title: 'Samples a scrape',
          says: 'By target. It grows with operations that are used and then stays; one that only climbs is a label without bound.',
          unit: units.count,
          min: 0,
          queries: [{ expr: max(series(foreign.scrapeSamples, { job: '~server|driver|collector|spans' }), 'job', 'instance'), legend: target }],
        }),
        table({
          title: 'Targets',
          says: 'Whether each answers now (1), by job. driver is a run while it lasts.',
          width: 8,
          queries: [{ expr: max(series(foreign.up), 'job', 'instance') }],
          columns: [
            { of: 'job', title: 'Job' },
            { of: 'instance', title: 'Instance' },
            { of: 'A', title: 'Up', values: { 0: { text: 'down', colour: 'bad' }, 1: { text: 'up', colour: 'good' } } },
          ],
          sortBy: 'Job',
          ascending: true,
        }),
      ],
    },
  ],
});

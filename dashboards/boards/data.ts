import { metricLabels as labels, metricNames as m } from '../../scenarios/names.ts';
import { board } from '../build/board.ts';
import { units } from '../build/look.ts';
import { mappingsOf } from '../build/panel.ts';
import { figure, lines } from '../build/panels.ts';
import { inRange, max, orZero, quantile, rate, series, share, sum } from '../build/promql.ts';

const byChannel = `{{${labels.channel}}}`;
const byKind = `{{${labels.kind}}}`;
const byEnd = `{{${labels.kind}}} {{${labels.outcome}}}`;
const lookUps = sum(rate(m.cacheRequests));
/** Every server tells the whole queue. */
const jobsIn = (state: string, ...by: string[]): string => max(series(m.jobs, { [labels.state]: state }), ...by);

export const data = board({
  name: 'data',
  says: 'Is what was acknowledged kept and seen: writes lost, reads behind, the replica, the cache, jobs, and connections to the database.',
  sections: [
    {
      title: 'Is it kept, and seen?',
      panels: [
        figure({
          title: 'Writes lost',
          says: 'Acknowledged prompts that a later one took the place of, in the time shown. Above 0 a user lost a message: choose another conflict policy, or session reads (docs/data-layer.md).',
          unit: units.count,
          decimals: 0,
          queries: [{ expr: orZero(sum(inRange(m.lostWrites))) }],
          limits: [{ from: 1, colour: 'bad' }],
        }),
        figure({
          title: 'Stale reads',
          says: 'Reads of a conversation that lacked a committed change of it, in the time shown. What a user does on what such a read shows is how writes are lost.',
          unit: units.count,
          decimals: 0,
          queries: [{ expr: orZero(sum(inRange(m.staleReads))) }],
          limits: [{ from: 1, colour: 'warning' }],
        }),
        figure({
          title: 'Behind',
          says: 'Committed changes that are not on the replica now, of both channels. One that only climbs: the replica is paused, gone, or slower than the writes.',
          unit: units.count,
          decimals: 0,
          queries: [{ expr: sum(series(m.replicationBacklog)) }],
        }),
        figure({
          title: 'Cache',
          says: 'Whether it answers. Away: Redis is gone, and every look-up goes to the store.',
          unit: units.plain,
          queries: [{ expr: `min(${series(m.cacheUp)})` }],
          mappings: mappingsOf({ 0: { text: 'away', colour: 'bad' }, 1: { text: 'up', colour: 'good' } }),
        }),
        figure({
          title: 'Jobs failed',
          says: 'In the queue now, after eight attempts: a title, an ingestion or a version of an artifact that will not come. Their last error is in the table of jobs.',
          unit: units.count,
          decimals: 0,
          queries: [{ expr: sum(jobsIn('failed', labels.kind)) }],
          limits: [{ from: 1, colour: 'bad' }],
        }),
        figure({
          title: 'Refused',
          says: 'For want of a connection, in the time shown: each was a 503. The pool is too small, or something holds its connections.',
          unit: units.count,
          decimals: 0,
          queries: [{ expr: orZero(sum(inRange(m.storeRefused))) }],
          limits: [{ from: 1, colour: 'bad' }],
        }),
      ],
    },
    {
      title: 'Replica',
      panels: [
        lines({
          title: 'Lag, by channel',
          says: 'The chosen quantile of the time from a commit to its being on the replica. Content far behind title is the stale window: a conversation is there without its messages.',
          unit: units.seconds,
          min: 0,
          queries: [{ expr: quantile('$quantile', m.replicationLag, {}, labels.channel), legend: byChannel }],
        }),
        lines({
          title: 'Changes that wait, by channel',
          says: 'Committed and not on the replica. About the writes a second times the lag; more than that: it does not keep up.',
          unit: units.count,
          min: 0,
          queries: [{ expr: sum(series(m.replicationBacklog), labels.channel), legend: byChannel }],
        }),
        lines({
          title: 'Changes applied, by channel',
          says: 'Per second. 0 while changes wait: it is paused, or gone.',
          unit: units.perSecond,
          min: 0,
          queries: [{ expr: sum(rate(`${m.replicationLag}_count`), labels.channel), legend: byChannel }],
        }),
        lines({
          title: 'Stale reads and lost writes',
          says: 'Per second. They come together where clients submit on what a stale read shows; lost without stale: two clients wrote at the same place.',
          unit: units.perSecond,
          width: 12,
          min: 0,
          queries: [
            { expr: orZero(sum(rate(m.staleReads))), legend: 'stale reads' },
            { expr: orZero(sum(rate(m.lostWrites))), legend: 'lost writes' },
          ],
          colours: { 'stale reads': 'warning', 'lost writes': 'bad' },
        }),
        lines({
          title: 'Content behind title',
          says: 'How much later the content of a conversation is seen than its title, median of each. It is how long a refresh shows an empty conversation.',
          unit: units.seconds,
          width: 12,
          queries: [{ expr: behindTitle(), legend: 'behind' }],
        }),
      ],
    },
    {
      title: 'Cache',
      panels: [
        lines({
          title: 'Look-ups, by result',
          says: 'Per second. A miss loads from the store. A bypass does, too, since Redis could not be asked.',
          unit: units.perSecond,
          width: 12,
          min: 0,
          stack: 'amount',
          queries: [{ expr: sum(rate(m.cacheRequests), labels.result), legend: `{{${labels.result}}}` }],
          colours: { hit: 'good', miss: 'gap', bypass: 'bad' },
        }),
        lines({
          title: 'Hit ratio',
          says: 'Share of look-ups that found something. It falls after a reset, with a short life of entries, or with Redis away: then the store has the load.',
          unit: units.ratio,
          width: 12,
          min: 0,
          max: 1,
          queries: [{ expr: share(sum(rate(m.cacheRequests, { [labels.result]: 'hit' })), lookUps), legend: 'hits' }],
          colours: { hits: 'cache' },
        }),
      ],
    },
    {
      title: 'Jobs',
      panels: [
        lines({
          title: 'Jobs in the queue',
          says: 'Not done, by kind: those that wait for their time or for a worker. A line that only climbs: nobody works, or each attempt fails.',
          unit: units.count,
          min: 0,
          queries: [{ expr: jobsIn('waiting', labels.kind), legend: byKind }],
        }),
        lines({
          title: 'Jobs ended',
          says: 'Per second, by kind and how. Failed is after eight attempts.',
          unit: units.perSecond,
          min: 0,
          queries: [{ expr: sum(rate(`${m.jobDuration}_count`), labels.kind, labels.outcome), legend: byEnd }],
        }),
        lines({
          title: 'From request to end',
          says: 'The chosen quantile by kind. Each has its own time by design (docs/data-layer.md); more than that: it waited for a worker, or was tried again.',
          unit: units.seconds,
          min: 0,
          queries: [{ expr: quantile('$quantile', m.jobDuration, {}, labels.kind), legend: byKind }],
        }),
      ],
    },
    {
      title: 'Database',
      panels: [
        lines({
          title: 'Connections',
          says: 'Of primary and replica together: in use, and queries that wait for one. All in use and some waiting: slow statements, or too small a pool. SQLite has one each.',
          unit: units.count,
          min: 0,
          queries: [
            { expr: sum(series(m.storeConnectionsBusy)), legend: 'busy' },
            { expr: sum(series(m.storeConnectionsWaiting)), legend: 'waiting' },
            { expr: sum(series(m.storeConnectionsLimit)), legend: 'limit' },
          ],
          colours: { busy: 'store', waiting: 'warning', limit: 'gap' },
        }),
        lines({
          title: 'Queries',
          says: 'Per second, of requests, on primary and replica.',
          unit: units.perSecond,
          min: 0,
          queries: [{ expr: sum(rate(`${m.storeDuration}_count`)), legend: 'queries' }],
          colours: { queries: 'store' },
        }),
        lines({
          title: 'Slowest queries',
          says: 'The chosen quantile of the five slowest, with the share of the profile that each waits for. One that grows alone: an index or a lock.',
          unit: units.seconds,
          min: 0,
          queries: [{ expr: `topk(5, ${quantile('$quantile', m.storeDuration, {}, labels.dbSummary)})`, legend: `{{${labels.dbSummary}}}` }],
        }),
      ],
    },
  ],
});

function behindTitle(): string {
  const median = (channel: string): string => quantile(0.5, m.replicationLag, { [labels.channel]: channel });
  return `${median('content')} - ${median('title')}`;
}

import { Counter, Gauge, type Registry } from 'prom-client';
import type { CacheCounts } from '../cache/cache.ts';
import { jobKindNames, jobStates } from '../jobs/job-names.ts';
import { metricLabels as labels, metricNames as names } from '../../scenarios/names.ts';

/** Busy, waiting, and how many there are; no limit where the latency profile sets none. */
export interface PoolLoad {
  busy: number;
  waiting: number;
  limit?: number;
}

/** Who tells what at a scrape. */
export interface ServerSources {
  openStreams(): number;
  inFlight(): number;
  /** By service; only those that the latency profile gives a bound. */
  workers(): Iterable<[string, PoolLoad]>;
  inference(): PoolLoad;
  /** Connections to the primary and to the replica. */
  storePools(): Readonly<Record<string, { busy: number; limit: number; waiting: number; refused: number }>>;
  cache(): CacheCounts & { isUp: boolean };
  /** Changes that are not on the replica, by channel. */
  replication(): Readonly<Record<string, number>>;
  /** The 99th percentile of the lag in force, by channel. */
  declaredLagMs(): Readonly<Record<string, number>>;
  /** Changes that did not fit the replica, since the start, by channel. */
  passedOver(): Readonly<Record<string, number>>;
  /** Acknowledged prompts that others took the place of, since the start or the last reset. */
  lostWrites(): number;
  /** Of the whole queue; what it does not name is 0. */
  jobs(): readonly { kind: string; state: string; count: number }[];
  jobsOverdueMs(): number;
  /** Since the start. */
  traces(): { exported: number; dropped: number; queued: number; failedExports: number; held: number; evicted: number };
  /** Name of the latency profile in force. */
  profile(): { version: string; profile: string };
}

export interface ServerCounters {
  requestsAborted: Counter;
  errorReplies: Counter;
  streams: Counter;
  streamStalls: Counter;
  streamStalled: Counter;
  staleReads: Counter;
  overruns: Counter;
  tracesKept: Counter;
}

export interface ServerGauges {
  counters: ServerCounters;
  gauges: { scrapePiece(seconds: () => number): void };
  watch(more: Partial<ServerSources>): void;
}

/** What is rarely counted, and what is asked for at a scrape. A source that nobody watches has no series. */
export function serverGauges(registry: Registry, given: Pick<ServerSources, 'openStreams' | 'inFlight'>): ServerGauges {
  const sources: Partial<ServerSources> = { ...given };
  const registers = [registry];
  const counter = (name: string, help: string, ...labelNames: string[]): Counter => new Counter({ name, help, labelNames, registers });
  const gauge = (name: string, help: string, labelNames: string[], collect: (self: Gauge) => void): void => {
    new Gauge({
      name,
      help,
      labelNames,
      registers,
      collect() {
        this.reset();
        collect(this);
      },
    });
  };
  const asked = (name: string, help: string, value: () => number | undefined): void => {
    gauge(name, help, [], (self) => {
      const now = value();
      if (now === undefined) self.remove();
      else self.set(now);
    });
  };
  /** A count that somebody else keeps. */
  const told = (name: string, help: string, labelNames: string[], values: () => Iterable<[Record<string, string>, number]>): void => {
    new Counter({
      name,
      help,
      labelNames,
      registers,
      collect() {
        this.reset();
        for (const [labelValues, value] of values()) this.inc(labelValues, value);
      },
    });
  };
  asked(names.requestsInFlight, 'Requests under way, streams among them.', () => sources.inFlight?.());
  asked(names.streamsActive, 'Event streams under way.', () => sources.openStreams?.());
  pools(gauge, sources);
  const ofStorePools = (name: string, help: string, of: 'busy' | 'limit' | 'waiting'): void =>
    gauge(name, help, [labels.pool], (self) => {
      for (const [pool, counts] of Object.entries(sources.storePools?.() ?? {})) self.set({ [labels.pool]: pool }, counts[of]);
    });
  ofStorePools(names.storeConnectionsBusy, 'Connections to the database that a query or transaction has.', 'busy');
  ofStorePools(names.storeConnectionsLimit, 'Connections to the database that there may be.', 'limit');
  ofStorePools(names.storeConnectionsWaiting, 'Queries that wait for a connection.', 'waiting');
  told(names.storeRefused, 'Queries that were refused for want of a connection.', [labels.pool], () =>
    Object.entries(sources.storePools?.() ?? {}).map(([pool, { refused }]) => [{ [labels.pool]: pool }, refused]),
  );
  told(
    names.cacheRequests,
    'Look-ups in the cache; a miss loads from the store, and so does a bypass, which could not ask: the cache was away.',
    [labels.result],
    () => {
      const counts = sources.cache?.();
      return counts
        ? [
            [{ [labels.result]: 'hit' }, counts.hits],
            [{ [labels.result]: 'miss' }, counts.misses],
            [{ [labels.result]: 'bypass' }, counts.bypassed],
          ]
        : [];
    },
  );
  asked(names.cacheEntries, 'Entries in the cache of this process; absent with Redis.', () => sources.cache?.().entries);
  asked(names.cacheUp, '1: the cache answers; 0: it is away, and everything is loaded from the store.', () =>
    sources.cache ? Number(sources.cache().isUp) : undefined,
  );
  gauge(names.replicationBacklog, 'Committed changes that are not on the replica.', [labels.channel], (self) => {
    for (const [channel, count] of Object.entries(sources.replication?.() ?? {})) self.set({ [labels.channel]: channel }, count);
  });
  gauge(names.replicationDeclaredLag, 'The lag of the replica that is declared now, 99th percentile.', [labels.channel], (self) => {
    for (const [channel, ms] of Object.entries(sources.declaredLagMs?.() ?? {})) self.set({ [labels.channel]: channel }, ms / 1_000);
  });
  told(names.replicationPassedOver, 'Changes that did not fit the replica: it lacks them until it is copied anew.', [labels.channel], () =>
    Object.entries(sources.passedOver?.() ?? {}).map(([channel, count]) => [{ [labels.channel]: channel }, count]),
  );
  told(names.lostWrites, 'Acknowledged prompts that another one took the place of.', [], () => (sources.lostWrites ? [[{}, sources.lostWrites()]] : []));
  gauge(names.jobs, 'Jobs in the queue that are not done, whichever server works on them, as of up to 2 s ago.', [labels.kind, labels.state], (self) => {
    if (!sources.jobs) return;
    for (const kind of jobKindNames) for (const state of jobStates) self.set({ [labels.kind]: kind, [labels.state]: state }, 0);
    for (const { kind, state, count } of sources.jobs()) self.set({ [labels.kind]: kind, [labels.state]: state }, count);
  });
  asked(names.jobsOverdue, 'How long the job that is overdue the longest has been due; 0: none is.', () =>
    sources.jobsOverdueMs ? sources.jobsOverdueMs() / 1_000 : undefined,
  );
  const trace = (name: string, help: string, of: (traces: ReturnType<ServerSources['traces']>) => number): void =>
    told(name, help, [], () => (sources.traces ? [[{}, of(sources.traces())]] : []));
  trace(names.spansExported, 'Spans that the collector took.', ({ exported }) => exported);
  trace(names.spansDropped, 'Spans lost: the queue was full, or their export failed.', ({ dropped }) => dropped);
  trace(names.spanExportsFailed, 'Batches of spans that could not be exported.', ({ failedExports }) => failedExports);
  trace(names.tracesEvicted, 'Hop records of requests that had to go for newer ones.', ({ evicted }) => evicted);
  asked(names.spansQueued, 'Spans that wait for their export.', () => sources.traces?.().queued);
  asked(names.tracesHeld, 'Hop records of requests whose spans were not exported, in case somebody asks.', () => sources.traces?.().held);
  gauge(names.info, 'Always 1: the version and the latency profile in force.', [labels.version, labels.profile], (self) => {
    if (sources.profile) self.set(sources.profile(), 1);
  });
  return {
    counters: {
      requestsAborted: counter(names.requestsAborted, 'Requests whose client went before the answer; they have no duration.', labels.operation),
      errorReplies: counter(
        names.errorReplies,
        'Answers in the error shape by their code, those that were refused before any operation among them.',
        labels.code,
      ),
      streams: counter(names.streams, 'Streams that ended: done, client_abort, server_error or drain.', labels.operation, labels.outcome),
      streamStalls: counter(names.streamStalls, 'Pauses in streams that the latency profile drew.', labels.operation),
      streamStalled: counter(names.streamStalled, 'Time of those pauses.', labels.operation),
      staleReads: counter(names.staleReads, 'Reads from the replica that lacked a committed change of their conversation.'),
      overruns: counter(names.overruns, 'Responses that real work made later than the latency profile intended.', labels.latencyClass),
      tracesKept: counter(names.tracesKept, 'Traces that were exported when their response ended, by why.', labels.reason),
    },
    gauges: {
      scrapePiece: (seconds) => asked(names.scrapePiece, 'Longest time that the scrape before this one held the event loop.', seconds),
    },
    watch(more) {
      Object.assign(sources, more);
    },
  };
}

type AddGauge = (name: string, help: string, labelNames: string[], collect: (self: Gauge) => void) => void;

function pools(gauge: AddGauge, sources: Partial<ServerSources>): void {
  const ofWorkers = (name: string, help: string, of: (load: PoolLoad) => number | undefined): void =>
    gauge(name, help, [labels.service], (self) => {
      for (const [service, load] of sources.workers?.() ?? []) {
        const value = of(load);
        if (value !== undefined) self.set({ [labels.service]: service }, value);
      }
    });
  ofWorkers(names.workersBusy, 'Workers of a service that are busy.', ({ busy }) => busy);
  ofWorkers(names.workersLimit, 'Workers that a service has.', ({ limit }) => limit);
  ofWorkers(names.workersWaiting, 'Requests that wait for a worker.', ({ waiting }) => waiting);
  const ofSlots = (name: string, help: string, of: (load: PoolLoad) => number | undefined): void =>
    gauge(name, help, [], (self) => {
      const value = sources.inference && of(sources.inference());
      if (value === undefined) self.remove();
      else self.set(value);
    });
  ofSlots(names.slotsBusy, 'Inference slots in use.', ({ busy }) => busy);
  ofSlots(names.slotsLimit, 'Inference slots there are; absent when the latency profile sets no bound.', ({ limit }) => limit);
  ofSlots(names.slotsWaiting, 'Completions that wait for a slot.', ({ waiting }) => waiting);
}

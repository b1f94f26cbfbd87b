import type { Registry } from 'prom-client';
import { BucketHistogram, type HistogramSeries } from '../../scenarios/bucket-histogram.ts';
import { coarseBuckets, latencyBuckets, signedBuckets } from '../../scenarios/buckets.ts';
import { collectedFamily, type MetricFamily, type MetricFormat, metricText } from '../../scenarios/metric-text.ts';
import { metricLabels as labels, metricNames as names } from '../../scenarios/names.ts';
import type { Operation } from '../../scenarios/operations.ts';
import type { LatencyClass } from '../../scenarios/types.ts';
import type { HopRecord } from '../exchange.ts';
import { jobKindNames } from '../jobs/job-names.ts';
import type { ReplicationChannel } from '../latency/profile.ts';
import { hopShares } from './hop-shares.ts';
import { serverGauges, type ServerSources } from './metrics-gauges.ts';
import { processMetrics } from './metrics-process.ts';
import { responseCounters, type ResponseFacts } from './response-counters.ts';
import type { KeptBecause, TraceRecord } from './trace-record.ts';

/** What the server counts of itself. The calls are for hot paths: well under a microsecond a value. Times are milliseconds. */
export interface Metrics {
  /** A response that is over. Why its trace is kept, if it is: then its values carry the trace's id as exemplar. */
  finished(record: TraceRecord, because: KeptBecause | undefined): void;
  /** How a response left; of a stream, when it has ended. */
  responded(operation: Operation, facts: ResponseFacts): void;
  /** The client went before its answer. */
  aborted(operation: Operation): void;
  /** Answered with the one error shape, by its code. */
  errorReply(code: string): void;
  lateness(latencyClass: LatencyClass, latenessMs: number, overran: boolean): void;
  /** Between two content events of a stream. */
  gap(operation: Operation, gapMs: number): void;
  /** A change came to the replica so long after its commit. */
  replicated(channel: ReplicationChannel, lagMs: number): void;
  /** A read from the replica that lacked a committed change of its conversation. */
  staleRead(): void;
  /** A job is over, so long after it was asked for. */
  jobEnded(kind: string, outcome: 'done' | 'failed', durationMs: number): void;
  /** Whoever has more to tell is asked at each scrape. */
  watch(sources: Partial<ServerSources>): void;
  /** In pieces of at most about half a millisecond, with the event loop free between them. */
  text(format: MetricFormat): AsyncGenerator<string>;
}

/** The loop is given free after so long; a scrape may hold it for 2 ms. */
const pieceMs = 0.5;
/** Codes of errors and names of queries come from code and profile, and are few. Beyond so many they are `other`, so that the labels stay bounded whatever comes. */
const mostNames = 64;

/** Refused at the door, before anybody knew what it was. */
const noOperation = 'none';

/** Registers nothing globally: several servers can live in one process. */
export function makeMetrics(sources: Pick<ServerSources, 'openStreams' | 'inFlight'>): Metrics {
  const families = histograms();
  const { registry, gauges, counters, watch } = collected(sources);
  const hops = hopSeries(families.hop);
  // There before the first one has ended.
  for (const kind of jobKindNames) families.jobs.series(kind, 'done');
  const shares = hopShares();
  const responses = responseCounters();
  const bounded = { codes: atMost(mostNames), queries: atMost(mostNames) };
  const requests = new Map<Operation | undefined, Map<number, HistogramSeries>>();
  const requestSeries = (operation: Operation | undefined, status: number): HistogramSeries => {
    const statusClass = Math.floor(status / 100);
    let ofOperation = requests.get(operation);
    if (!ofOperation) {
      ofOperation = new Map();
      requests.set(operation, ofOperation);
    }
    let series = ofOperation.get(statusClass);
    if (!series) {
      series = families.request.series(
        operation?.name ?? noOperation,
        operation?.service ?? noOperation,
        operation?.latencyClass ?? noOperation,
        `${statusClass}xx`,
      );
      ofOperation.set(statusClass, series);
    }
    return series;
  };
  const stream = (operation: Operation, facts: NonNullable<TraceRecord['stream']>, startMs: number, traceId: string | undefined): void => {
    counters.streams.inc({ [labels.operation]: operation.name, [labels.outcome]: facts.outcome });
    for (const { stallMs } of facts.stalls) {
      counters.streamStalls.inc({ [labels.operation]: operation.name });
      counters.streamStalled.inc({ [labels.operation]: operation.name }, stallMs / 1_000);
    }
    if (facts.firstMs === undefined) return;
    families.ttft.series(operation.name).observe((facts.firstMs - startMs) / 1_000, traceId);
    if (facts.lastMs !== undefined && facts.events > 1) {
      families.tpot.series(operation.name).observe((facts.lastMs - facts.firstMs) / (facts.events - 1) / 1_000, traceId);
    }
  };
  let largestPieceMs = 0;
  gauges.scrapePiece(() => largestPieceMs / 1_000);
  return {
    finished(record, because) {
      const { operation, startMs, status } = record;
      const traceId = because && record.traceId;
      if (because) counters.tracesKept.inc({ [labels.reason]: because });
      // A client that went before its answer would make the operation look fast: it is counted apart.
      if (status !== undefined) requestSeries(operation, status).observe((record.endMs - startMs) / 1_000, traceId);
      if (!operation) return;
      families.queueWait.series(operation.service).observe(record.queuedMs / 1_000);
      shares.add(operation, record);
      for (const hop of record.hops) {
        hops(hop, operation.latencyClass).observe((hop.endMs - hop.startMs) / 1_000);
        if (hop.dbSystem === undefined) continue;
        families.store.series(hop.dbSystem, bounded.queries(hop.name)).observe((hop.endMs - hop.startMs - (hop.queuedMs ?? 0)) / 1_000);
      }
      if (record.stream) stream(operation, record.stream, startMs, traceId);
    },
    responded: responses.add,
    aborted: (operation) => counters.requestsAborted.inc({ [labels.operation]: operation.name }),
    errorReply: (code) => counters.errorReplies.inc({ [labels.code]: bounded.codes(code) }),
    lateness(latencyClass, latenessMs, overran) {
      families.lateness.series(latencyClass).observe(latenessMs / 1_000);
      if (overran) counters.overruns.inc({ [labels.latencyClass]: latencyClass });
    },
    replicated: (channel, lagMs) => families.replicationLag.series(channel).observe(lagMs / 1_000),
    staleRead: () => counters.staleReads.inc(),
    jobEnded: (kind, outcome, durationMs) => families.jobs.series(kind, outcome).observe(durationMs / 1_000),
    gap: (operation, gapMs) => families.gap.series(operation.name).observe(gapMs / 1_000),
    watch,
    async *text(format) {
      let largestMs = 0;
      const others = registry.getMetricsAsArray().map(({ name }): MetricFamily => collectedFamily(name, () => registry.getSingleMetric(name)?.get()));
      yield* metricText([...Object.values(families), shares.family, ...responses.families, ...others], format, {
        now: () => performance.now(),
        pieceMs,
        pause: () => new Promise((resolve) => setImmediate(resolve)),
        onPiece(ms) {
          if (ms > largestMs) largestMs = ms;
        },
      });
      largestPieceMs = largestMs;
    },
  };
}

/** Counts nothing: what metrics cost is measured against this. */
export function noMetrics(): Metrics {
  const nothing = (): void => undefined;
  return {
    finished: nothing,
    responded: nothing,
    aborted: nothing,
    errorReply: nothing,
    lateness: nothing,
    gap: nothing,
    replicated: nothing,
    staleRead: nothing,
    jobEnded: nothing,
    watch: nothing,
    text: (format) => metricText([], format, { now: () => performance.now(), pieceMs, pause: () => Promise.resolve() }),
  };
}

function histograms() {
  const family = (name: string, help: string, labelNames: readonly string[], buckets: readonly number[]): BucketHistogram =>
    new BucketHistogram({ name, help, labels: labelNames, buckets });
  return {
    request: family(
      names.requestDuration,
      'From arrival to the last byte handed to the socket, by operation. A stream counts to its end.',
      [labels.operation, labels.service, labels.latencyClass, labels.statusClass],
      latencyBuckets,
    ),
    hop: family(
      names.hopDuration,
      'Time in a tier and everything behind it; of the outer tiers of a stream, to its end.',
      [labels.hop, labels.latencyClass, labels.outcome],
      coarseBuckets,
    ),
    store: family(
      names.storeDuration,
      'A query, with the share of the latency profile that it waits for, and without waiting for a connection.',
      [labels.dbSystem, labels.dbSummary],
      coarseBuckets,
    ),
    replicationLag: family(names.replicationLag, 'From the commit of a change to its being on the replica.', [labels.channel], latencyBuckets),
    jobs: family(names.jobDuration, 'From the request that asked for a job to its end.', [labels.kind, labels.outcome], coarseBuckets),
    queueWait: family(
      names.queueWait,
      'Waiting of a request for a worker, a connection to the database or an inference slot; 0 when one was free.',
      [labels.service],
      coarseBuckets,
    ),
    ttft: family(names.ttft, 'From arrival to the first content event; counted when the stream ends.', [labels.operation], latencyBuckets),
    tpot: family(
      names.tpot,
      '(last content event - first) / (content events - 1) of a stream; an event stands for a token.',
      [labels.operation],
      latencyBuckets,
    ),
    gap: family(names.streamGap, 'Between two content events of a stream, counted as they leave.', [labels.operation], latencyBuckets),
    lateness: family(
      names.lateness,
      'When a response or a content event left minus when the latency profile intended it; below zero it was early.',
      [labels.latencyClass],
      signedBuckets,
    ),
  };
}

/** Series of the hops, found without building a key. */
function hopSeries(family: BucketHistogram): (hop: HopRecord, latencyClass: LatencyClass) => HistogramSeries {
  type Outcomes = Partial<Record<HopRecord['outcome'], HistogramSeries>>;
  const known: Partial<Record<HopRecord['hop'], Partial<Record<LatencyClass, Outcomes>>>> = {};
  return ({ hop, outcome }, latencyClass) => {
    const found = known[hop]?.[latencyClass]?.[outcome];
    if (found) return found;
    const series = family.series(hop, latencyClass, outcome);
    known[hop] = { ...known[hop], [latencyClass]: { ...known[hop]?.[latencyClass], [outcome]: series } };
    return series;
  };
}

function collected(sources: Pick<ServerSources, 'openStreams' | 'inFlight'>): ReturnType<typeof serverGauges> & { registry: Registry } {
  const registry = processMetrics();
  return { registry, ...serverGauges(registry, sources) };
}

/** The name itself for the first so many, then `other`. */
function atMost(count: number): (name: string) => string {
  const seen = new Set<string>();
  return (name) => {
    if (seen.has(name)) return name;
    if (seen.size >= count) return 'other';
    seen.add(name);
    return name;
  };
}

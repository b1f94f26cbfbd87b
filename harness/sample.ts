import type { LatencyClass } from '../scenarios/types.ts';

/** `aborted`: the client went away, as the scenario said or because the run was stopped. `dropped`: due, never sent. */
export type Outcome = 'ok' | 'failed' | 'timeout' | 'aborted' | 'dropped';
export type Phase = 'warm-up' | 'measured';
export type DriverName = 'native' | 'autocannon' | 'k6';

/** What the server says it did for this request (`Server-Timing`; for streams the closing truth event). Milliseconds, absent where it does not say. */
export interface Truth {
  /** The draw: from arrival to the last byte handed to the socket. Streams: to the last event. */
  intendedMs?: number;
  actualMs?: number;
  /** Streams: to the first content event. */
  intendedFirstMs?: number;
  actualFirstMs?: number;
  /** Waiting for a free worker or slot: load, not draw. */
  queuedMs?: number;
  /** Name, start and end from arrival, intended share. */
  hops?: HopTiming[];
  /** Streams: intended and actual time of each event from arrival. */
  events?: { intendedMs: number[]; actualMs: number[] };
}
export interface HopTiming {
  hop: string;
  startMs?: number;
  /** Of a store: when what it wrote was committed, as the lag of a replica counts. */
  commitMs?: number;
  durationMs: number;
  intendedMs?: number;
}

/**
 * One request. Owned by neither driver nor recorder. Times are milliseconds from the run's start on the one monotonic clock.
 * What a driver cannot measure is absent, never zero.
 */
export interface Sample {
  kind: 'request';
  scenario: string;
  driver: DriverName;
  phase: Phase;
  epoch?: number;
  side?: 'a' | 'b';
  /** Unique in the leg. */
  journeyId: number;
  journey: string;
  step: string;
  /** The parent that ended last. */
  parentStep?: string;
  operation: string;
  latencyClass?: LatencyClass;
  method: string;
  pathTemplate: string;
  origin: string;
  /** What the draw on the server is keyed by. */
  requestKey: string;
  /** When the schedule (or the last parent plus delay) said it should leave. Absent where the generator has no schedule. */
  intendedAtMs?: number;
  /** When it left the schedule and, where the driver tells it apart, the wait for a free connection; a connection opened for it is set up from here on. Absent when it was never sent. */
  sentAtMs?: number;
  /** Waiting for a free connection by the journey's rules; part of latency, not schedule lag. */
  queuedMs?: number;
  /** TCP and TLS set-up of the connection that was opened for this request, inside sent to end. Absent where one was there already, where it did not come about, and where the driver cannot tell. */
  connectMs?: number;
  reusedConnection?: boolean;
  headersAtMs?: number;
  firstByteAtMs?: number;
  firstContentAtMs?: number;
  lastContentAtMs?: number;
  endedAtMs?: number;
  contentEvents?: number;
  maxGapMs?: number;
  /** Sparse counts of gaps between content events in whole microseconds buckets of `gapBucketUs` width on a log scale: [value in us, count]. */
  gapsUs?: [number, number][];
  /** Per-event content times, for a seeded share of streams and the slowest few. */
  eventTimesMs?: number[];
  status?: number;
  outcome: Outcome;
  /** One line, for `failed` and `timeout`: what was seen and what was expected. */
  error?: string;
  /** Body bytes as they crossed the wire (compressed). */
  bytes?: number;
  encoding?: string;
  cacheStatus?: string;
  /** `http/1.1` or `h2`. */
  protocol?: string;
  /** The trace of the server's spans: the one that was sent, or the server's own, where it starts one and says so. */
  traceId?: string;
  /** The trace that was sent in `traceparent`, where the server started another. */
  sentTraceId?: string;
  /** The caller's span in `traceparent`: the parent of the server's. */
  clientSpanId?: string;
  /** Whether `traceId` is head-sampled: the flag that was sent, or what the server says of its own. Absent: it began one and did not say. */
  sampled?: boolean;
  requestId?: string;
  truth?: Truth;
}

/** One journey: its milestones and end. */
export interface JourneySample {
  kind: 'journey';
  scenario: string;
  driver: DriverName;
  phase: Phase;
  journeyId: number;
  journey: string;
  intendedAtMs: number;
  endedAtMs: number;
  outcome: Outcome;
  /** Milliseconds from intendedAtMs. Only those reached. */
  milestonesMs: Record<string, number>;
  requests: number;
  bytes: number;
  connections: number;
  /** Work steps, for waterfalls: step id -> start and end, ms from the run's start. */
  work?: { step: string; startMs: number; endMs: number }[];
  /** The chain of steps that determined the end. */
  criticalPath?: string[];
}

export type AnySample = Sample | JourneySample;

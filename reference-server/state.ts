import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { DeadlineClock } from './latency/deadline-clock.ts';
import { type LatenessRecorder, latenessRecorder } from './latency/lateness.ts';
import type { LatencyProfile, ReplicationProfile } from './latency/profile.ts';
import type { TracePolicy } from './edge/trace.ts';
import { DataAccount } from './data-account.ts';
import type { SlowRules } from './slowness.ts';
import { type DataPolicies, observedPolicies } from './policies.ts';
import { type Afterwards, afterwards as makeAfterwards } from './telemetry/afterwards.ts';
import { type Metrics, makeMetrics, noMetrics } from './telemetry/metrics.ts';
import { makeTracing, type Tracing } from './telemetry/tracing.ts';

/** Of the timer that measures the loop's delay. */
export const loopDelayResolutionMs = 10;

export interface StreamCounts {
  opened: number;
  completed: number;
  aborted: number;
  slowReaders: number;
}

/** What the whole server shares: one of each a server, so that several can live in one process in tests. */
export interface ServerState {
  readonly clock: DeadlineClock;
  /** In force; the control port changes them. */
  policies: Readonly<DataPolicies>;
  readonly data: DataAccount;
  /** How long the answer to a request with an idempotency key is kept. */
  idempotencyTtlMs: number;
  /** Lags that the control port put in the place of the profile's; gone with the profile. */
  replicationLags: Readonly<Partial<ReplicationProfile>>;
  /** In force; swapped whole. Requests keep the draw that they arrived with. */
  profile: LatencyProfile;
  readonly lateness: LatenessRecorder;
  readonly loopDelay: ReturnType<typeof monitorEventLoopDelay>;
  readonly streams: StreamCounts;
  readonly metrics: Metrics;
  readonly tracing: Tracing;
  readonly afterwards: Afterwards;
  readonly tracePolicy: TracePolicy;
  readonly altSvc: string | undefined;
  /** Made on purpose, with `--slow`; undefined: nothing is. */
  slowRules?: SlowRules;
  /** Streams under way. */
  readonly open: Set<{ abort(): void }>;
  /** Requests under way, streams among them. */
  inFlight: number;
  /** Nothing leaves before this time, event or response: a stall, made on the control port. */
  stalledUntilMs: number;
  draining: boolean;
  /** Undefined: ready. Else the code of why not, and a sentence. */
  unready(): Promise<{ status: string; reason?: string } | undefined>;
  /** What is not as it should be, though the server serves: each a sentence, or undefined. */
  readonly troubles: (() => string | undefined)[];
  cpuFrom: NodeJS.CpuUsage;
  /** Called when the data are reset: whoever keeps something made of them drops it. */
  readonly onReset: (() => void)[];
  onFault(error: unknown): void;
}

/** A day. */
export const defaultIdempotencyTtlMs = 86_400_000;

export const defaultTracePolicy: TracePolicy = { mode: 'trust', ratio: 0.05 };

/** What is recorded is told to the metrics, too. */
function told(recorder: LatenessRecorder, metrics: Metrics): LatenessRecorder {
  return {
    ...recorder,
    record(latencyClass, latenessMs, overran = false) {
      recorder.record(latencyClass, latenessMs, overran);
      metrics.lateness(latencyClass, latenessMs, overran);
    },
  };
}

/** Whoever asks is told of everything up to now. */
function upToDate(metrics: Metrics, tracing: Tracing, { run }: Afterwards): { metrics: Metrics; tracing: Tracing } {
  const after =
    <In extends unknown[], Out>(ask: (...given: In) => Out) =>
    (...given: In): Out => {
      run();
      return ask(...given);
    };
  return {
    metrics: { ...metrics, text: after(metrics.text) },
    tracing: { ...tracing, keep: after(tracing.keep), health: after(tracing.health), flush: after(tracing.flush), stop: after(tracing.stop) },
  };
}

export function makeState(
  clock: DeadlineClock,
  profile: LatencyProfile,
  altSvc: string | undefined,
  tracePolicy = defaultTracePolicy,
  countsMetrics = true,
): ServerState {
  const loopDelay = monitorEventLoopDelay({ resolution: loopDelayResolutionMs });
  loopDelay.enable();
  const open = new Set<{ abort(): void }>();
  const onFault = (error: unknown): void => {
    process.stderr.write(`plumbline reference server: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  };
  const afterwards = makeAfterwards((error) => state.onFault(error));
  const counted = countsMetrics ? makeMetrics({ openStreams: () => open.size, inFlight: () => state.inFlight }) : noMetrics();
  const { metrics, tracing } = upToDate(counted, makeTracing(), afterwards);
  metrics.watch({ traces: () => tracing.health() });
  const state: ServerState = {
    clock,
    profile,
    policies: observedPolicies,
    data: new DataAccount(),
    idempotencyTtlMs: defaultIdempotencyTtlMs,
    replicationLags: {},
    lateness: told(latenessRecorder(), metrics),
    loopDelay,
    streams: { opened: 0, completed: 0, aborted: 0, slowReaders: 0 },
    metrics,
    tracing,
    afterwards,
    tracePolicy,
    altSvc,
    open,
    inFlight: 0,
    stalledUntilMs: 0,
    draining: false,
    unready: async () => (state.draining ? { status: 'draining' } : undefined),
    troubles: [],
    cpuFrom: process.cpuUsage(),
    onReset: [],
    onFault,
  };
  return state;
}

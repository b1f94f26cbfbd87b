import type { LatencyClass, Load, Objective } from '../../scenarios/types.ts';
import type { DriveReport } from '../drive/driver.ts';
import type { Findings } from './findings.ts';
import type { DriverName, JourneySample, Outcome, Sample } from '../sample.ts';

/** `results/<run>/run.json`. Milliseconds unless named otherwise; absent means not available. */
export interface RunFile {
  schema: 'plumbline.run/1';
  runId: string;
  /** ISO 8601, wall clock; everything else counts from it on the monotonic clock. */
  startedAt: string;
  durationMs: number;
  /** Stopped early by a signal; what was measured until then is here. */
  interrupted: boolean;
  plumbline: string;
  tools: Record<string, string>;
  machine: Machine;
  seed: number;
  target: RunTarget;
  legs: LegResult[];
  /** The server's own account over the run, where it has a control port. */
  server?: ServerAccount;
  /** What became of the traces. Absent: they were switched off, or an earlier version wrote this. */
  telemetry?: Telemetry;
  /** What went wrong beside the load, one line each: no account of a server that has gone, samples that could not be written. Absent: nothing. */
  notes?: string[];
  /** Of a study (`consistency`, `resubmit`, `retry`): what it found beside its load. Absent: it was none. */
  findings?: Findings;
  verdict: RunVerdict;
}

/** Spans are in `spans.ndjson`. A trace is whole when it leads from the driver's span inwards and no span's parent is missing. */
export interface Telemetry {
  /**
   * `complete`: every trace that the report asks for is whole and no span was dropped. `none`: no span of a server came. `elsewhere`: they were not sent here, and
   * nothing is known to be lost; whether they are whole is not checked.
   */
  traces: 'complete' | 'partial' | 'none' | 'elsewhere';
  /** In the file, the driver's own included. */
  spans: number;
  /** Of those, what servers sent. */
  serverSpans: number;
  /** Traces that the report asks for: the slowest, those at the upper quantiles, those of the median journey. */
  asked: number;
  /** Of those, the whole ones. */
  whole: number;
  /** Spans that the server or the receiver had to drop in this run. Above 0, a span that is missing in a trace says nothing. */
  dropped: number;
  /** Requests whose server started a trace of its own. */
  restarted: number;
  /** Where the server's spans went, as it says, when that was not our own receiver. */
  endpoint?: string;
  /** Where the driver's spans were sent as well; `fault`: why they are not all there. */
  driverSpans?: { endpoint: string; fault?: string };
  /** Where a trace can be opened. Absent: nobody said. */
  backend?: TraceBackend;
  /** What is incomplete, and why. */
  notes: string[];
}

export interface TraceBackend {
  /** `template`: given by hand, with `--trace-url`. */
  kind: 'jaeger' | 'grafana-tempo' | 'template';
  /** An http(s) URL with `{traceId}` in it; `{fromMs}` and `{toMs}` stand for a time around the request, milliseconds since 1970. */
  url: string;
}

export interface Machine {
  cpu: string;
  cores: number;
  memoryBytes: number;
  os: string;
  node: string;
}

export interface RunTarget {
  url: string;
  kind: 'reference' | 'foreign';
  protocol: string;
  profile?: { name: string; seed: number; hash: string };
}

export interface ServerAccount {
  loopDelay: { p50Ms: number; p99Ms: number; maxMs: number };
  /** When things left minus when the profile intended it. */
  lateness?: Distribution;
  overruns: number;
  rssBytes: number;
  cpuMs: number;
  streams: { opened: number; completed: number; aborted: number };
}

export type Verdict = 'pass' | 'fail' | 'inconclusive' | 'invalid';
export interface RunVerdict {
  verdict: Verdict;
  /** One line each, with the number and the bound. */
  reasons: string[];
}

export interface LegResult {
  id: string;
  scenario: string;
  description: string;
  driver: DriverName;
  model: 'open' | 'closed';
  /** What `latency`, `headers`, `ttfb`, `ttft` and `total` count from: `sent` when any measured request had no intended send time. */
  latencyFrom?: 'intended' | 'sent';
  load: Load;
  warmupMs: number;
  durationMs: number;
  totals: Totals;
  operations: OperationResult[];
  /** The same metrics pooled by latency class. */
  classes: Partial<Record<LatencyClass, MetricSet>>;
  all: MetricSet;
  journeys: JourneyResult[];
  series: SecondRow[];
  validity: Validity;
  objectives: ObjectiveResult[];
  /** Slowest measured requests, by latency, slowest first: at most 20 of plain requests and 20 of streams. */
  slowest: Sample[];
  /** Requests that took about as long as the upper quantiles say, by class and by operation (the busiest). Absent: written by an earlier version. */
  exemplars?: Exemplar[];
  /** Requests that were due in a second and took about as long as its p99, at most 100 over the run. Absent: written by an earlier version. */
  secondExemplars?: SecondExemplar[];
  /** Requests, warm-up included, whose server started a trace of its own instead of the one that was sent. Absent: none. */
  restartedTraces?: number;
  /** A seeded share of streams with event times, for stream timelines. */
  streams: Sample[];
  /** Requests of a study's findings, for their traces. Absent: none. */
  kept?: Sample[];
  /** The median and the slowest journey with all their requests, for waterfalls. */
  waterfalls: { label: string; journey: JourneySample; requests: Sample[] }[];
  driverReport: DriveReport;
  /** Why it failed (its set-up or its driver), in one line: what was measured until then is here, and the leg is invalid. Absent: it ran. */
  failure?: string;
  /** Counts of requests by kind of error line, worst first, at most 20. */
  errors: ErrorGroup[];
}

export interface ErrorGroup {
  error: string;
  count: number;
  example: string;
  /** The request of the example. Absent: written by an earlier version. */
  sample?: Sample;
}

/** A request within some 5% of a quantile of latency. */
export interface Exemplar {
  /** `all`, a latency class or an operation. */
  group: string;
  q: number;
  /** The quantile. */
  ms: number;
  sample: Sample;
}

export interface SecondExemplar {
  second: number;
  p99Ms: number;
  sample: Sample;
}

/** What the recorder hands over: a leg before it is judged. */
export type LegMeasurement = Omit<LegResult, 'validity' | 'objectives'>;

export interface Totals {
  counts: Record<Outcome, number>;
  bytes: number;
  contentEvents: number;
  /** Requests that were due in the measured phase per second, and those sent. Offered is absent in a closed loop. */
  offeredPerSecond?: number;
  achievedPerSecond: number;
  /** Requests per second that ended ok and met every latency objective that covers them. */
  goodputPerSecond: number;
  goodputRatio: number;
  errorRatio: number;
  protocols: Record<string, number>;
  cacheStatus: Record<string, number>;
  encodings: Record<string, number>;
}

export interface OperationResult {
  operation: string;
  latencyClass?: LatencyClass;
  method: string;
  pathTemplate: string;
  origin: string;
  counts: Record<Outcome, number>;
  statuses: Record<string, number>;
  bytes: number;
  /** As in Totals, of this operation. */
  goodputRatio?: number;
  metrics: MetricSet;
  /** The profile's own quantiles for this operation, where the server tells: [quantile, ms]. */
  declared?: [number, number][];
}

/**
 * latency and ttfb, ttft count from the intended send time (from sent where there is no schedule: `from` says so).
 * gap pools every gap between content events. connect: TCP and TLS set-up, of the requests that a connection was opened for.
 * exchangeTime = serviceTime - connect: what compares with the server's times. residual = exchangeTime - truth.intended. lateness = truth.actual - truth.intended - truth.queued.
 * measurementError = exchangeTime - truth.actual, an upper bound of the harness' own error. Where the driver cannot time connect, it stays inside all three.
 */
export type MetricName =
  | 'latency'
  | 'serviceTime'
  | 'exchangeTime'
  | 'scheduleLag'
  | 'queued'
  | 'connect'
  | 'headers'
  | 'ttfb'
  | 'ttft'
  | 'tpot'
  | 'gap'
  | 'maxGap'
  | 'total'
  | 'residual'
  | 'lateness'
  | 'measurementError'
  | 'intended'
  | 'actual';
export type MetricSet = Partial<Record<MetricName, Distribution>>;

/** A distribution that merges without loss. */
export interface Distribution {
  n: number;
  meanMs: number;
  minMs: number;
  maxMs: number;
  /** Values below zero: counted apart, in a histogram of their own magnitude; never clamped. */
  negatives: number;
  /** Of the n, those cut off by a timeout: the true value is at least what is recorded. Absent: none. */
  censored?: number;
  quantiles: QuantileValue[];
  /** HDR histograms of integer microseconds, compressed V2 base64: of values >= 0, and of magnitudes of negatives. */
  histogram: string;
  negativeHistogram?: string;
}

export interface QuantileValue {
  q: number;
  ms: number;
  /** 95% confidence interval from order statistics; each end is absent when n is too small for it. */
  lowMs?: number;
  highMs?: number;
  /** False when n is too small for this quantile (p99 under 1,000; in general n (1-q) under 10). */
  enough: boolean;
}

export interface JourneyResult {
  journey: string;
  counts: Record<Outcome, number>;
  duration: Distribution;
  milestones: Record<string, Distribution>;
  requestsPerJourney: number;
  connectionsPerJourney: number;
}

/** One second of a leg. */
export interface SecondRow {
  /** Seconds from the run's start. */
  second: number;
  phase: 'warm-up' | 'measured';
  due: number;
  sent: number;
  ok: number;
  failed: number;
  dropped: number;
  inFlight: number;
  p50Ms?: number;
  p95Ms?: number;
  p99Ms?: number;
  ttftP50Ms?: number;
  ttftP95Ms?: number;
}

export interface Validity {
  valid: boolean;
  checks: ValidityCheck[];
}
export interface ValidityCheck {
  name: 'failed' | 'scheduleLag' | 'achieved' | 'dropped' | 'loopDelay' | 'interrupted' | 'samples';
  ok: boolean;
  /** Absent: the driver cannot tell; then the check is not applied and says so. */
  value?: number;
  limit?: number;
  unit: 'ms' | 'ratio' | 'count';
  text: string;
}

export interface ObjectiveResult {
  objective: Objective;
  /** Human form, `latency p95 of crud <= 700 ms`. */
  text: string;
  verdict: 'pass' | 'fail' | 'inconclusive';
  /** False: not applied to this leg (closed loop, or the driver cannot measure it), `reason` says why. It does not count towards the run's verdict. Absent: judged. */
  judged?: boolean;
  value?: number;
  lowValue?: number;
  highValue?: number;
  n: number;
  reason?: string;
}

/**
 * The scenario file: what users do, how often, and what is expected of it. Plain data.
 * A scenario file may only `import type` from here: k6 loads the same file.
 */

/** How a latency is judged: a CDN asset, cached metadata, a database operation, a streamed completion. */
export type LatencyClass = 'static' | 'metadata' | 'crud' | 'completion';
export type HttpMethod = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'HEAD';
/** Where content events are found in a stream; see `sse-dialects.ts`. */
export type StreamDialect = 'plumbline' | 'anthropic' | 'openai' | 'plain';
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Arrivals. Rates count journeys per second. `closed` is a closed loop: it is labelled so and judged on errors only. */
export type Load =
  | { kind: 'constant'; ratePerSecond: number }
  | { kind: 'poisson'; ratePerSecond: number }
  /** Linear from the previous rate (first: `startRatePerSecond`) to each stage's rate over its duration. */
  | { kind: 'ramp'; startRatePerSecond: number; stages: { ratePerSecond: number; durationMs: number }[] }
  | { kind: 'closed'; vus: number; thinkMs?: number };

interface StepBase {
  /** Unique in its journey. */
  id: string;
  /** Ids of the steps that must have ended first. Absent: the step before it in the list (the first has none). `[]`: at the journey's start. */
  after?: string[];
  /** Wait after the last parent ended. Part of the intended send time, so not lag. Default 0. */
  delayMs?: number;
}

/** A request. `{name}` in `path` is filled from `params`, else from the variable of that name; `{{name}}` in any other string is the variable. */
export interface RequestStep extends StepBase {
  /** Operation name, free to choose. One of `operations.ts` supplies `method`, `path`, `origin`, `latencyClass` and `stream`. */
  operation: string;
  method?: HttpMethod;
  path?: string;
  /** Name of an origin in the scenario's `origins`; default `app`. */
  origin?: string;
  latencyClass?: LatencyClass;
  params?: Record<string, string>;
  query?: Record<string, string | number | boolean>;
  headers?: Record<string, string>;
  /** Sent as JSON. */
  body?: Json;
  /** Sent as it is, instead of `body`; give `headers['content-type']`. */
  bodyText?: string;
  /** The response is a server-sent event stream in this dialect. */
  stream?: StreamDialect;
  /** Statuses that count as ok. Default: 200 to 299, and 304. */
  expectStatus?: number[];
  /** Variable <- where it is found: `body.a.b.0.c`, `header.<name>`, `cookie.<name>`. A capture that finds nothing fails the request. */
  capture?: Record<string, string>;
  /** The client goes away after so many content events (outcome `aborted`, which is then expected). */
  abortAfterEvents?: number;
}

/** Time the client itself needs (parse, compile, execute), declared, with where the number came from. Holds no connection. */
export interface WorkStep extends StepBase {
  workMs: number;
  source: string;
}

export type Step = RequestStep | WorkStep;

/** One page load or one user's session: steps with parents. */
export interface Journey {
  name: string;
  /** Share among the scenario's journeys; default 1. */
  weight?: number;
  steps: Step[];
  /** Named moments: when the last of these steps has ended (`domContentLoaded`, `load`). Milliseconds from the journey's intended start. */
  milestones?: Record<string, string[]>;
  /** `browser`: fresh connections for each journey, 6 an origin on HTTP/1.1, one on HTTP/2. `shared` (default): idle connections are reused, a new one is opened when none is idle. */
  connections?: 'browser' | 'shared';
}

/**
 * What is measured for each request. Milliseconds, from the intended send time unless it says otherwise.
 * ttfb: first byte of the response. ttft: first content event. tpot: (last content - first content) / (content events - 1), an event is not a token.
 * maxGap: the longest time between two consecutive content events. serviceTime: end minus sent.
 * residual: serviceTime minus the set-up of a connection opened for the request (where the driver times it) minus the intended draw of that request.
 */
export type LatencyMetric = 'latency' | 'serviceTime' | 'ttfb' | 'ttft' | 'tpot' | 'maxGap' | 'residual';
export type RatioMetric = 'errorRatio' | 'goodputRatio' | 'achievedRatio';

/**
 * A promise: `{metric: 'latency', latencyClass: 'crud', quantile: 0.95, max: 700}` (ms), `{metric: 'errorRatio', max: 0.001}`,
 * `{metric: 'milestone', milestone: 'load', quantile: 0.5, max: 2300}`. Without operation or class it covers every request of the scenario.
 */
export interface Objective {
  metric: LatencyMetric | RatioMetric | 'milestone';
  operation?: string;
  latencyClass?: LatencyClass;
  milestone?: string;
  /** In (0, 1); needed for latencies and milestones. */
  quantile?: number;
  max?: number;
  min?: number;
}

export interface Scenario {
  name: string;
  description: string;
  /** Origin name -> host name sent as Host or :authority. All connect to the target's address. An origin that is absent is the target itself. */
  origins?: Record<string, string>;
  load: Load;
  /** Sent and recorded as phase `warm-up`, outside every result. Default 0. */
  warmupMs?: number;
  durationMs: number;
  /** How many times `setup` runs, once a user, before the load; arrival i is user i mod users. Default 1. */
  users?: number;
  /** Run in order before the load, not measured; captures become the user's variables. A failing step stops the run. */
  setup?: RequestStep[];
  /** Variables every user starts with. */
  variables?: Record<string, string>;
  /** Sent with every request. */
  headers?: Record<string, string>;
  journeys: Journey[];
  objectives: Objective[];
  /** Requests of this scenario in flight at most; what is due beyond it is dropped and counted. Default 10,000. */
  maxInFlight?: number;
  /** Default 30,000. */
  timeoutMs?: number;
  /** `plumbline gate`: journeys a second that each side gets on average, both sides taking turns or being up at once. Default: what `load` offers. */
  gate?: { ratePerSecond: number };
}

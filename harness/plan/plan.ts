import type { DriverName } from '../sample.ts';
import type { Load, Scenario } from '../../scenarios/types.ts';

/** One scenario under one driver inside a run. */
export interface Leg {
  /** `<scenario>/<driver>`, unique in the run. */
  id: string;
  scenario: Scenario;
  /** The file the scenario came from. Absolute. */
  scenarioFile: string;
  driver: DriverName;
  load: Load;
  warmupMs: number;
  durationMs: number;
  maxInFlight: number;
  timeoutMs: number;
  users: number;
  /** Arrivals that were decided one by one, in place of those that follow from `load` (which then only says how fast they come at most). Native driver only. */
  timetable?: Timetable;
}

export interface Timetable {
  /** When the leg starts, on the run's clock: legs that are to keep step with one another are given the same time, a little ahead. */
  startAtMs: number;
  /** By time, warm-up (before `warmupMs`) and measured; milliseconds from the start. `journey` is an index into the scenario's journeys. */
  arrivals: readonly TimetableEntry[];
}
export interface TimetableEntry {
  atMs: number;
  journey: number;
}

/** Everything a run will do, decided before anything is sent. Frozen. */
export interface Plan {
  runId: string;
  seed: number;
  target: Target;
  /** Stages run one after another; the legs of one stage run at the same time. */
  stages: Leg[][];
  /** Requests at most, over all legs; absent: no budget. */
  maxRequests?: number;
  /** Share of requests whose trace is sampled (the flag in `traceparent`); default 0.05. */
  traceSampleRatio?: number;
  /** Streams at once on one shared HTTP/2 connection of the native driver, before it opens another; whole, at least 1; default 100. The server's own limit holds as well. */
  h2StreamsPerConnection?: number;
}

export interface Target {
  /** Origin only, no path. */
  url: string;
  /** `h2` over TLS, or HTTP/1.1 with or without TLS, as the URL says. */
  protocol: 'http/1.1' | 'h2';
  /** Accept the certificate of a development server on loopback. */
  insecureTls: boolean;
  controlUrl?: string;
}

import type { Load, Scenario } from '../types.ts';

/** What one k6 process is to do with a scenario. Plain JSON: the driver writes it to a file that the script opens. */
export interface LegSettings {
  runId: string;
  seed: number;
  /** Origin only, no path. */
  targetUrl: string;
  insecureTls: boolean;
  /** False keeps TLS to HTTP/1.1's connection rules. */
  http2: boolean;
  load: Load;
  warmupMs: number;
  durationMs: number;
  timeoutMs: number;
  /** Virtual users at most: each holds one journey. */
  maxVus: number;
  /** Requests at most; absent: no budget. */
  maxRequests?: number;
  /** Share of requests whose traces are sampled. */
  traceSampleRatio: number;
  /** Signed in by the harness; absent: the script does it in `setup()`. */
  users?: Record<string, string>[];
  userCount: number;
  /** On every point of k6's own metrics, where they go somewhere. */
  tags?: Record<string, string>;
}

/** How many users share the load when the scenario does not say. */
export function userCountOf(scenario: Scenario): number {
  return scenario.users ?? 1;
}

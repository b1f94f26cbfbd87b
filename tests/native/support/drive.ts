/** Drives one leg with the native driver against any URL, and starts small servers. */
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { DriveReport } from '../../../harness/drive/driver.ts';
import { nativeDriver } from '../../../harness/drive/native/driver.ts';
import type { Leg, Plan } from '../../../harness/plan/plan.ts';
import type { JourneySample, Sample } from '../../../harness/sample.ts';
import type { RequestStep, Scenario, Step } from '../../../scenarios/types.ts';

export interface Driven {
  requests: Sample[];
  journeys: JourneySample[];
  report: DriveReport;
  /** `performance.now()` at the run's start. */
  startMs: number;
}

export interface DriveOptions {
  leg?: Partial<Leg>;
  plan?: Partial<Plan>;
  users?: Record<string, string>[];
  signal?: AbortSignal;
}

export function get(id: string, path: string, rest: Partial<RequestStep> = {}): RequestStep {
  return { id, operation: `test.${id}`, method: 'GET', path, ...rest };
}

export function scenarioOf(steps: Step[], rest: Partial<Scenario> = {}): Scenario {
  return {
    name: 'test',
    description: '',
    load: { kind: 'constant', ratePerSecond: 10 },
    durationMs: 1_000,
    journeys: [{ name: 'only', steps }],
    objectives: [],
    ...rest,
  };
}

/** A scenario of exactly `count` arrivals, 1 ms apart. */
export function times(count: number, steps: Step[], rest: Partial<Scenario> = {}): Scenario {
  return scenarioOf(steps, { load: { kind: 'constant', ratePerSecond: 1_000 }, durationMs: count - 0.5, ...rest });
}

export function legOf(scenario: Scenario, changes: Partial<Leg> = {}): Leg {
  return {
    id: `${scenario.name}/native`,
    scenario,
    scenarioFile: '/nowhere',
    driver: 'native',
    load: scenario.load,
    warmupMs: scenario.warmupMs ?? 0,
    durationMs: scenario.durationMs,
    maxInFlight: scenario.maxInFlight ?? 10_000,
    timeoutMs: scenario.timeoutMs ?? 30_000,
    users: scenario.users ?? 1,
    ...changes,
  };
}

export function planOf(url: string, leg: Leg, changes: Partial<Plan> = {}): Plan {
  return { runId: 'run-1', seed: 7, target: { url, protocol: 'http/1.1', insecureTls: false }, stages: [[leg]], ...changes };
}

export async function drive(scenario: Scenario, url: string, options: DriveOptions = {}): Promise<Driven> {
  const leg = legOf(scenario, options.leg);
  const startMs = performance.now();
  const requests: Sample[] = [];
  const journeys: JourneySample[] = [];
  const report = await nativeDriver.drive(leg, {
    plan: planOf(url, leg, options.plan),
    clock: { now: () => performance.now() - startMs },
    users: options.users ?? [{}],
    signal: options.signal ?? new AbortController().signal,
    emit(sample) {
      if (sample.kind === 'request') requests.push(sample);
      else journeys.push(sample);
    },
    progress: () => undefined,
  });
  return { requests, journeys, report, startMs };
}

export interface TestServer {
  url: string;
  server: Server;
  connections(): number;
  stop(): Promise<void>;
}

export async function serve(handler: (request: IncomingMessage, response: ServerResponse) => void): Promise<TestServer> {
  let connections = 0;
  const server = createServer({ keepAliveTimeout: 30_000 }, handler);
  server.on('connection', () => {
    connections += 1;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    server,
    connections: () => connections,
    async stop() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

export async function until(condition: () => boolean, what: string, timeoutMs = 10_000): Promise<void> {
  const endMs = performance.now() + timeoutMs;
  while (!condition()) {
    if (performance.now() > endMs) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await sleep(5);
  }
}

export function latencyOf(sample: Sample): number {
  return (sample.endedAtMs ?? Number.NaN) - (sample.intendedAtMs ?? Number.NaN);
}

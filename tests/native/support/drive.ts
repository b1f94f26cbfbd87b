/** Drives one leg with the native driver against any URL, and starts small servers. */
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { nativeDriver } from '../../../harness/drive/native/driver.ts';
import type { Leg } from '../../../harness/plan/plan.ts';
import type { Sample } from '../../../harness/sample.ts';
import type { RequestStep, Scenario, Step } from '../../../scenarios/types.ts';
import { type Driven, driveLeg, type DriveOptions, legOf as anyLegOf } from '../../support/driven.ts';

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
  return anyLegOf('native', scenario, '/nowhere', changes);
}

export function drive(scenario: Scenario, url: string, options: DriveOptions = {}): Promise<Driven> {
  return driveLeg(nativeDriver, legOf(scenario, options.leg), url, options);
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

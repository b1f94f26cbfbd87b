/** The three drivers measure the same: fixed keyed requests at 50/s, below saturation, against the reference server. Control: one that is 20 ms late is found. */
import { createServer, connect, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { autocannonDriver } from '../../harness/drive/autocannon/driver.ts';
import type { Driver } from '../../harness/drive/driver.ts';
import { k6Driver } from '../../harness/drive/k6/driver.ts';
import { nativeDriver } from '../../harness/drive/native/driver.ts';
import { makeUsers } from '../../harness/drive/users.ts';
import type { Sample } from '../../harness/sample.ts';
import { type ServerProcess, startServerProcess } from '../../harness/server-process.ts';
import { sessionHeaders, signIn } from '../../scenarios/session.ts';
import type { RequestStep, Scenario } from '../../scenarios/types.ts';
import { driveLeg, legOf, planOf } from '../support/driven.ts';
import { requireTool } from '../support/tools.ts';
import { disagreements, quantileOf, residualsOf } from './residuals.ts';

/** Short ones: far from a second, which autocannon's connections have for each. */
const operations = ['settings.features.read', 'projects.list', 'chat.conversations.count'];
const scenario: Scenario = {
  name: 'agreement',
  description: 'Plain reads, one a journey.',
  load: { kind: 'constant', ratePerSecond: 50 },
  warmupMs: 1_500,
  durationMs: 7_000,
  users: 4,
  setup: [signIn],
  journeys: operations.map((operation) => ({ name: operation, steps: [{ id: operation, operation, headers: sessionHeaders } satisfies RequestStep] })),
  objectives: [],
};
const delayMs = 20;

/** Passes bytes on, those of the server so much later. */
async function lateProxy(targetPort: number): Promise<{ url: string; stop(): void }> {
  const sockets = new Set<Socket>();
  const proxy = createServer((client) => {
    const server = connect(targetPort, '127.0.0.1');
    for (const socket of [client, server]) {
      sockets.add(socket);
      socket.setNoDelay(true).on('error', () => socket.destroy());
    }
    client.pipe(server);
    server.on('data', (chunk: Buffer) => setTimeout(() => client.write(chunk), delayMs));
    server.on('close', () => client.destroy());
  });
  await new Promise<void>((done) => proxy.listen(0, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    stop() {
      proxy.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

const k6Path = requireTool('k6');

describe.skipIf(k6Path === undefined)('three drivers, one truth', () => {
  let server: ServerProcess | undefined;
  const measured = new Map<string, Map<string, number[]>>();

  const measure = async (driver: Driver, url: string): Promise<Sample[]> => {
    const leg = legOf(driver.name, scenario, '/in/no/file.ts', { maxInFlight: 1_000, timeoutMs: 10_000 });
    const plan = { runId: 'agreement', seed: 5 };
    const users = await makeUsers(leg, planOf(url, leg, plan), new AbortController().signal);
    return (await driveLeg(driver, leg, url, { plan, users: [...users] })).requests;
  };

  beforeAll(async () => {
    server = await startServerProcess({ profile: 'observed', seed: 11 });
  }, 30_000);
  afterAll(async () => {
    await server?.stop();
  });

  // Of some 110 values the p95 is the sixth from above: other work on the machine for a second parts the drivers there. A driver that is wrong is wrong each time.
  it('agree on every operation: residuals within 3 ms at the median and 10 ms at p95', { timeout: 120_000, retry: 2 }, async () => {
    measured.clear();
    const draws = new Map<string, number>();
    // At the same time, so that whatever else the machine does meets all three alike.
    const drivers = [nativeDriver, autocannonDriver, k6Driver(k6Path === undefined ? {} : { k6Path })];
    const all = await Promise.all(drivers.map((driver) => measure(driver, server?.url ?? '')));
    for (const [index, samples] of all.entries()) {
      const wrong = samples.filter(({ outcome }) => outcome !== 'ok').map(({ operation, error }) => `${operation}: ${error}`);
      expect([...new Set(wrong)].slice(0, 3)).toEqual([]);
      measured.set(drivers[index]?.name ?? '', residualsOf(samples));
      // The same key draws the same, whoever sends it.
      for (const { requestKey: key, truth } of samples) {
        expect(truth?.intendedMs, key).toBeGreaterThan(0);
        const before = draws.get(key);
        if (before === undefined) draws.set(key, truth?.intendedMs ?? Number.NaN);
        else expect(truth?.intendedMs, key).toBe(before);
      }
    }
    for (const [driver, residuals] of measured) {
      for (const [operation, values] of residuals)
        console.log(
          `${driver} ${operation}: n ${values.length}, residual p50 ${quantileOf(values, 0.5).toFixed(2)} ms, p95 ${quantileOf(values, 0.95).toFixed(2)} ms`,
        );
    }
    expect([...(measured.get('native')?.keys() ?? [])].sort()).toEqual([...operations].sort());
    expect(disagreements(measured)).toEqual([]);
  });

  it('find a driver that is 20 ms late (control)', { timeout: 60_000 }, async () => {
    const proxy = await lateProxy(Number(new URL(server?.url ?? '').port));
    try {
      const late = residualsOf(await measure(nativeDriver, proxy.url));
      const faults = disagreements(new Map([...measured, ['late', late]]));
      for (const operation of operations)
        expect(
          faults.some((fault) => fault.startsWith(`${operation}: median`)),
          faults.join('\n'),
        ).toBe(true);
    } finally {
      proxy.stop();
    }
  });
});

/** The three drivers measure the same: fixed keyed requests at 50/s, below saturation, against the reference server. Control: one that is 20 ms late is found. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, connect, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { autocannonDriver } from '../../harness/drive/autocannon/driver.ts';
import type { Driver } from '../../harness/drive/driver.ts';
import { k6Driver } from '../../harness/drive/k6/driver.ts';
import { nativeDriver } from '../../harness/drive/native/driver.ts';
import { makeUsers } from '../../harness/drive/users.ts';
import type { Leg, Plan } from '../../harness/plan/plan.ts';
import type { Sample } from '../../harness/sample.ts';
import { type ServerProcess, startServerProcess } from '../../harness/server-process.ts';
import type { RequestStep, Scenario } from '../../scenarios/types.ts';
import { requireTool } from '../support/tools.ts';
import { disagreements, quantileOf, residualsOf } from './residuals.ts';

/** 200 ms each in the mean, so that 10 connections are 50/s. */
const operations = ['settings.features.read', 'projects.list', 'chat.conversations.count'];
const cookie = { cookie: 'sessionKey={{session}}' };
const scenario: Scenario = {
  name: 'agreement',
  description: 'Plain reads, one a journey.',
  load: { kind: 'constant', ratePerSecond: 50 },
  warmupMs: 1_500,
  durationMs: 7_000,
  users: 4,
  setup: [
    {
      id: 'sign-in',
      operation: 'account.sign_in',
      body: { email: 'user-{{user}}@example.com', device_id: '{{uuid}}' },
      capture: { org_uuid: 'body.account.memberships.0.organization.uuid', session: 'cookie.sessionKey' },
    },
  ],
  journeys: operations.map((operation) => ({ name: operation, steps: [{ id: operation, operation, headers: cookie } satisfies RequestStep] })),
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
  let folder: string;
  const measured = new Map<string, Map<string, number[]>>();

  const measure = async (driver: Driver, url: string): Promise<Sample[]> => {
    const leg: Leg = {
      id: `agreement/${driver.name}`,
      scenario,
      scenarioFile: join(folder, 'agreement.ts'),
      driver: driver.name,
      // Held to a rate, autocannon sends a second's requests all at its beginning: a burst that the server would show. 10 connections that never wait are 50/s here, evenly.
      load: driver.name === 'autocannon' ? { kind: 'closed', vus: 10 } : scenario.load,
      warmupMs: scenario.warmupMs ?? 0,
      durationMs: scenario.durationMs,
      maxInFlight: 1_000,
      timeoutMs: 10_000,
      users: scenario.users ?? 1,
    };
    const plan: Plan = { runId: 'agreement', seed: 5, target: { url, protocol: 'http/1.1', insecureTls: false }, stages: [[leg]] };
    const { signal } = new AbortController();
    const users = await makeUsers(leg, plan, signal);
    const startMs = performance.now();
    const samples: Sample[] = [];
    await driver.drive(leg, {
      plan,
      clock: { now: () => performance.now() - startMs },
      users,
      signal,
      emit: (sample) => {
        if (sample.kind === 'request') samples.push(sample);
      },
      progress: () => undefined,
    });
    return samples;
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'plumbline-agreement-'));
    await writeFile(join(folder, 'agreement.ts'), `export default ${JSON.stringify(scenario)};\n`);
    server = await startServerProcess({ profile: 'observed', seed: 11 });
  }, 30_000);
  afterAll(async () => {
    await server?.stop();
    await rm(folder, { recursive: true, force: true });
  });

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

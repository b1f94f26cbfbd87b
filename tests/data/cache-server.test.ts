/** The cache behind the public port: servers that share a Redis, and one whose Redis is gone. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { readConfig } from '../../reference-server/config.ts';
import { type RunningServer, startServer } from '../../reference-server/server.ts';
import { metricNames } from '../../scenarios/names.ts';
import { signIn, type User } from '../operations/client.ts';
import { until } from '../stack/parts.ts';
import { startRedis } from '../support/redis.ts';
import { metricLines, metricValue } from '../telemetry/metric-lines.ts';

const redis = await startRedis();
const folder = mkdtempSync(join(tmpdir(), 'plumbline-cache-'));
const servers: RunningServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
});
afterAll(async () => {
  await redis?.stop();
  rmSync(folder, { recursive: true });
});

const numberOf = async ({ url }: RunningServer, metric: string, labels: Record<string, string> = {}): Promise<number | undefined> =>
  metricValue(metricLines(await (await fetch(`${url}/metrics`)).text()), metric, labels);
const ready = async ({ url }: RunningServer): Promise<[number, { status: string; troubles?: string[] }]> => {
  const response = await fetch(`${url}/readyz`);
  return [response.status, (await response.json()) as { status: string; troubles?: string[] }];
};
const customStyles = async (user: User): Promise<string[]> => {
  const { status, json } = await user.call('settings.styles.list');
  expect(status).toBe(200);
  return (json as { custom: { name: string }[] }).custom.map(({ name }) => name);
};

test('--redis and REDIS_URL name it, and what is no URL of one is refused without being shown', () => {
  expect(readConfig([], { REDIS_URL: 'redis://cache:6379/2' }).redis).toBe('redis://cache:6379/2');
  expect(readConfig(['--redis', 'rediss://near:6380'], { REDIS_URL: 'redis://cache:6379' }).redis).toBe('rediss://near:6380');
  expect(readConfig([], { REDIS_URL: '' }).redis).toBeUndefined();
  expect(() => readConfig([], { REDIS_URL: 'http://secret@cache' })).toThrow(/^--redis or REDIS_URL: not a URL of Redis, such as redis:\/\/127\.0\.0\.1:6379$/);
});

test('without one a server caches for itself, and a write is seen at once', async () => {
  const server = await startServer({ profile: 'instant' });
  servers.push(server);
  const user = await signIn(server.url, 'owner@example.com');
  const before = await customStyles(user);
  expect(await customStyles(user)).toEqual(before);
  await user.call('settings.styles.create', { body: { name: 'Terse', prompt: 'Few words.' } });
  expect(await customStyles(user)).toEqual([...before, 'Terse']);
  expect(await ready(server)).toEqual([200, { status: 'ready' }]);
  expect(await numberOf(server, metricNames.cacheUp)).toBe(1);
});

describe.skipIf(!redis)('Redis', () => {
  const there = redis as NonNullable<typeof redis>;
  const start = async (data?: string, mayBeAway = false): Promise<RunningServer> => {
    const server = await startServer({ profile: 'instant', redis: there.url, ...(data !== undefined && { data: join(folder, data) }) });
    servers.push(server);
    if (mayBeAway) return server;
    await until('it has its Redis', async () => ((await numberOf(server, metricNames.cacheUp)) === 1 ? true : undefined));
    return server;
  };

  test('servers on the same data share it: one loads, and a write at one is seen at the other', async () => {
    const [one, other] = [await start('shared.sqlite'), await start('shared.sqlite')];
    const [here, elsewhere] = [await signIn(one.url, 'owner@example.com'), await signIn(other.url, 'owner@example.com')];
    const before = await customStyles(here);
    expect(await customStyles(elsewhere)).toEqual(before);
    expect(await numberOf(other, metricNames.cacheRequests, { result: 'hit' })).toBe(1);
    await elsewhere.call('settings.styles.create', { body: { name: 'Of the other', prompt: 'x' } });
    expect(await customStyles(here)).toEqual([...before, 'Of the other']);
    await here.call('settings.styles.create', { body: { name: 'Of the one', prompt: 'x' } });
    expect(await customStyles(elsewhere)).toEqual([...before, 'Of the other', 'Of the one']);
    expect(await numberOf(one, metricNames.cacheEntries)).toBeUndefined();
  });

  test('servers on data of their own do not see one another, and a reset of the data drops what was cached', async () => {
    const [one, other] = [await start(), await start()];
    const [here, elsewhere] = [await signIn(one.url, 'owner@example.com'), await signIn(other.url, 'owner@example.com')];
    const seeded = await customStyles(here);
    await here.call('settings.styles.create', { body: { name: 'Here alone', prompt: 'x' } });
    expect(await customStyles(here)).toEqual([...seeded, 'Here alone']);
    expect(await customStyles(elsewhere)).toEqual(seeded);
    await fetch(`${one.controlUrl}/reset`, { method: 'POST' });
    expect(await customStyles(await signIn(one.url, 'owner@example.com'))).toEqual(seeded);
  });

  test('gone: requests are served from the store, ready and metrics say so; back: it is used again', async () => {
    const server = await start();
    const user = await signIn(server.url, 'owner@example.com');
    const before = await customStyles(user);
    await there.kill();
    await until('it is noticed', async () => ((await numberOf(server, metricNames.cacheUp)) === 0 ? true : undefined));
    expect(await customStyles(user)).toEqual(before);
    expect((await user.call('settings.features.read')).status).toBe(200);
    expect(await numberOf(server, metricNames.cacheRequests, { result: 'bypass' })).toBe(2);
    expect(await ready(server)).toEqual([
      200,
      { status: 'ready', troubles: [expect.stringMatching(/^cache: Redis is away, and what it would have is loaded from the store \(.+\)$/)] },
    ]);
    // What is written meanwhile is not hidden by what Redis had.
    await user.call('settings.styles.create', { body: { name: 'Meanwhile', prompt: 'x' } });
    expect(await customStyles(user)).toEqual([...before, 'Meanwhile']);
    await there.start();
    await until('it is back', async () => ((await numberOf(server, metricNames.cacheUp)) === 1 ? true : undefined));
    expect(await ready(server)).toEqual([200, { status: 'ready' }]);
    for (let time = 0; time < 2; time += 1) expect(await customStyles(user)).toEqual([...before, 'Meanwhile']);
    expect(await numberOf(server, metricNames.cacheRequests, { result: 'hit' })).toBe(1);
  });

  test('a server starts without it, and its wait for it is short', async () => {
    await there.kill();
    const fromMs = performance.now();
    const server = await start(undefined, true);
    expect(performance.now() - fromMs).toBeLessThan(10_000);
    expect((await ready(server))[0]).toBe(200);
    const user = await signIn(server.url, 'owner@example.com');
    expect(await customStyles(user)).toEqual(expect.any(Array));
    await there.start();
    await until('it is found', async () => ((await numberOf(server, metricNames.cacheUp)) === 1 ? true : undefined));
  });
});

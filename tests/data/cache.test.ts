/** What services expect of a cache, the same for that of a process and for Redis; and what Redis does when several processes share it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import type { ReadThroughCache } from '../../reference-server/cache/cache.ts';
import { lruCache } from '../../reference-server/cache/lru.ts';
import { redisCache } from '../../reference-server/cache/redis.ts';
import { startRedis } from '../support/redis.ts';
import { until } from '../stack/parts.ts';

const redis = await startRedis();
const opened: ReadThroughCache[] = [];
let namespaces = 0;
afterEach(() => {
  for (const cache of opened.splice(0)) cache.close();
});
afterAll(() => redis?.stop());

interface Kind {
  name: string;
  isHere: boolean;
  open(ttlMs?: number): Promise<ReadThroughCache>;
}
const hour = 3_600_000;
/** On a busy machine anything takes long: only what tests these bounds has those of a server. */
const patient = { commandMs: 20_000, waitMs: 20_000 };

async function ofRedis(ttlMs = hour, namespace?: string, limits: { commandMs?: number; waitMs?: number } = patient): Promise<ReadThroughCache> {
  namespaces += 1;
  if (!redis) throw new Error('there is no Redis here');
  const cache = await redisCache({ url: redis.url, namespace: namespace ?? `own-${namespaces}`, ttlMs, ...limits });
  opened.push(cache);
  // It waits for its connection for a second only.
  await until('it is connected', async () => (cache.trouble() === undefined ? true : undefined));
  return cache;
}

/** Loads that are counted, and end when they are told to. */
function loader<T>(value: T): { load: () => Promise<T>; loads: () => number; finish(): void } {
  let count = 0;
  let finish = (): void => undefined;
  const gate = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const load = async (): Promise<T> => {
    count += 1;
    await gate;
    return value;
  };
  return { load, loads: () => count, finish: () => finish() };
}

const kinds: Kind[] = [
  { name: 'in process', isHere: true, open: async (ttlMs = hour) => lruCache(100, ttlMs, () => performance.now()) },
  { name: 'redis', isHere: redis !== undefined, open: (ttlMs) => ofRedis(ttlMs) },
];

for (const { name, isHere, open } of kinds)
  describe.skipIf(!isHere)(name, () => {
    test('loads on a miss and keeps the value as it was, by its key', async () => {
      const cache = await open();
      const value = { text: 'ü "x"', list: [1, null, { deep: false }], none: null };
      expect(await cache.get('a', async () => value)).toEqual(value);
      expect(await cache.get('a', async () => 'another')).toEqual(value);
      expect(await cache.get('b', async () => 'other')).toBe('other');
      expect(cache.counts()).toMatchObject({ hits: 1, misses: 2, bypassed: 0 });
      expect(cache.trouble()).toBeUndefined();
    });

    test('of many who ask at once one loads', async () => {
      const cache = await open();
      const { load, loads, finish } = loader('once');
      const all = Array.from({ length: 50 }, () => cache.get('a', load));
      await until('a load began', async () => (loads() > 0 ? true : undefined));
      finish();
      expect(new Set(await Promise.all(all))).toEqual(new Set(['once']));
      expect(loads()).toBe(1);
      expect(cache.counts()).toMatchObject({ hits: 49, misses: 1 });
    });

    test('a value ends with its time', async () => {
      const cache = await open(60);
      expect(await cache.get('a', async () => 1)).toBe(1);
      await sleep(90);
      expect(await cache.get('a', async () => 2)).toBe(2);
    });

    test('what failed and what is not there are loaded again', async () => {
      const cache = await open();
      await expect(cache.get('a', () => Promise.reject(new Error('no store')))).rejects.toThrow('no store');
      expect(await cache.get('a', async () => undefined)).toBeUndefined();
      expect(await cache.get('a', async () => 'there')).toBe('there');
      expect(cache.counts()).toMatchObject({ hits: 0, misses: 3 });
    });

    test('what was dropped is loaded again; a load that was under way is not kept', async () => {
      const cache = await open();
      await cache.get('a', async () => 'old');
      await cache.drop('a');
      const { load, loads, finish } = loader('read before the write');
      const reading = cache.get('a', load);
      await until('the load began', async () => (loads() > 0 ? true : undefined));
      await cache.drop('a');
      finish();
      expect(await reading).toBe('read before the write');
      expect(await cache.get('a', async () => 'new')).toBe('new');
      expect(await cache.get('a', async () => 'newer')).toBe('new');
    });

    test('a clear drops all', async () => {
      const cache = await open();
      for (const key of ['a', 'b', 'c']) await cache.get(key, async () => 'old');
      await cache.clear();
      for (const key of ['a', 'b', 'c']) expect(await cache.get(key, async () => 'new')).toBe('new');
    });
  });

describe.skipIf(!redis)('Redis between processes', () => {
  const there = redis as NonNullable<typeof redis>;

  test('of two that ask at once one loads, and both have its value', async () => {
    const [one, other] = [await ofRedis(hour, 'shared-1'), await ofRedis(hour, 'shared-1')];
    const first = loader('of the first');
    const second = loader('of the second');
    const both = [one.get('a', first.load)];
    await until('the first loads', async () => (first.loads() > 0 ? true : undefined));
    both.push(other.get('a', second.load));
    await sleep(30);
    first.finish();
    second.finish();
    expect(await Promise.all(both)).toEqual(['of the first', 'of the first']);
    expect(second.loads()).toBe(0);
    expect([one.counts(), other.counts()]).toMatchObject([{ misses: 1 }, { hits: 1, misses: 0 }]);
  });

  test('each of many keys is loaded once, however the two meet', async () => {
    const both = [await ofRedis(hour, 'shared-many'), await ofRedis(hour, 'shared-many')];
    const keys = Array.from({ length: 500 }, (_, index) => `key-${index}`);
    const loads: string[] = [];
    const asked = keys.flatMap((key, index) =>
      both.map(async (cache, which) => {
        // The second comes anything from at once to some milliseconds after the first.
        await sleep(which * (index % 8));
        return cache.get(key, async () => {
          loads.push(key);
          return key;
        });
      }),
    );
    expect(await Promise.all(asked)).toEqual(keys.flatMap((key) => [key, key]));
    expect(loads.toSorted()).toEqual(keys.toSorted());
  });

  test('nobody waits for long for one that died while it loaded', async () => {
    const [one, other] = [await ofRedis(hour, 'shared-2'), await ofRedis(hour, 'shared-2', { ...patient, waitMs: 250 })];
    const never = loader('never');
    void one.get('a', never.load);
    await until('it loads', async () => (never.loads() > 0 ? true : undefined));
    expect(await other.get('a', async () => 'own')).toBe('own');
    expect(other.counts()).toMatchObject({ hits: 0, misses: 1 });
  });

  test('what one drops or clears, the others load again; another namespace is left alone', async () => {
    const [one, other, stranger] = [await ofRedis(hour, 'shared-3'), await ofRedis(hour, 'shared-3'), await ofRedis(hour, 'shared-30')];
    for (const cache of [one, stranger]) await cache.get('a', async () => 'old');
    await other.drop('a');
    expect(await one.get('a', async () => 'new')).toBe('new');
    await other.clear();
    expect(await one.get('a', async () => 'newest')).toBe('newest');
    expect(await stranger.get('a', async () => 'new')).toBe('old');
  });

  test('gone: everything is loaded at once, and said; back: it is used again', async () => {
    const cache = await ofRedis();
    await cache.get('a', async () => 1);
    await there.kill();
    await until('it is noticed', async () => ((await cache.get('a', async () => 2)) === 2 ? true : undefined));
    expect(cache.trouble()).toEqual(expect.any(String));
    const fromMs = performance.now();
    for (let time = 0; time < 200; time += 1) expect(await cache.get('a', async () => time)).toBe(time);
    // 200 time-outs would be 20 s.
    expect(performance.now() - fromMs).toBeLessThan(5_000);
    expect(cache.counts().bypassed).toBeGreaterThanOrEqual(201);
    await there.start();
    await until('it is back', async () => {
      await cache.get('b', async () => 'kept');
      return (await cache.get('b', async () => 'another')) === 'kept' ? true : undefined;
    });
    expect(cache.trouble()).toBeUndefined();
  });

  test('one that does not answer holds up a request once, for a tenth of a second, and what was dropped meanwhile is not read', async () => {
    const cache = await ofRedis(hour, undefined, {});
    // Loaded until it was kept, should the machine have been busy.
    await until('it is kept', async () => ((await cache.get('a', async () => 'old')) === 'old' && cache.trouble() === undefined ? true : undefined));
    there.freeze();
    try {
      const fromMs = performance.now();
      await cache.drop('a');
      for (let time = 0; time < 50; time += 1) expect(await cache.get('a', async () => time)).toBe(time);
      expect(performance.now() - fromMs).toBeLessThan(3_000);
      expect(cache.trouble()).toBe('no answer within 100 ms');
    } finally {
      there.thaw();
    }
    const seen = new Set<string>();
    await until('it is back', async () => {
      seen.add(await cache.get('a', async () => 'new'));
      return cache.trouble() === undefined ? true : undefined;
    });
    expect([...seen]).toEqual(['new']);
    expect(await cache.get('a', async () => 'newer')).toBe('new');
  });
});

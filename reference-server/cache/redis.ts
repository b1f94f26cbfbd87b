import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ReadThroughCache } from './cache.ts';
import { away, redisLink } from './redis-link.ts';

export interface RedisCacheOptions {
  /** `redis://user:password@host:6379/0`, or `rediss:` for TLS. */
  url: string;
  /** Before each key: servers on the same data have the same, and nobody else. */
  namespace: string;
  ttlMs: number;
  /** A request waits no longer than this for one command. Default 100. */
  commandMs?: number;
  /** Whoever has waited for another process' load for so long loads for himself. Default 250. */
  waitMs?: number;
}

/** Of the form of what is kept: raised when that changes, since servers of two versions may share a Redis. */
const version = 1;
/** A load takes milliseconds; the lock of a process that died with it is gone after this. */
const lockMs = 2_000;
const defaultWaitMs = 250;
const pollMs = 5;
/** Keys in one step of a clear. */
const scanCount = 500;

/** The value; else 1 with the lock taken, or 0: another one has it. In one step, so that nobody loads what was kept since he looked. */
const claim = `
local value = redis.call('get', KEYS[1])
if value then return value end
if redis.call('set', KEYS[2], ARGV[1], 'nx', 'px', ARGV[2]) then return 1 end
return 0`;
/** Keeps a loaded value if nobody dropped the key since the load began: a drop takes the lock away. */
const keep = `
if redis.call('get', KEYS[2]) == ARGV[1] then
  redis.call('set', KEYS[1], ARGV[2], 'px', ARGV[3])
  redis.call('del', KEYS[2])
end`;
const unlock = `if redis.call('get', KEYS[1]) == ARGV[1] then redis.call('del', KEYS[1]) end`;

/**
 * Cache that several servers share. Of a key that is not there one process loads, under a short lock, and one request in each process asks for it.
 * While Redis is away every look-up loads, and what was dropped meanwhile is dropped before anything is read again. Resolves when Redis answers, after a
 * second at the latest.
 */
export async function redisCache({ url, namespace, ttlMs, commandMs, waitMs = defaultWaitMs }: RedisCacheOptions): Promise<ReadThroughCache> {
  const link = await redisLink(url, commandMs);
  const { client, ask } = link;
  const prefix = `plumbline:${version}:${namespace}:`;
  const keysOf = (key: string): [value: string, lock: string] => [`${prefix}value:${key}`, `${prefix}lock:${key}`];
  const flights = new Map<string, Promise<unknown>>();
  /** Dropped while Redis was away. */
  const owed = new Set<string>();
  let isClearOwed = false;
  const counts = { hits: 0, misses: 0, bypassed: 0 };

  /** False: Redis is away. */
  const settle = async (): Promise<boolean> => {
    if (isClearOwed) {
      if (!(await clearAll())) return false;
      isClearOwed = false;
    }
    for (const key of owed) {
      if ((await ask(() => client.unlink(keysOf(key)))) === away) return false;
      owed.delete(key);
    }
    return true;
  };
  const clearAll = async (): Promise<boolean> => {
    let cursor = '0';
    do {
      const from = cursor;
      const page = await ask(() => client.scan(from, { MATCH: `${prefix}*`, COUNT: scanCount }));
      if (page === away) return false;
      if (page.keys.length > 0 && (await ask(() => client.unlink(page.keys))) === away) return false;
      cursor = page.cursor;
    } while (cursor !== '0');
    return true;
  };
  const bypass = <T>(load: () => Promise<T>): Promise<T> => {
    counts.bypassed += 1;
    return load();
  };

  const lookUp = async <T>(key: string, load: () => Promise<T>): Promise<T> => {
    if (!(await settle())) return bypass(load);
    const [valueKey, lockKey] = keysOf(key);
    const token = randomUUID();
    const untilMs = performance.now() + waitMs;
    for (;;) {
      const found = await ask(
        async () => (await client.get(valueKey)) ?? (await client.eval(claim, { keys: [valueKey, lockKey], arguments: [token, String(lockMs)] })),
      );
      if (found === away) return bypass(load);
      if (typeof found === 'string') {
        counts.hits += 1;
        return JSON.parse(found) as T;
      }
      const isOurs = found === 1;
      if (isOurs || performance.now() > untilMs) {
        counts.misses += 1;
        return isOurs ? loadAndKeep(load, valueKey, lockKey, token) : load();
      }
      await sleep(pollMs);
    }
  };
  const loadAndKeep = async <T>(load: () => Promise<T>, valueKey: string, lockKey: string, token: string): Promise<T> => {
    let value: T | undefined;
    try {
      value = await load();
      return value;
    } finally {
      // What is undefined is not there, or could not be loaded: others may look at once.
      await (value === undefined
        ? ask(() => client.eval(unlock, { keys: [lockKey], arguments: [token] }))
        : ask(() => client.eval(keep, { keys: [valueKey, lockKey], arguments: [token, JSON.stringify(value), String(ttlMs)] })));
    }
  };

  return {
    get<T>(key: string, load: () => Promise<T>): Promise<T> {
      const under = flights.get(key);
      if (under) {
        counts.hits += 1;
        return under as Promise<T>;
      }
      const flight = lookUp(key, load);
      flights.set(key, flight);
      const landed = (): void => {
        if (flights.get(key) === flight) flights.delete(key);
      };
      flight.then(landed, landed);
      return flight;
    },
    async drop(key) {
      flights.delete(key);
      owed.add(key);
      await settle();
    },
    async clear() {
      flights.clear();
      isClearOwed = true;
      await settle();
    },
    counts: () => counts,
    trouble: link.trouble,
    close: link.close,
  };
}

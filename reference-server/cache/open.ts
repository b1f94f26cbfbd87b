import type { Store } from '../store/store.ts';
import type { ReadThroughCache } from './cache.ts';
import { lruCache } from './lru.ts';

const entries = 10_000;
/** What another server changed without telling Redis is seen after this at the latest. */
const ttlMs = 60_000;

/** In Redis where there is a URL of one, else in this process. */
export async function openCache(redis: string | undefined, store: Pick<Store, 'db'>, nowMs: () => number): Promise<ReadThroughCache> {
  if (redis === undefined) return lruCache(entries, ttlMs, nowMs);
  // Servers on the same data share what is cached of it.
  const { uuid } = await store.db.selectFrom('replication_source').select('uuid').executeTakeFirstOrThrow();
  // Loaded only for it.
  const { redisCache } = await import('./redis.ts');
  return redisCache({ url: redis, namespace: uuid, ttlMs });
}

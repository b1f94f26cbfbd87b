import type { ReadThroughCache } from './cache.ts';

/** Cache of one process: at most `size` entries, each for `ttlMs`. */
export function lruCache(size: number, ttlMs: number, nowMs: () => number): ReadThroughCache {
  const entries = new Map<string, { value: Promise<unknown>; untilMs: number }>();
  let hits = 0;
  let misses = 0;
  return {
    get<T>(key: string, load: () => Promise<T>): Promise<T> {
      const held = entries.get(key);
      if (held && held.untilMs > nowMs()) {
        hits += 1;
        // Least recently used first: a hit moves to the end.
        entries.delete(key);
        entries.set(key, held);
        return held.value as Promise<T>;
      }
      misses += 1;
      const value = load();
      const entry = { value, untilMs: nowMs() + ttlMs };
      entries.delete(key);
      entries.set(key, entry);
      const forget = (): void => {
        // After a drop it may be another's.
        if (entries.get(key) === entry) entries.delete(key);
      };
      value.then((loaded) => loaded ?? forget(), forget);
      if (entries.size > size) entries.delete(entries.keys().next().value as string);
      return value;
    },
    async drop(key) {
      entries.delete(key);
    },
    clear: async () => entries.clear(),
    counts: () => ({ hits, misses, bypassed: 0, entries: entries.size }),
    trouble: () => undefined,
    close: () => entries.clear(),
  };
}

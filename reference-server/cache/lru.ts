/** Read-through cache of one process: at most `size` entries, each for `ttlMs`; one load at a time for a key. */
export interface ReadThroughCache {
  get<T>(key: string, load: () => Promise<T>): Promise<T>;
  clear(): void;
  /** Look-ups since it was made, and what it holds. */
  counts(): { hits: number; misses: number; entries: number };
}

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
      entries.set(key, { value, untilMs: nowMs() + ttlMs });
      value.catch(() => entries.delete(key));
      if (entries.size > size) entries.delete(entries.keys().next().value as string);
      return value;
    },
    clear: () => entries.clear(),
    counts: () => ({ hits, misses, entries: entries.size }),
  };
}

/**
 * A read-through cache: in this process (`lru.ts`) or in Redis (`redis.ts`), to the same contract (`tests/data/cache.test.ts`).
 * Values are what JSON can say; undefined is what is not there, and not kept.
 */
export interface ReadThroughCache {
  /** `load` runs on a miss, once at a time for a key; what fails is not kept. */
  get<T>(key: string, load: () => Promise<T>): Promise<T>;
  /** After a write of what the key is made of, before it is acknowledged: the next look-up loads, and a load that is under way is not kept. */
  drop(key: string): Promise<void>;
  /** Drops all. */
  clear(): Promise<void>;
  counts(): CacheCounts;
  /** Undefined: it works. Else why look-ups go to the store, in a sentence. */
  trouble(): string | undefined;
  close(): void;
}

export interface CacheCounts {
  /** Look-ups since it was made. Who joins a load of somebody else hits. */
  hits: number;
  misses: number;
  /** Loaded without asking a cache that is away. */
  bypassed: number;
  /** What it holds; undefined where it is not ours alone. */
  entries?: number;
}

import type { TraceRecord } from './trace-record.ts';

export interface RecentRecords {
  add(record: TraceRecord): void;
  /** Takes out every record of the trace, in the order of their coming. */
  take(traceId: string): TraceRecord[];
  /** Takes out every record that is wanted. Looks at all of them. */
  takeWhere(wanted: (record: TraceRecord) => boolean): TraceRecord[];
  /** Records held, and how many had to go for newer ones. */
  counts(): { held: number; evicted: number };
}

interface Entry {
  record: TraceRecord;
  /** Its place among the latest; -1: no more. */
  slot: number;
  /** Among its operation's slowest. */
  slow: boolean;
}

/**
 * Hop records of requests whose spans were not emitted, in case somebody asks: the latest `limit`, and of each operation the slowest `slowest`,
 * so that a long run's slowest are there at its end. The oldest goes first. Both are at least 1.
 */
export function recentRecords(limit: number, slowest: number): RecentRecords {
  const ring: (Entry | undefined)[] = [];
  let next = 0;
  // Nearly always one; a caller that sends one trace id with everything has all of them here.
  const byTrace = new Map<string, Entry | Set<Entry>>();
  const slowestOf = new Map<string, Entry[]>();
  let held = 0;
  let evicted = 0;

  const file = (entry: Entry): void => {
    const { traceId } = entry.record;
    const those = byTrace.get(traceId);
    if (those === undefined) byTrace.set(traceId, entry);
    else if (those instanceof Set) those.add(entry);
    else byTrace.set(traceId, new Set([those, entry]));
    held += 1;
  };
  const unfile = (entry: Entry): void => {
    const { traceId } = entry.record;
    const those = byTrace.get(traceId);
    if (those instanceof Set && those.size > 1) those.delete(entry);
    else byTrace.delete(traceId);
    held -= 1;
  };
  const evictUnlessKept = (entry: Entry): void => {
    if (entry.slot >= 0 || entry.slow) return;
    unfile(entry);
    evicted += 1;
  };
  /** The slowest first. */
  const rank = (entry: Entry): void => {
    const name = rankedAs(entry.record);
    let those = slowestOf.get(name);
    if (!those) {
      those = [];
      slowestOf.set(name, those);
    }
    const ms = durationMs(entry.record);
    const fastest = those.at(-1);
    if (those.length >= slowest && fastest && durationMs(fastest.record) >= ms) return;
    const index = those.findIndex((one) => durationMs(one.record) < ms);
    those.splice(index < 0 ? those.length : index, 0, entry);
    entry.slow = true;
    const out = those.length > slowest ? those.pop() : undefined;
    if (!out) return;
    out.slow = false;
    evictUnlessKept(out);
  };
  const remove = (entry: Entry): void => {
    unfile(entry);
    if (entry.slot >= 0) ring[entry.slot] = undefined;
    if (!entry.slow) return;
    const ranked = slowestOf.get(rankedAs(entry.record));
    ranked?.splice(ranked.indexOf(entry), 1);
  };
  const entriesOf = (traceId: string): Entry[] => {
    const those = byTrace.get(traceId);
    if (those === undefined) return [];
    return those instanceof Set ? [...those] : [those];
  };
  const takeAll = (entries: readonly Entry[]): TraceRecord[] => {
    for (const entry of entries) remove(entry);
    return entries.map(({ record }) => record);
  };
  return {
    add(record) {
      const entry: Entry = { record, slot: next, slow: false };
      file(entry);
      rank(entry);
      const oldest = ring[next];
      ring[next] = entry;
      next = (next + 1) % limit;
      if (!oldest) return;
      oldest.slot = -1;
      evictUnlessKept(oldest);
    },
    take: (traceId) => takeAll(entriesOf(traceId)),
    takeWhere: (wanted) => takeAll([...byTrace.keys()].flatMap(entriesOf).filter(({ record }) => wanted(record))),
    counts: () => ({ held, evicted }),
  };
}

/** What never came to an operation is one kind. */
function rankedAs(record: TraceRecord): string {
  return record.operation?.name ?? '';
}

function durationMs(record: TraceRecord): number {
  return record.endMs - record.startMs;
}

import { baggageOf } from './spans.ts';
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

export interface RecentLimits {
  /** Records of the latest requests, of whatever run. */
  latest: number;
  /** Records of the slowest requests, of each operation in each run. */
  slowest: number;
  /** Runs whose slowest are held: the ones that were last heard of. */
  runs: number;
  /** Slowest requests without a run give their places to newer ones after so long. */
  withoutRunMs: number;
}

interface Entry {
  record: TraceRecord;
  /** Empty: none. */
  run: string;
  /** Its place among the latest; -1: no more. */
  slot: number;
  /** Among its operation's slowest. */
  slow: boolean;
}

/** The slowest first. */
interface Ranking {
  entries: Entry[];
  /** None of them ended before. */
  oldestMs: number;
}

const noRun = '';
/** Texts of a run's baggage differ by scenario and step. */
const mostBaggages = 256;

/**
 * Hop records of requests whose spans were not emitted, in case somebody asks: the latest, and the slowest of each operation, so that a long run's slowest are
 * there at its end. The oldest of the latest goes first. The slowest are those of a run: one that is over, or a server's first requests, cannot hold the places
 * of the next run. All limits are at least 1.
 */
export function recentRecords(limits: RecentLimits): RecentRecords {
  const ring: (Entry | undefined)[] = [];
  let next = 0;
  // Nearly always one; a caller that sends one trace id with everything has all of them here.
  const byTrace = new Map<string, Entry | Set<Entry>>();
  const runOf = runReader();
  /** The run that was last heard of is the last. */
  const runs = new Map<string, Map<string, Ranking>>();
  let heardOf: string | undefined;
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
  const leaveRanking = (entry: Entry): void => {
    entry.slow = false;
    evictUnlessKept(entry);
  };
  const rankingsOf = (run: string): Map<string, Ranking> => {
    const known = runs.get(run);
    if (known && (run === heardOf || run === noRun)) return known;
    const rankings = known ?? new Map<string, Ranking>();
    runs.delete(run);
    runs.set(run, rankings);
    if (run === noRun) return rankings;
    heardOf = run;
    const others = [...runs.keys()].filter((one) => one !== noRun);
    const [longestAgo] = others;
    if (others.length > limits.runs && longestAgo !== undefined) {
      const gone = [...(runs.get(longestAgo)?.values() ?? [])];
      runs.delete(longestAgo);
      for (const entry of gone.flatMap(({ entries }) => entries)) leaveRanking(entry);
    }
    return rankings;
  };
  const dropAged = (ranking: Ranking, nowMs: number): void => {
    if (nowMs - ranking.oldestMs <= limits.withoutRunMs) return;
    const aged = ranking.entries.filter(({ record }) => nowMs - record.endMs > limits.withoutRunMs);
    ranking.entries = ranking.entries.filter((entry) => !aged.includes(entry));
    ranking.oldestMs = Math.min(...ranking.entries.map(({ record }) => record.endMs));
    for (const entry of aged) leaveRanking(entry);
  };
  const rank = (entry: Entry): void => {
    const rankings = rankingsOf(entry.run);
    const name = rankedAs(entry.record);
    let ranking = rankings.get(name);
    if (!ranking) {
      ranking = { entries: [], oldestMs: Number.POSITIVE_INFINITY };
      rankings.set(name, ranking);
    }
    if (entry.run === noRun) dropAged(ranking, entry.record.endMs);
    const those = ranking.entries;
    const ms = durationMs(entry.record);
    const fastest = those.at(-1);
    if (those.length >= limits.slowest && fastest && durationMs(fastest.record) >= ms) return;
    const index = those.findIndex((one) => durationMs(one.record) < ms);
    those.splice(index < 0 ? those.length : index, 0, entry);
    ranking.oldestMs = Math.min(ranking.oldestMs, entry.record.endMs);
    entry.slow = true;
    const out = those.length > limits.slowest ? those.pop() : undefined;
    if (out) leaveRanking(out);
  };
  const remove = (entry: Entry): void => {
    unfile(entry);
    if (entry.slot >= 0) ring[entry.slot] = undefined;
    if (!entry.slow) return;
    const ranked = runs.get(entry.run)?.get(rankedAs(entry.record))?.entries;
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
      const entry: Entry = { record, run: runOf(record.baggage), slot: next, slow: false };
      file(entry);
      rank(entry);
      const oldest = ring[next];
      ring[next] = entry;
      next = (next + 1) % limits.latest;
      if (!oldest) return;
      oldest.slot = -1;
      evictUnlessKept(oldest);
    },
    take: (traceId) => takeAll(entriesOf(traceId)),
    takeWhere: (wanted) => takeAll([...byTrace.keys()].flatMap(entriesOf).filter(({ record }) => wanted(record))),
    counts: () => ({ held, evicted }),
  };
}

/** Reads the run out of a `baggage` header, of which the same few come again and again. */
function runReader(): (baggage: string | undefined) => string {
  const known = new Map<string, string>();
  return (baggage) => {
    if (baggage === undefined) return noRun;
    let run = known.get(baggage);
    if (run === undefined) {
      if (known.size >= mostBaggages) known.clear();
      run = baggageOf(baggage).run ?? noRun;
      known.set(baggage, run);
    }
    return run;
  };
}

/** What never came to an operation is one kind. */
function rankedAs(record: TraceRecord): string {
  return record.operation?.name ?? '';
}

function durationMs(record: TraceRecord): number {
  return record.endMs - record.startMs;
}

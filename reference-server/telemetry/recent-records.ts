import { RecordRing } from './record-ring.ts';
import { baggageOf } from './spans.ts';
import type { TraceRecord } from './trace-record.ts';

export interface RecentRecords {
  add(record: TraceRecord): void;
  /** Takes out every record of these traces, in the order of their coming. Looks at all that are held: ask for many at once. */
  take(traceIds: ReadonlySet<string>): TraceRecord[];
  /** Takes out every record that is wanted. Reads all of them. */
  takeWhere(wanted: (record: TraceRecord) => boolean): TraceRecord[];
  /** Records held, and how many had to go for newer ones. */
  counts(): { held: number; evicted: number };
}

export interface RecentLimits {
  /** Records of the latest requests, of whatever run; and how many bytes they may take, all together and each. */
  latest: number;
  latestBytes: number;
  bytesOfOne: number;
  /** Records of the slowest requests, of each operation in each run. */
  slowest: number;
  /** Runs whose slowest are held: the ones that were last heard of. */
  runs: number;
  /** Slowest requests without a run give their places to newer ones after so long. */
  withoutRunMs: number;
}

/** One of the slowest. It may be among the latest as well, by its number, and is marked there. */
interface Entry {
  record: TraceRecord;
  number: number;
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
 * of the next run. All limits are at least 1. A record that is too large is held only as one of the slowest.
 */
export function recentRecords(limits: RecentLimits): RecentRecords {
  let held = 0;
  let evicted = 0;
  // Its memory is taken with the first record: a server that exports nothing has none.
  let latest: RecordRing | undefined;
  const runOf = runReader();
  /** The run that was last heard of is the last. */
  const runs = new Map<string, Map<string, Ranking>>();
  let heardOf: string | undefined;

  const evict = (): void => {
    held -= 1;
    evicted += 1;
  };
  const ring = (): RecordRing => {
    latest ??= new RecordRing({ mostRecords: limits.latest, mostBytes: limits.latestBytes, mostBytesOfOne: limits.bytesOfOne }, (isSlow) => {
      if (!isSlow) evict();
    });
    return latest;
  };
  const leaveRanking = ({ number }: Entry): void => {
    if (ring().has(number)) ring().mark(number, false);
    else evict();
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
  /** Returns whether it is one of the slowest. */
  const rank = (record: TraceRecord, number: number): boolean => {
    const run = runOf(record.baggage);
    const rankings = rankingsOf(run);
    const name = rankedAs(record);
    let ranking = rankings.get(name);
    if (!ranking) {
      ranking = { entries: [], oldestMs: Number.POSITIVE_INFINITY };
      rankings.set(name, ranking);
    }
    if (run === noRun) dropAged(ranking, record.endMs);
    const those = ranking.entries;
    const ms = durationMs(record);
    const fastest = those.at(-1);
    if (those.length >= limits.slowest && fastest && durationMs(fastest.record) >= ms) return false;
    const index = those.findIndex((one) => durationMs(one.record) < ms);
    those.splice(index < 0 ? those.length : index, 0, { record, number });
    ranking.oldestMs = Math.min(ranking.oldestMs, record.endMs);
    const out = those.length > limits.slowest ? those.pop() : undefined;
    if (out) leaveRanking(out);
    return true;
  };
  const takeOut = (isWanted: (traceId: string, record: () => TraceRecord) => boolean): TraceRecord[] => {
    const taken = new Map<number, TraceRecord>();
    for (const ranking of [...runs.values()].flatMap((rankings) => [...rankings.values()])) {
      ranking.entries = ranking.entries.filter(({ record, number }) => {
        if (!isWanted(record.traceId, () => record)) return true;
        taken.set(number, record);
        ring().remove(number);
        return false;
      });
    }
    for (const number of ring().numbers()) {
      if (!isWanted(ring().traceId(number), () => ring().read(number))) continue;
      taken.set(number, ring().read(number));
      ring().remove(number);
    }
    held -= taken.size;
    return [...taken].sort(([a], [b]) => a - b).map(([, record]) => record);
  };
  return {
    add(record) {
      const number = ring().add(record);
      held += 1;
      if (rank(record, number)) ring().mark(number, true);
      else if (!ring().has(number)) evict();
    },
    take: (traceIds) => (held === 0 ? [] : takeOut((traceId) => traceIds.has(traceId))),
    takeWhere: (wanted) => (held === 0 ? [] : takeOut((_, record) => wanted(record()))),
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

/** How soon a write is seen: from single reads, each sent some time after a write's acknowledgement, to a curve and the times at which it reaches a share. Pure. */
import { keyedRandom } from '../../scenarios/random.ts';
import { clusteredShare, type Share } from './binomial.ts';

/** A read that was aimed at one write. */
export interface AimedRead {
  /** Which write. */
  write: number;
  /** Of which conversation: what befalls one of its versions befalls others, too. */
  key: string;
  /** From the write's acknowledgement to when the read was sent. Below zero is not aimed. */
  sentAfterMs: number;
  /** To when its answer came: what it shows was so at some moment between the two. */
  answeredAfterMs: number;
  /** From the write's commit to when the store was read, by the server's own account. Absent: it does not tell. */
  afterCommitMs?: number;
  saw: boolean;
}

export interface CurveBin extends Share {
  fromMs: number;
  toMs: number;
}

export interface VisibilityQuantile {
  /** Share of reads that see the write. */
  p: number;
  /** Absent: the reads never reach that share. */
  ms?: number;
  /** 95%, by resampling conversations; absent where too few writes lie beyond the share for that to hold; an end is absent where the resampled curves do not reach the share either. */
  lowMs?: number;
  highMs?: number;
  /** False: too few writes to tell this share (ten are wanted beyond it). */
  enough: boolean;
}

export interface VisibilityCurve {
  writes: number;
  reads: number;
  bins: CurveBin[];
  quantiles: VisibilityQuantile[];
}

export const visibilityShares: readonly number[] = [0.5, 0.95, 0.99];
const resamples = 200;
const binsDrawn = 40;
const leastTold = 0.95;
/**
 * So many writes must lie beyond a share above the median for an interval of it. By simulation (120 and 1,000 writes, four to a conversation): the interval of 50% holds the
 * true time in 95 of 100, that of 95% in 63 of 100 with 6 writes beyond it and in 90 with 50, that of 99% in 40 with 10.
 */
const leastBeyond = 50;

/**
 * P(a read sent t after the acknowledgement sees the write), in bins with intervals, and t-visibility: the smallest t at which the curve reaches 50, 95 and 99%.
 * The curve for that is the isotonic fit of all reads (pooled adjacent violators): seeing gets likelier with time, no shape is assumed. Reads of one write, and versions of
 * one conversation, are not independent, so intervals come from resampling whole conversations, and those of bins from how much conversations differ.
 * @param seed of the resampling
 */
export function visibilityCurve(reads: readonly AimedRead[], seed: number): VisibilityCurve {
  const sorted = reads.toSorted((a, b) => a.sentAfterMs - b.sentAfterMs);
  const writes = new Set(sorted.map(({ write }) => write)).size;
  return { writes, reads: sorted.length, bins: binsOf(sorted), quantiles: quantilesOf(sorted, writes, seed) };
}

/** The same quantiles, counted from the commit to the read of the store. Undefined unless the server tells both of nearly every read. */
export function quantilesFromCommit(reads: readonly AimedRead[], seed: number): VisibilityQuantile[] | undefined {
  const told = reads.flatMap(({ afterCommitMs, ...read }) => (afterCommitMs === undefined ? [] : [{ ...read, sentAfterMs: afterCommitMs }]));
  return told.length === 0 || told.length < leastTold * reads.length ? undefined : visibilityCurve(told, seed).quantiles;
}

function quantilesOf(sorted: readonly AimedRead[], writes: number, seed: number): VisibilityQuantile[] {
  const estimates = reach(sorted.map((read) => ({ read, weight: 1 })));
  const random = keyedRandom(seed, 'visibility');
  const drawn: (number | undefined)[][] = [];
  const keys = [...new Set(sorted.map(({ key }) => key))].toSorted();
  for (let i = 0; i < resamples && keys.length > 1; i += 1) {
    const weights = new Map<string, number>();
    for (let k = 0; k < keys.length; k += 1) {
      const key = keys[Math.floor(random() * keys.length)] ?? '';
      weights.set(key, (weights.get(key) ?? 0) + 1);
    }
    drawn.push(reach(sorted.flatMap((read) => (weights.has(read.key) ? [{ read, weight: weights.get(read.key) ?? 0 }] : []))));
  }
  return visibilityShares.map((p, index) => {
    const ms = estimates[index];
    const values = drawn.map((found) => found[index] ?? Number.POSITIVE_INFINITY).toSorted((a, b) => a - b);
    const lowMs = values[Math.floor(0.025 * values.length)];
    const highMs = values[Math.min(values.length - 1, Math.ceil(0.975 * values.length))];
    const isTold = p <= 0.5 || writes * (1 - p) >= leastBeyond - 1e-6;
    return {
      p,
      ...(ms !== undefined && { ms }),
      ...(isTold && lowMs !== undefined && Number.isFinite(lowMs) && { lowMs }),
      ...(isTold && highMs !== undefined && Number.isFinite(highMs) && { highMs }),
      enough: ms !== undefined && writes * Math.min(p, 1 - p) >= 10 - 1e-6,
    };
  });
}

/** For each share, the first time at which the isotonic fit is there; reads come sorted by time. */
function reach(weighted: readonly { read: AimedRead; weight: number }[]): (number | undefined)[] {
  const blocks: { fromMs: number; sum: number; weight: number }[] = [];
  for (const { read, weight } of weighted) {
    let block = { fromMs: read.sentAfterMs, sum: read.saw ? weight : 0, weight };
    for (let last = blocks.at(-1); last && last.sum / last.weight >= block.sum / block.weight; last = blocks.at(-1)) {
      block = { fromMs: last.fromMs, sum: last.sum + block.sum, weight: last.weight + block.weight };
      blocks.pop();
    }
    blocks.push(block);
  }
  return visibilityShares.map((p) => blocks.find(({ sum, weight }) => sum / weight >= p)?.fromMs);
}

/** Bins of equal numbers of reads tell the steep part; of equal width they can be read. Equal width, empty ones left out. */
function binsOf(sorted: readonly AimedRead[]): CurveBin[] {
  const last = sorted.at(-1)?.sentAfterMs;
  if (last === undefined) return [];
  const widthMs = Math.max(last / binsDrawn, 1e-6) * (1 + 1e-9);
  const bins = Map.groupBy(sorted, ({ sentAfterMs }) => Math.min(binsDrawn - 1, Math.floor(sentAfterMs / widthMs)));
  return [...bins].map(([index, reads]) => ({
    fromMs: index * widthMs,
    toMs: (index + 1) * widthMs,
    ...clusteredShare([...Map.groupBy(reads, ({ key }) => key).values()].map((of) => ({ count: of.filter(({ saw }) => saw).length, n: of.length }))),
  }));
}

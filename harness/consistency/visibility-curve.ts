/** How soon a write is seen: from single reads, each sent some time after a write's acknowledgement, to a curve and the times at which it reaches a share. Pure. */
import { keyedRandom } from '../../scenarios/random.ts';
import { type Share, wilsonShare } from './binomial.ts';

/** A read that was aimed at one write. */
export interface AimedRead {
  /** Which write. */
  write: number;
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
  /** 95%, by resampling writes; an end is absent where the resampled curves do not reach the share either. */
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
 * P(a read sent t after the acknowledgement sees the write), in bins with Wilson's interval, and t-visibility: the smallest t at which the curve reaches 50, 95 and 99%.
 * The curve for that is the isotonic fit of all reads (pooled adjacent violators): seeing gets likelier with time, no shape is assumed. Reads of one write are not
 * independent, so intervals come from resampling whole writes.
 * @param seed of the resampling
 */
export function visibilityCurve(reads: readonly AimedRead[], seed: number): VisibilityCurve {
  const sorted = reads.toSorted((a, b) => a.sentAfterMs - b.sentAfterMs);
  const byWrite = [...Map.groupBy(sorted, ({ write }) => write).values()];
  return { writes: byWrite.length, reads: sorted.length, bins: binsOf(sorted), quantiles: quantilesOf(sorted, byWrite, seed) };
}

/** The same quantiles, counted from the commit to the read of the store. Undefined unless the server tells both of nearly every read. */
export function quantilesFromCommit(reads: readonly AimedRead[], seed: number): VisibilityQuantile[] | undefined {
  const told = reads.flatMap(({ afterCommitMs, ...read }) => (afterCommitMs === undefined ? [] : [{ ...read, sentAfterMs: afterCommitMs }]));
  return told.length === 0 || told.length < leastTold * reads.length ? undefined : visibilityCurve(told, seed).quantiles;
}

function quantilesOf(sorted: readonly AimedRead[], byWrite: readonly (readonly AimedRead[])[], seed: number): VisibilityQuantile[] {
  const estimates = reach(sorted.map((read) => ({ read, weight: 1 })));
  const random = keyedRandom(seed, 'visibility');
  const drawn: (number | undefined)[][] = [];
  const writeIds = byWrite.map((group) => group[0]?.write ?? 0);
  for (let i = 0; i < resamples && byWrite.length > 1; i += 1) {
    const weights = new Map<number, number>();
    for (let k = 0; k < byWrite.length; k += 1) {
      const id = writeIds[Math.floor(random() * byWrite.length)] ?? 0;
      weights.set(id, (weights.get(id) ?? 0) + 1);
    }
    drawn.push(reach(sorted.flatMap((read) => (weights.has(read.write) ? [{ read, weight: weights.get(read.write) ?? 0 }] : []))));
  }
  return visibilityShares.map((p, index) => {
    const ms = estimates[index];
    const values = drawn.map((found) => found[index] ?? Number.POSITIVE_INFINITY).toSorted((a, b) => a - b);
    const lowMs = values[Math.floor(0.025 * values.length)];
    const highMs = values[Math.min(values.length - 1, Math.ceil(0.975 * values.length))];
    return {
      p,
      ...(ms !== undefined && { ms }),
      ...(lowMs !== undefined && Number.isFinite(lowMs) && { lowMs }),
      ...(highMs !== undefined && Number.isFinite(highMs) && { highMs }),
      enough: ms !== undefined && byWrite.length * Math.min(p, 1 - p) >= 10 - 1e-6,
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
  const counts = Array.from({ length: binsDrawn }, () => ({ saw: 0, n: 0 }));
  for (const { sentAfterMs, saw } of sorted) {
    const bin = counts[Math.min(binsDrawn - 1, Math.floor(sentAfterMs / widthMs))];
    if (!bin) continue;
    bin.n += 1;
    if (saw) bin.saw += 1;
  }
  return counts.flatMap(({ saw, n }, index) => (n === 0 ? [] : [{ fromMs: index * widthMs, toMs: (index + 1) * widthMs, ...wilsonShare(saw, n) }]));
}

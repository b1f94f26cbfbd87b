import { keyedRandom } from '../../../scenarios/random.ts';
import type { MeanEffect } from './mean-effect.ts';

/** The slowest values of one side in one epoch: all that a high quantile pooled over epochs can depend on. */
export interface Tail {
  /** Values that the epoch had in all. */
  n: number;
  /** From the slowest down. */
  slowestMs: readonly number[];
}

export interface PooledEpoch {
  base: Tail;
  head: Tail;
}

/**
 * What of `sortedMs` (ascending) is to be kept for the q-quantile of up to `maxEpochs` epochs: where all the slow ones of the pool come from this one epoch, that many
 * are needed.
 */
export function tailOf(sortedMs: ArrayLike<number>, q: number, maxEpochs: number): Tail {
  const n = sortedMs.length;
  const kept = Math.min(n, Math.ceil(n * (1 - q) * maxEpochs - 1e-9 * n) + 1);
  return { n, slowestMs: Array.from({ length: kept }, (_, i) => sortedMs[n - 1 - i] as number) };
}

export interface BootstrapOptions {
  quantile: number;
  seed: string | number;
  /** Default 1,000: the standard error is then known to about 2%. */
  replicates?: number;
}

/** An effect with the two quantiles that it is the log ratio of. */
export interface PooledEffect extends MeanEffect {
  baseMs: number;
  headMs: number;
}

/** Tails of many epochs in one order, made once for all that is drawn from them. */
export interface MergedEpochs {
  base: MergedTails;
  head: MergedTails;
}

export function mergeEpochs(epochs: readonly PooledEpoch[]): MergedEpochs {
  return { base: mergeTails(epochs.map(({ base }) => base)), head: mergeTails(epochs.map(({ head }) => head)) };
}

/**
 * ln(head / base) of a quantile of all values of all epochs (nearest rank), with its standard error from resampling whole epochs: requests within an epoch share
 * its disturbances, so they are not resampled one by one. Both sides of an epoch stay together. With e epochs the spread of resampled means is too small by
 * (e - 1) / e, which is made up for; t with e - 1 degrees of freedom does the rest. The same seed gives the same result.
 */
export function clusterBootstrap(epochs: readonly PooledEpoch[], options: BootstrapOptions): PooledEffect {
  const all = epochs.map((_, index) => index);
  return bootstrapOf(mergeEpochs(epochs), all, options);
}

/** The same of some of them: `members` are indexes, one that is there twice counts twice. */
export function bootstrapOf({ base, head }: MergedEpochs, members: readonly number[], { quantile, seed, replicates = 1000 }: BootstrapOptions): PooledEffect {
  const n = members.length;
  const times = new Uint16Array(base.counts.length);
  for (const member of members) times[member] = (times[member] as number) + 1;
  const baseMs = pooledQuantile(base, times, quantile);
  const headMs = pooledQuantile(head, times, quantile);
  const mean = Math.log(headMs / baseMs);
  if (n < 2) return { n, mean, standardError: Number.POSITIVE_INFINITY, baseMs, headMs };
  const random = keyedRandom('cluster-bootstrap', seed);
  let sum = 0;
  let squares = 0;
  for (let replicate = 0; replicate < replicates; replicate += 1) {
    times.fill(0);
    for (let drawn = 0; drawn < n; drawn += 1) {
      const epoch = members[Math.floor(random() * n)] as number;
      times[epoch] = (times[epoch] as number) + 1;
    }
    // From the estimate, so that nothing is lost in the difference of two large sums.
    const off = Math.log(pooledQuantile(head, times, quantile) / pooledQuantile(base, times, quantile)) - mean;
    sum += off;
    squares += off * off;
  }
  const variance = Math.max(0, (squares - (sum * sum) / replicates) / (replicates - 1));
  return { n, mean, standardError: Math.sqrt((variance * n) / (n - 1)), baseMs, headMs };
}

interface MergedTails {
  /** Descending, over all epochs. */
  valuesMs: Float64Array;
  epochOf: Uint16Array;
  counts: readonly number[];
}

function mergeTails(tails: readonly Tail[]): MergedTails {
  const entries = tails.flatMap(({ slowestMs }, epoch) => slowestMs.map((ms): [number, number] => [ms, epoch])).sort(([a], [b]) => b - a);
  return { valuesMs: Float64Array.from(entries, ([ms]) => ms), epochOf: Uint16Array.from(entries, ([, epoch]) => epoch), counts: tails.map(({ n }) => n) };
}

/** Nearest rank, with each epoch's values taken so many times. */
function pooledQuantile({ valuesMs, epochOf, counts }: MergedTails, times: Uint16Array, q: number): number {
  let total = 0;
  for (let epoch = 0; epoch < counts.length; epoch += 1) total += (times[epoch] as number) * (counts[epoch] as number);
  // 0.07 * 100 is 7.000000000000001: without the margin its rank would be 8.
  const fromTop = total - Math.max(1, Math.ceil(total * q - 1e-9 * total)) + 1;
  let passed = 0;
  for (let i = 0; i < valuesMs.length; i += 1) {
    passed += times[epochOf[i] as number] as number;
    if (passed >= fromTop) return valuesMs[i] as number;
  }
  throw new RangeError(`the ${q}-quantile of ${total} values needs the ${fromTop} slowest, and ${passed} were kept: keep more with tailOf`);
}

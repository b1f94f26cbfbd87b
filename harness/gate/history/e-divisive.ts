/**
 * Change points by E-divisive (Matteson and James, "A Nonparametric Approach for Multiple Change Point Analysis of Multivariate Data", JASA 2014), for one variable
 * and exponent 1. No distribution is assumed. Own code: npm has no library of it.
 */
import { keyedRandom } from '../../../scenarios/random.ts';

export interface DivisiveOptions {
  /** Level of each test: a split that chance alone reaches more often ends the search. */
  alpha: number;
  /** Fewest points on either side of a split. */
  minSize: number;
  /** Most permutations of one test. Below 1 / alpha nothing can be significant. */
  permutations: number;
  seed: number | string;
}

interface Split {
  /** The first point after the change. */
  index: number;
  /** Distance between what is before and what is after, weighted by both sizes. */
  distance: number;
}

export interface ChangePoint extends Split {
  /** Of the permutation test that found it. */
  p: number;
}

/** In the order of the series. The same for the same seed. */
export function changePoints(values: readonly number[], { alpha, minSize, permutations, seed }: DivisiveOptions): ChangePoint[] {
  const random = keyedRandom(seed, 'history', 'permutations');
  const found: ChangePoint[] = [];
  for (;;) {
    const segments = segmentsOf(values, found);
    const best = bestOf(segments, minSize);
    if (!best) break;
    const p = permutationP(segments, best.distance, { alpha, minSize, permutations }, random);
    if (p === undefined || p > alpha) break;
    found.push({ ...best, p });
    found.sort((a, b) => a.index - b.index);
  }
  return found;
}

interface Segment {
  from: number;
  values: number[];
}

function segmentsOf(values: readonly number[], found: readonly Split[]): Segment[] {
  const borders = [0, ...found.map(({ index }) => index), values.length];
  return borders.slice(0, -1).map((from, i) => ({ from, values: values.slice(from, borders[i + 1]) }));
}

function bestOf(segments: readonly Segment[], minSize: number): Split | undefined {
  let best: Split | undefined;
  for (const segment of segments) {
    const split = bestSplit(segment.values, minSize);
    if (split && (!best || split.distance > best.distance)) best = { index: segment.from + split.index, distance: split.distance };
  }
  return best;
}

/**
 * How often points in random order, each within its segment, can be split as well. Undefined once it is sure to be over alpha: most series have no change, and
 * this ends after a few permutations.
 */
function permutationP(
  segments: readonly Segment[],
  distance: number,
  { alpha, minSize, permutations }: Omit<DivisiveOptions, 'seed'>,
  random: () => number,
): number | undefined {
  const shuffled = segments.map(({ from, values }) => ({ from, values: [...values] }));
  // Sums in another order differ in their last digits.
  const asFar = distance * (1 - 1e-12);
  let reached = 0;
  for (let i = 0; i < permutations; i += 1) {
    for (const { values } of shuffled) shuffle(values, random);
    if ((bestOf(shuffled, minSize)?.distance ?? 0) >= asFar) reached += 1;
    if ((reached + 1) / (permutations + 1) > alpha) return undefined;
  }
  return (reached + 1) / (permutations + 1);
}

function shuffle(values: number[], random: () => number): void {
  for (let i = values.length - 1; i > 0; i -= 1) {
    const j = Math.floor(random() * (i + 1));
    const held = values[i] ?? 0;
    values[i] = values[j] ?? 0;
    values[j] = held;
  }
}

/**
 * The split [0, index) against [index, end) that lies furthest apart, over every index and every end: a change that is later taken back is found, too.
 * With n and m points on its sides the distance is 2/(n+m) of the sum between the sides, less 2m/((n+m)(n-1)) and 2n/((n+m)(m-1)) of the sums within them.
 */
export function bestSplit(values: readonly number[], minSize: number): Split | undefined {
  const count = values.length;
  if (count < 2 * minSize) return undefined;
  const prefix = prefixSums(values);
  // within[end]: the sum of distances within [index, end), for the index of the loop.
  const within = new Float64Array(count + 1);
  let best: Split | undefined;
  for (let index = count - 1; index >= minSize; index -= 1) {
    const own = values[index] ?? 0;
    const before = prefix[index] ?? 0;
    const beforeWeight = index > 1 ? 2 / (index - 1) : 0;
    let reach = 0;
    for (let end = index + 1; end <= count; end += 1) {
      reach += Math.abs(own - (values[end - 1] ?? 0));
      const after = (within[end] ?? 0) + reach;
      within[end] = after;
      const size = end - index;
      if (size < minSize) continue;
      const between = (prefix[end] ?? 0) - before - after;
      const afterWeight = size > 1 ? 2 / (size - 1) : 0;
      const distance = (2 * between - beforeWeight * size * before - afterWeight * index * after) / end;
      if (!best || distance > best.distance) best = { index, distance };
    }
  }
  return best;
}

/** At i: the sum of |a - b| over all pairs of the first i values. */
function prefixSums(values: readonly number[]): Float64Array {
  const sums = new Float64Array(values.length + 1);
  for (const [i, value] of values.entries()) {
    let sum = 0;
    for (let j = 0; j < i; j += 1) sum += Math.abs(value - (values[j] ?? 0));
    sums[i + 1] = (sums[i] ?? 0) + sum;
  }
  return sums;
}

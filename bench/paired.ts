/** Sides that took turns: their difference block by block, in which what both met of the machine's moods cancels out. */
import { lowerBound, meanEffect, upperBound } from '../harness/gate/statistics/mean-effect.ts';
import { median } from './case.ts';

export interface Estimate {
  /** Of the differences. */
  middle: number;
  /** Of the middle, at 95% at least. */
  low: number;
  high: number;
  /** In the order of the blocks. */
  differences: readonly number[];
}

const mostOutside = 0.05;

/**
 * The median. Its interval is by order statistics: it assumes nothing of how the differences are distributed. Endless with fewer than 6.
 * @param than as many values, each from the block beside that of `of`
 */
export function estimateOf(of: readonly number[], than: readonly number[]): Estimate {
  const differences = of.map((value, i) => value - (than[i] ?? Number.NaN));
  const sorted = differences.toSorted((a, b) => a - b);
  const outside = valuesOutside(sorted.length);
  return {
    middle: median(sorted),
    low: sorted[outside - 1] ?? Number.NEGATIVE_INFINITY,
    high: sorted[sorted.length - outside] ?? Number.POSITIVE_INFINITY,
    differences,
  };
}

/**
 * The mean over rounds, of which each has processes of its own. Its interval is Student's, of rounds and not of the blocks within them: two processes of the same code
 * differ, by how they were compiled and where their memory lies, and all blocks of a round share that. Endless with one round.
 * @param than of the same rounds
 */
export function estimateOfRounds(of: readonly number[], than: readonly number[]): Estimate {
  const differences = of.map((value, i) => value - (than[i] ?? Number.NaN));
  const effect = meanEffect(differences);
  return { middle: effect.mean, low: lowerBound(effect, mostOutside / 2), high: upperBound(effect, mostOutside / 2), differences };
}

/** Undefined: the interval has the bound in it, and decides nothing. */
export function isWithin({ low, high }: Estimate, bound: number): boolean | undefined {
  if (high <= bound) return true;
  return low > bound ? false : undefined;
}

/** Rank, from either end, of the interval's ends: each value is as likely above the true median as below. 0: there are too few. */
function valuesOutside(count: number): number {
  let probability = 0.5 ** count;
  let beyond = 2 * probability;
  let rank = 0;
  while (beyond <= mostOutside) {
    rank += 1;
    probability *= (count - rank + 1) / rank;
    beyond += 2 * probability;
  }
  return rank;
}

/** Two sides that took turns: their difference block by block, in which what both met of the machine's moods cancels out. */
import { median } from './case.ts';

export interface Estimate {
  /** Of the differences, in the order of the blocks. */
  median: number;
  /** Of the median, at 95% at least, by order statistics: it assumes nothing of how the differences are distributed. Endless with fewer than 6. */
  low: number;
  high: number;
  differences: readonly number[];
}

const mostOutside = 0.05;

/** @param than as many values, each from the block beside that of `of` */
export function estimateOf(of: readonly number[], than: readonly number[]): Estimate {
  const differences = of.map((value, i) => value - (than[i] ?? Number.NaN));
  const sorted = differences.toSorted((a, b) => a - b);
  const outside = valuesOutside(sorted.length);
  return {
    median: median(sorted),
    low: sorted[outside - 1] ?? Number.NEGATIVE_INFINITY,
    high: sorted[sorted.length - outside] ?? Number.POSITIVE_INFINITY,
    differences,
  };
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

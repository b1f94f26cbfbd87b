/** Intervals for a share of trials, 95%, and what "none of n" still allows. Pure. */
import { binomialLower, binomialUpper } from '../gate/statistics/binomial-bounds.ts';
import { betaAt, studentAt } from '../gate/statistics/distributions.ts';

export interface Share {
  count: number;
  n: number;
  /** Between 0 and 1; 0 of 0 is 0. */
  share: number;
  low: number;
  high: number;
}

const tail = 0.025;

/**
 * Clopper and Pearson's exact interval, two-sided. At 0 of n its upper end is one-sided, 1 - 0.05^(1/n) (about 3/n, the "rule of three"), and at n of n the lower one
 * likewise, since the other end cannot be missed.
 */
export function exactShare(count: number, n: number): Share {
  if (n === 0) return { count, n, share: 0, low: 0, high: 1 };
  const share = count / n;
  if (count === 0) return { count, n, share, low: 0, high: binomialUpper(0, n, 2 * tail) };
  if (count === n) return { count, n, share, low: binomialLower(n, n, 2 * tail), high: 1 };
  return { count, n, share, low: binomialLower(count, n, tail), high: binomialUpper(count, n, tail) };
}

/**
 * A share of trials that come in groups (the reads of one conversation), each of which may tell much the same: the exact interval at the number of independent trials that
 * would differ as much as the groups do (Korn and Graubard 1998). Where no trial, or every one, counts, the groups cannot be seen to differ, and each is taken for one trial.
 */
export function clusteredShare(given: readonly { count: number; n: number }[]): Share {
  const groups = given.filter(({ n }) => n > 0);
  const n = groups.reduce((sum, group) => sum + group.n, 0);
  const count = groups.reduce((sum, group) => sum + group.count, 0);
  if (n === 0) return exactShare(0, 0);
  const share = count / n;
  if (count === 0 || count === n) {
    const { low, high } = exactShare(count === 0 ? 0 : groups.length, groups.length);
    return { count, n, share, low, high };
  }
  if (groups.length === 1) return { count, n, share, low: 0, high: 1 };
  const squares = groups.reduce((sum, group) => sum + (group.count - share * group.n) ** 2, 0);
  const variance = ((groups.length / (groups.length - 1)) * squares) / n ** 2;
  // Few groups tell little of how much groups differ: Student's t says how little.
  const few = (studentAt(1 - tail, n - 1) / studentAt(1 - tail, groups.length - 1)) ** 2;
  const effective = Math.min(n, variance === 0 ? n : (share * (1 - share)) / variance) * few;
  const hits = share * effective;
  return { count, n, share, low: betaAt(tail, hits, effective - hits + 1), high: betaAt(1 - tail, hits + 1, effective - hits) };
}

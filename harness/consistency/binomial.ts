/** Intervals for a share of trials, 95%, and what "none of n" still allows. Pure. */
import { binomialLower, binomialUpper } from '../gate/statistics/binomial-bounds.ts';

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

/** Wilson's interval: for bins of a curve, where many are drawn at once. */
export function wilsonShare(count: number, n: number): Share {
  if (n === 0) return { count, n, share: 0, low: 0, high: 1 };
  const z = 1.959963984540054;
  const share = count / n;
  const scale = 1 + z ** 2 / n;
  const centre = (share + z ** 2 / (2 * n)) / scale;
  const spread = (z / scale) * Math.sqrt((share * (1 - share)) / n + z ** 2 / (4 * n ** 2));
  return { count, n, share, low: count === 0 ? 0 : centre - spread, high: count === n ? 1 : centre + spread };
}

import { betaAt } from './distributions.ts';

/** Exact (Clopper-Pearson) upper bound of a probability after `count` events in `n` trials; a true value above it would give so few with probability `alpha` at most. */
export function binomialUpper(count: number, n: number, alpha: number): number {
  requireCounts(count, n);
  return count === n ? 1 : betaAt(1 - alpha, count + 1, n - count);
}

/** Exact (Clopper-Pearson) lower bound, the counterpart of `binomialUpper`. */
export function binomialLower(count: number, n: number, alpha: number): number {
  requireCounts(count, n);
  return count === 0 ? 0 : betaAt(alpha, count, n - count + 1);
}

/** Two-sided exact interval: both bounds at half of `1 - confidence`. */
export function binomialInterval(count: number, n: number, confidence: number): { low: number; high: number } {
  const alpha = (1 - confidence) / 2;
  return { low: binomialLower(count, n, alpha), high: binomialUpper(count, n, alpha) };
}

function requireCounts(count: number, n: number): void {
  if (Number.isInteger(count) && Number.isInteger(n) && count >= 0 && count <= n && n > 0) return;
  throw new RangeError(`${count} of ${n} is no count of events: expected whole numbers with 0 <= count <= n and n of at least 1`);
}

/**
 * Quantiles and their confidence intervals from the ranks of a sample. No assumption about the shape of the distribution.
 * Method: the number of values below the true quantile is binomial (n, q), so that the values at two ranks enclose it with a known probability
 * (David and Nagaraja, Order Statistics, 3rd ed., section 7.1).
 */

/** Rank (1..n) of the q-quantile: nearest rank, the smallest value that has at least n q values at or below it. */
export function quantileRank(n: number, q: number): number {
  // 0.07 * 100 is 7.000000000000001: without the margin its rank would be 8.
  return Math.min(n, Math.max(1, Math.ceil(n * q - 1e-9 * n)));
}

/** Whether n values say anything about the q-quantile: ten or more are expected beyond it on its thinner side (p99: n of 1,000). */
export function enoughFor(n: number, q: number): boolean {
  return n * Math.min(q, 1 - q) >= 10 - 1e-6;
}

export interface RankInterval {
  /** Rank of the lower end, 1..n; absent when n is too small for one. */
  low?: number;
  high?: number;
}

/** Above this variance n q (1 - q) the normal approximation is used: its ranks then differ from the exact ones by one or two in hundreds. */
const exactUpToVariance = 10_000;
const known = new Map<string, RankInterval>();

/**
 * Ranks whose values enclose the q-quantile with 95% probability, 2.5% on each side.
 * Low is the 0.025 quantile of Binomial(n, q) and high the 0.975 quantile plus one, exact up to a variance of 10,000, normal with continuity correction above.
 */
export function intervalRanks(n: number, q: number): RankInterval {
  const key = `${n}:${q}`;
  const found = known.get(key);
  if (found) return found;
  const [low, high] = n * q * (1 - q) <= exactUpToVariance ? exactRanks(n, q) : normalRanks(n, q);
  const interval: RankInterval = { ...(low >= 1 && { low }), ...(high <= n && { high }) };
  if (known.size > 10_000) known.clear();
  known.set(key, interval);
  return interval;
}

function normalRanks(n: number, q: number): [number, number] {
  const spread = 1.959963984540054 * Math.sqrt(n * q * (1 - q));
  return [Math.ceil(n * q - spread - 0.5), Math.ceil(n * q + spread - 0.5) + 1];
}

function exactRanks(n: number, q: number): [number, number] {
  // Weights relative to the mode, then normalised: no log-gamma, no loss for large n.
  const mode = Math.min(n, Math.floor((n + 1) * q));
  const odds = q / (1 - q);
  const below: number[] = [];
  for (let k = mode, weight = 1; k > 0; k -= 1) {
    weight *= k / ((n - k + 1) * odds);
    if (weight < 1e-18) break;
    below.push(weight);
  }
  const above: number[] = [];
  for (let k = mode, weight = 1; k < n; k += 1) {
    weight *= ((n - k) * odds) / (k + 1);
    if (weight < 1e-18) break;
    above.push(weight);
  }
  const weights = [...below.reverse(), 1, ...above];
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const first = mode - below.length;
  let low = -1;
  let cumulative = 0;
  for (let i = 0; i < weights.length; i += 1) {
    cumulative += weights[i] ?? 0;
    if (low < 0 && cumulative >= 0.025 * total) low = first + i;
    if (cumulative >= 0.975 * total) return [low, first + i + 1];
  }
  return [low, n + 1];
}

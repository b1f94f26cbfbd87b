import { betaBelow } from './distributions.ts';

/** The weights that are not 0 (to the precision of a number); `first` is the index of the first among all n. */
interface Weights {
  first: number;
  values: Float64Array;
}

const known = new Map<string, Weights>();

/**
 * The q-quantile after Harrell and Davis (Biometrika 69, 1982): a weighted mean of all order statistics, which varies less from sample to sample than a single one.
 * `sorted` is ascending and not empty. The weights are remembered by n and q, so that a call costs a walk over some hundred values.
 */
export function harrellDavis(sorted: ArrayLike<number>, q: number): number {
  const n = sorted.length;
  if (n === 0 || !(q > 0 && q < 1)) throw new RangeError(`the ${q}-quantile of ${n} values: expected at least one value, and a quantile between 0 and 1`);
  const { first, values } = weightsOf(n, q);
  let sum = 0;
  for (let i = 0; i < values.length; i += 1) sum += (values[i] as number) * (sorted[first + i] as number);
  return sum;
}

/** Weight i is P((i-1)/n < B <= i/n) for B of Beta((n+1)q, (n+1)(1-q)): walked outwards from the middle until nothing is left. */
function weightsOf(n: number, q: number): Weights {
  const key = `${n}:${q}`;
  const found = known.get(key);
  if (found) return found;
  const below = (i: number): number => betaBelow(i / n, (n + 1) * q, (n + 1) * (1 - q));
  const middle = Math.min(n - 1, Math.floor(n * q));
  const edges = [below(middle)];
  let first = middle;
  for (; first > 0 && (edges[0] as number) > 1e-17; first -= 1) edges.unshift(below(first - 1));
  for (let i = middle + 1; i <= n && (edges.at(-1) as number) < 1; i += 1) edges.push(below(i));
  const values = Float64Array.from({ length: edges.length - 1 }, (_, i) => (edges[i + 1] as number) - (edges[i] as number));
  const weights = { first, values };
  if (known.size > 2_000) known.clear();
  known.set(key, weights);
  return weights;
}

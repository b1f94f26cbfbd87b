/** What a remedy costs its users in time, against the first cell. Pure. */
import { keyedRandom } from '../../scenarios/random.ts';
import { quantileRank } from '../results/order-statistics.ts';
import type { CostDifference } from '../results/findings.ts';
import type { FeltTimes } from './felt-times.ts';

const resamples = 400;
/** With fewer pairs an interval says nothing. */
const leastPairs = 20;

/**
 * The difference of a quantile over the requests that both cells made: a request has the same key in every cell, and with it the same draws of the server's latencies, so what
 * is left is what the remedy changes, and what the machine did between the two. The interval (95%) comes from drawing pairs again. Undefined for too few pairs.
 * @param own by request
 */
export function costDifference(own: ReadonlyMap<string, number>, base: ReadonlyMap<string, number>, q: number, seed: number): CostDifference | undefined {
  const pairs = [...own].flatMap(([request, ms]) => {
    const other = base.get(request);
    return other === undefined ? [] : [{ ms, other }];
  });
  if (pairs.length < leastPairs) return undefined;
  const random = keyedRandom(seed, 'cost', q);
  const difference = (those: readonly { ms: number; other: number }[]): number =>
    quantileOf(
      those.map(({ ms }) => ms),
      q,
    ) -
    quantileOf(
      those.map(({ other }) => other),
      q,
    );
  const drawn = Array.from({ length: resamples }, () => difference(pairs.map((pair) => pairs[Math.floor(random() * pairs.length)] ?? pair))).toSorted(
    (a, b) => a - b,
  );
  return {
    ms: difference(pairs),
    lowMs: quantileOf(drawn, 0.025),
    highMs: quantileOf(drawn, 0.975),
    pairs: pairs.length,
  };
}

/** Of both kinds of waiting at both quantiles that the table shows. */
export function remedyCost(own: FeltTimes, base: FeltTimes, seed: number): Record<'submit' | 'read', { p50?: CostDifference; p95?: CostDifference }> {
  const of = (kind: 'submit' | 'read'): { p50?: CostDifference; p95?: CostDifference } => {
    const p50 = costDifference(own[kind], base[kind], 0.5, seed);
    const p95 = costDifference(own[kind], base[kind], 0.95, seed);
    return { ...(p50 && { p50 }), ...(p95 && { p95 }) };
  };
  return { submit: of('submit'), read: of('read') };
}

function quantileOf(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[quantileRank(sorted.length, q) - 1] ?? Number.NaN;
}

/** What a profile declares of an operation, as quantiles: reports lay them beside what was measured. */
import type { Operation } from '../../scenarios/operations.ts';
import { drawRequest } from './draw.ts';
import type { LatencyProfile } from './profile.ts';

/** `total`: from arrival to the last byte. `firstEvent`: to the first content event; of a plain reply the same as the total. */
export type DeclaredOf = 'total' | 'firstEvent';

const points: readonly number[] = [0, 0.01, 0.05, ...Array.from({ length: 17 }, (_, i) => (i + 2) / 20), 0.95, 0.975, 0.99, 0.995, 0.999, 1];
const simulatedDraws = 4096;
const stallStrata = 4096;

/**
 * [quantile, ms], ascending in both, of requests that succeed, without waiting for workers and without the link. An infinite end is left out.
 * Exact where the profile names the distribution. Totals of streams that follow from gaps or stalls are taken from 4,096 draws, and plain
 * replies with stalls from a stratified sum: both always give the same numbers for the same profile.
 */
export function declaredQuantiles(profile: LatencyProfile, operation: Pick<Operation, 'name'>, of: DeclaredOf = 'total'): [number, number][] {
  const rule = profile.operations[operation.name];
  if (!rule) throw new Error(`operation "${operation.name}" is not in the latency profile "${profile.name}": expected a name of scenarios/operations.ts`);
  const followsFromEvents = of === 'total' && rule.stream?.firstEvent !== undefined && (rule.stream.stall !== undefined || rule.total === undefined);
  const distribution = of === 'firstEvent' ? (rule.stream?.firstEvent ?? rule.total) : rule.total;
  if (followsFromEvents || !distribution) return weightedQuantiles(simulate(profile, operation));
  if (!rule.stall) return points.map((q): [number, number] => [q, distribution.quantile(q)]).filter(([, ms]) => Number.isFinite(ms));
  const weighted: [number, number][] = [];
  for (let i = 0; i < stallStrata; i += 1) {
    const ms = distribution.sample((i + 0.5) / stallStrata);
    // A golden-ratio step pairs every part of the one with every part of the other.
    const stallMs = rule.stall.duration.sample((i * 0.6180339887498949) % 1);
    weighted.push([ms, 1 - rule.stall.ratio], [ms + stallMs, rule.stall.ratio]);
  }
  return weightedQuantiles(weighted);
}

function simulate(profile: LatencyProfile, operation: Pick<Operation, 'name'>): [number, number][] {
  const rule = profile.operations[operation.name];
  // Failing requests have no total of their own.
  const calm: LatencyProfile = rule ? { ...profile, operations: { [operation.name]: { ...rule, errorRatio: 0 } } } : profile;
  return Array.from({ length: simulatedDraws }, (_, i): [number, number] => [drawRequest(calm, operation, `declared ${i}`).totalMs, 1]);
}

function weightedQuantiles(weighted: [number, number][]): [number, number][] {
  const sorted = weighted.filter(([, weight]) => weight > 0).sort((one, other) => one[0] - other[0]);
  const total = sorted.reduce((sum, [, weight]) => sum + weight, 0);
  const found: [number, number][] = [];
  let reached = 0;
  let next = 0;
  for (const [ms, weight] of sorted) {
    reached += weight;
    while (next < points.length - 1 && reached >= (points[next] as number) * total) {
      found.push([points[next] as number, ms]);
      next += 1;
    }
  }
  const last = sorted[sorted.length - 1];
  if (last) found.push([1, last[0]]);
  return found;
}

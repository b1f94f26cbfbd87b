import type { LatencyClass } from '../../scenarios/types.ts';
import { countsOf } from '../results/distribution.ts';
import type { Distribution, LegResult, MetricName, MetricSet } from '../results/run-file.ts';

/** The order in which classes are shown everywhere, and their colour. */
export const classColours: Readonly<Record<LatencyClass, string>> = { metadata: 'c0', crud: 'c1', completion: 'c2', static: 'c3' };
export const classOrder: readonly LatencyClass[] = ['metadata', 'crud', 'completion', 'static'];

export interface NamedDistribution {
  name: string;
  colour: string;
  distribution: Distribution;
  dashed?: boolean;
}

/** Why a leg has no such metric: the driver's own reason, else `otherwise`. The first metric with a reason decides. */
export function whyNot(leg: LegResult, metrics: readonly string[], otherwise: string): string {
  for (const metric of metrics) {
    const entry = leg.driverReport.notAvailable.find((candidate) => candidate.metric.toLowerCase() === metric.toLowerCase());
    if (entry) return entry.reason;
  }
  return otherwise;
}

export function has(distribution: Distribution | undefined): distribution is Distribution {
  return distribution !== undefined && distribution.n > 0;
}

/** Connection set-up, where a connection was opened and its opening took time. */
export function connectOf({ connect }: MetricSet): Distribution | undefined {
  return has(connect) && connect.maxMs > 0 ? connect : undefined;
}

/** What the measured phase lasted, in seconds; at least a millisecond. */
export function measuredSeconds(leg: LegResult): number {
  return Math.max(leg.driverReport.measuredToMs - leg.driverReport.measuredFromMs, 1) / 1_000;
}

export function sentCount({ counts }: { counts: LegResult['totals']['counts'] }): number {
  return counts.ok + counts.failed + counts.timeout + counts.aborted;
}

/** What latency counts from, in this leg. */
export function countsFrom(leg: LegResult): 'intended' | 'sent' {
  return leg.latencyFrom ?? (leg.model === 'closed' ? 'sent' : 'intended');
}

/** Latency by class where there are several, else by operation (the busiest), else the one there is. */
export function latencyByGroup(leg: LegResult, most = 8): NamedDistribution[] {
  const classes = classOrder.flatMap((name) => {
    const distribution = leg.classes[name]?.latency;
    return has(distribution) ? [{ name: name as string, colour: classColours[name], distribution }] : [];
  });
  const groups = classes.length > 1 ? classes : latencyByOperation(leg, most - 1);
  const all: NamedDistribution[] = has(leg.all.latency) ? [{ name: 'all', colour: 'c7', distribution: leg.all.latency, dashed: true }] : [];
  return groups.length === 1 ? groups : [...groups, ...all];
}

export function latencyByOperation(leg: LegResult, most: number): NamedDistribution[] {
  return busiest(leg)
    .flatMap(({ operation, metrics }) => (has(metrics.latency) ? [{ name: operation, distribution: metrics.latency }] : []))
    .slice(0, most)
    .map((entry, index) => ({ ...entry, colour: `c${index % 7}` }));
}

export function busiest(leg: LegResult): LegResult['operations'] {
  return leg.operations.toSorted((a, b) => sentCount(b) - sentCount(a) || (a.operation < b.operation ? -1 : 1));
}

/** What a stream leg tells beside latency. */
export const streamMetrics: readonly { metric: MetricName; name: string; colour: string }[] = [
  { metric: 'ttfb', name: 'TTFB', colour: 'c4' },
  { metric: 'ttft', name: 'TTFT', colour: 'c0' },
  { metric: 'gap', name: 'gap', colour: 'c5' },
  { metric: 'maxGap', name: 'longest gap', colour: 'c3' },
  { metric: 'tpot', name: 'TPOT', colour: 'c6' },
  { metric: 'total', name: 'total', colour: 'c2' },
];

export interface CurvePoint {
  q: number;
  ms: number;
  /** False: fewer than ten values are expected beyond it. */
  enough: boolean;
}

/** The quantile function on a grid that is even in nines, up to the last one that n values can tell. One decoding for the whole curve. */
export function quantileCurve(distribution: Distribution, steps = 60): CurvePoint[] {
  const { us, cumulative } = countsOf(distribution);
  const { n } = distribution;
  const mostNines = Math.max(Math.log10(n), 0.31);
  const points: CurvePoint[] = [{ q: 0, ms: distribution.minMs, enough: n >= 10 }];
  let index = 0;
  for (let step = 1; step <= steps; step += 1) {
    const q = 1 - 10 ** (-(mostNines * step) / steps);
    const rank = Math.min(n, Math.max(1, Math.ceil(n * q - 1e-9 * n)));
    while (index < us.length - 1 && (cumulative[index] ?? 0) < rank) index += 1;
    points.push({ q, ms: (us[index] ?? 0) / 1_000, enough: n * Math.min(q, 1 - q) >= 10 - 1e-6 || (q < 0.5 && n >= 20) });
  }
  return points;
}

/** How many values fall between consecutive edges (ms, ascending); what lies outside is counted in the first or last bin. */
export function binCounts(distribution: Distribution, edgesMs: readonly number[]): number[] {
  const bins = new Array<number>(edgesMs.length - 1).fill(0);
  const { us, cumulative } = countsOf(distribution);
  let bin = 0;
  for (let i = 0; i < us.length; i += 1) {
    const ms = (us[i] ?? 0) / 1_000;
    while (bin < bins.length - 1 && ms >= (edgesMs[bin + 1] ?? Number.POSITIVE_INFINITY)) bin += 1;
    bins[bin] = (bins[bin] ?? 0) + (cumulative[i] ?? 0) - (cumulative[i - 1] ?? 0);
  }
  return bins;
}

/** Smallest and largest value over all, for an axis on a log scale: zeros count as `floorMs`. */
export function logRange(valuesMs: readonly number[], floorMs = 0.01): [number, number] {
  let low = Number.POSITIVE_INFINITY;
  let high = floorMs;
  for (const value of valuesMs) {
    low = Math.min(low, Math.max(value, floorMs));
    high = Math.max(high, value);
  }
  if (!Number.isFinite(low)) return [floorMs, floorMs * 10];
  return high / low < 1.3 ? [low * 0.8, high * 1.25] : [low * 0.92, high * 1.08];
}

import type { Objective } from '../../scenarios/types.ts';
import { mergeDistributions, quantileOf } from '../results/distribution.ts';
import type { Distribution, LegMeasurement, ObjectiveResult, OperationResult } from '../results/run-file.ts';
import { formatMs, formatRatio, isRatioMetric, objectiveText, quantileName } from './text.ts';

type Answer = Omit<ObjectiveResult, 'objective' | 'text'>;

/**
 * Each objective against what was measured.
 *
 * - The measured value decides between pass and fail; its 95% interval is given beside it, and said when the bound lies inside it.
 * - With too few values for the quantile (n (1 - q) under 10) it never passes: `inconclusive`, unless the whole interval already lies beyond the bound, which is a fail.
 * - Nothing measured to judge by (no such request ended, or the server does not tell its intent): `inconclusive`.
 * - Not judged (`judged: false`, verdict `inconclusive` with the reason, outside the run's verdict): in a closed loop everything but errorRatio, since its latency hides
 *   what waiting requests would have seen; and what this driver cannot measure by its own account.
 */
export function judgeObjectives(leg: LegMeasurement, objectives: readonly Objective[]): ObjectiveResult[] {
  return objectives.map((objective) => ({ objective, text: objectiveText(objective), ...answer(leg, objective) }));
}

function answer(leg: LegMeasurement, objective: Objective): Answer {
  const { metric } = objective;
  if (leg.model === 'closed' && metric !== 'errorRatio') {
    return notJudged('closed loop: a slow answer also delays the requests after it, so only errors are judged');
  }
  const missing = leg.driverReport.notAvailable.find((entry) => entry.metric === metric);
  if (missing) return notJudged(`the ${leg.driver} driver cannot measure it: ${missing.reason}`);
  if (isRatioMetric(metric)) return judgeRatio(leg, objective, metric);
  return judgeQuantile(leg, objective, metric === 'milestone' ? milestoneOf(leg, objective) : metricOf(leg, objective, metric));
}

function notJudged(reason: string): Answer {
  return { verdict: 'inconclusive', judged: false, n: 0, reason };
}

function judgeQuantile(leg: LegMeasurement, { metric, quantile = 0.5, min, max }: Objective, distribution: Distribution | undefined): Answer {
  const found = distribution && quantileOf(distribution, quantile);
  if (!distribution || !found) {
    const hint =
      metric === 'residual'
        ? 'no response said what latency it was meant to have'
        : `no measured ${metric === 'milestone' ? 'journey reached it' : 'request has a value'}`;
    return { verdict: 'inconclusive', n: 0, reason: `nothing to judge: ${hint}` };
  }
  const { ms, lowMs, highMs, enough } = found;
  const { n } = distribution;
  const measured = { value: ms, ...(lowMs !== undefined && { lowValue: lowMs }), ...(highMs !== undefined && { highValue: highMs }), n };
  const beyond = (max !== undefined && ms > max) || (min !== undefined && ms < min);
  const wholeBeyond = (max !== undefined && lowMs !== undefined && lowMs > max) || (min !== undefined && highMs !== undefined && highMs < min);
  if (!enough) {
    const needed = Math.ceil(10 / Math.min(quantile, 1 - quantile) - 1e-6);
    const few = `n = ${n} is too small for ${quantileName(quantile)} (needs ${needed})`;
    if (wholeBeyond) return { verdict: 'fail', ...measured, reason: `${formatMs(ms)}; ${few}, but the whole 95% interval is beyond the bound` };
    return { verdict: 'inconclusive', ...measured, reason: `${few}; measured ${formatMs(ms)}` };
  }
  const notes = [
    ...(within(max, lowMs, highMs) || within(min, lowMs, highMs) ? ['the bound lies inside the 95% interval: a repeat may decide otherwise'] : []),
    ...(metric !== 'milestone' && leg.latencyFrom === 'sent' && metric !== 'serviceTime' && metric !== 'residual'
      ? ['counted from sent: this driver has no intended send time']
      : []),
  ];
  const reason = [...(beyond ? [`measured ${formatMs(ms)}`] : []), ...notes].join('; ');
  return { verdict: beyond ? 'fail' : 'pass', ...measured, ...(reason !== '' && { reason }) };
}

function within(bound: number | undefined, low: number | undefined, high: number | undefined): boolean {
  return bound !== undefined && low !== undefined && high !== undefined && low <= bound && bound <= high && low < high;
}

function metricOf(
  leg: LegMeasurement,
  { operation, latencyClass }: Objective,
  metric: Exclude<Objective['metric'], 'milestone' | 'errorRatio' | 'goodputRatio' | 'achievedRatio'>,
) {
  if (operation !== undefined) return covered(leg, { operation, latencyClass })[0]?.metrics[metric];
  return latencyClass === undefined ? leg.all[metric] : leg.classes[latencyClass]?.[metric];
}

function milestoneOf(leg: LegMeasurement, { milestone }: Objective): Distribution | undefined {
  const found = leg.journeys.flatMap(({ milestones }) => (milestone !== undefined && milestones[milestone] ? [milestones[milestone]] : []));
  return found.length > 1 ? mergeDistributions(found) : found[0];
}

function covered(
  leg: LegMeasurement,
  { operation, latencyClass }: { operation?: string | undefined; latencyClass?: Objective['latencyClass'] | undefined },
): OperationResult[] {
  return leg.operations.filter(
    (result) => (operation === undefined || result.operation === operation) && (latencyClass === undefined || result.latencyClass === latencyClass),
  );
}

function judgeRatio(leg: LegMeasurement, objective: Objective, metric: 'errorRatio' | 'goodputRatio' | 'achievedRatio'): Answer {
  const { hits, n } = metric === 'achievedRatio' ? achievedOf(leg) : countsOf(covered(leg, objective), metric);
  if (!(n > 0)) return { verdict: 'inconclusive', n: 0, reason: 'nothing to judge: no request that it covers was sent' };
  const value = hits / n;
  const { min, max } = objective;
  const beyond = (max !== undefined && value > max) || (min !== undefined && value < min);
  const [lowValue, highValue] = wilson(value, n);
  return {
    verdict: beyond ? 'fail' : 'pass',
    value,
    lowValue,
    highValue,
    n: Math.round(n),
    ...(beyond && { reason: `measured ${formatRatio(value)} of ${Math.round(n)}` }),
  };
}

function achievedOf({ totals, driverReport }: LegMeasurement): { hits: number; n: number } {
  const seconds = Math.max(driverReport.measuredToMs - driverReport.measuredFromMs, 1) / 1000;
  return { hits: totals.achievedPerSecond * seconds, n: (totals.offeredPerSecond ?? 0) * seconds };
}

function countsOf(operations: readonly OperationResult[], metric: 'errorRatio' | 'goodputRatio'): { hits: number; n: number } {
  let hits = 0;
  let n = 0;
  for (const { counts, goodputRatio } of operations) {
    const { ok, failed, timeout, aborted, dropped } = counts;
    if (metric === 'errorRatio') {
      hits += failed + timeout;
      n += ok + failed + timeout + aborted;
    } else {
      const judgeable = ok + failed + timeout + dropped;
      hits += Math.round((goodputRatio ?? 0) * judgeable);
      n += judgeable;
    }
  }
  return { hits, n };
}

/** 95% interval of a share (Wilson score): usable at 0 and 1, where the share plus or minus its standard error is not. */
export function wilson(share: number, n: number): [number, number] {
  const z = 1.959963984540054;
  const middle = share + (z * z) / (2 * n);
  const half = z * Math.sqrt((share * (1 - share)) / n + (z * z) / (4 * n * n));
  const scale = 1 + (z * z) / n;
  return [Math.max(0, (middle - half) / scale), Math.min(1, (middle + half) / scale)];
}

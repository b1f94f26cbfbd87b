import { isWork, resolveStep } from '../../scenarios/request.ts';
import { thresholdText } from '../../scenarios/threshold-grammar.ts';
import type { Objective, Scenario } from '../../scenarios/types.ts';
import { formatRatio, isRatioMetric, quantileName } from '../judge/text.ts';
import { enoughFor, intervalRanks, quantileRank } from '../results/order-statistics.ts';
import { operationKey } from './epochs/head-only.ts';
import { binomialInterval } from './statistics/binomial-bounds.ts';
import type { GateConclusion, HardLimitResult } from './gate-file.ts';
import type { Measure, SideName } from './types.ts';

/** What is read of one side of an epoch. */
export interface SideValues {
  series: readonly { scenario: string; name: string; latencyClass?: string; measure: Measure; us: readonly number[] }[];
  scenarios: readonly {
    scenario: string;
    operations: Readonly<Record<string, readonly [failed: number, requests: number]>>;
    good: Readonly<Record<string, readonly [good: number, requests: number]>>;
  }[];
}

export type EpochValues = Record<SideName, SideValues>;

/** What a gate measures of an objective's metric: latency is from the intended send time to the end, of a stream as well. */
const measuresOf: Partial<Record<Objective['metric'], readonly Measure[]>> = {
  latency: ['latency', 'streamTotal'],
  ttft: ['ttft'],
  tpot: ['tpot'],
  maxGap: ['maxGap'],
  milestone: ['milestone'],
};

/** Whether a gate can judge it. */
export function isGateLimit({ metric }: Pick<Objective, 'metric'>): boolean {
  return metric === 'errorRatio' || metric === 'goodputRatio' || measuresOf[metric] !== undefined;
}

/**
 * Every objective of the scenarios as a hard limit, over all values of all epochs together. It is absolute, where the comparison is not. Head's value meets it, as in a run; or
 * its whole 95% interval is beyond, which breaks it; or the value is beyond and its interval is not, which cannot be told.
 * @param headOnly `operationKey`s: base does not know them, so that their errors are none of what base meets or breaks
 */
export function judgeHardLimits(scenarios: readonly Scenario[], epochs: readonly EpochValues[], headOnly: ReadonlySet<string> = new Set()): HardLimitResult[] {
  return scenarios.flatMap((scenario) =>
    scenario.objectives.map((objective): HardLimitResult => {
      const common = { scenario: scenario.name, objective, text: thresholdText(objective) };
      if (!isGateLimit(objective)) return { ...common, outcome: 'not measured', reason: `a gate does not measure ${objective.metric}` };
      const [base, head] = (['base', 'head'] as const).map((side) =>
        measured(
          scenario,
          objective,
          epochs.map((epoch) => epoch[side]),
          side === 'base' ? headOnly : new Set<string>(),
        ),
      );
      const values = { ...(base?.value !== undefined && { base: base.value }), ...(head?.value !== undefined && { head: head.value }) };
      if (!head || head.value === undefined) return { ...common, ...values, outcome: 'too few', reason: 'nothing of head to judge it by' };
      if (head.beyond && base?.beyond && (head.enough || head.broken)) return { ...common, ...values, outcome: 'broken by both' };
      if (head.broken) return { ...common, ...values, outcome: 'broken' };
      if (!head.enough)
        return { ...common, ...values, outcome: 'too few', reason: `n = ${head.n} is too small for ${quantileName(objective.quantile ?? 0.5)}` };
      if (head.beyond) return { ...common, ...values, outcome: 'too few', reason: noiseText(objective, head) };
      return { ...common, ...values, outcome: 'met' };
    }),
  );
}

/** The conclusion with the limits: one that head alone breaks fails, and one that cannot be told is no pass. An invalid gate stays that. */
export function withHardLimits<Conclusion extends GateConclusion>(conclusion: Conclusion, limits: readonly HardLimitResult[]): Conclusion {
  const { verdict, reasons } = conclusion;
  const say = ({ scenario, text, objective, base, head, reason }: HardLimitResult): string =>
    `${scenario}, ${text}: base ${valueText(objective, base)}, head ${valueText(objective, head)}${reason === undefined ? '' : ` (${reason})`}`;
  const broken = limits.filter(({ outcome }) => outcome === 'broken').map((limit) => `hard limit broken: ${say(limit)}`);
  const few = limits.filter(({ outcome }) => outcome === 'too few').map((limit) => `hard limit not told: ${say(limit)}`);
  if (verdict === 'invalid') return conclusion;
  if (verdict === 'fail') return { ...conclusion, reasons: [...reasons, ...broken] };
  if (broken.length > 0) return { ...conclusion, verdict: 'fail', reasons: [...broken, ...(verdict === 'pass' ? [] : reasons)] };
  if (few.length > 0) return { ...conclusion, verdict: 'inconclusive', reasons: [...(verdict === 'pass' ? [] : reasons), ...few] };
  return conclusion;
}

function valueText({ metric }: Objective, value: number | undefined): string {
  if (value === undefined) return 'none';
  return isRatioMetric(metric) ? formatRatio(value) : `${Number(value.toPrecision(4))} ms`;
}

function noiseText(objective: Objective, { low, high, n }: Measured): string {
  const end = (value: number | undefined, open: string): string => (value === undefined ? open : valueText(objective, value));
  return `the limit is within the 95% interval of ${n} requests, ${end(low, 'any')} to ${end(high, 'any')}`;
}

interface Measured {
  /** Absent: there is none. */
  value?: number;
  /** Of its 95% interval. Absent: that end is open. */
  low?: number;
  high?: number;
  n: number;
  enough: boolean;
  /** The value is beyond the bound. */
  beyond: boolean;
  /** So is its whole interval. */
  broken: boolean;
}

const nothing: Measured = { n: 0, enough: false, beyond: false, broken: false };

function measured(scenario: Scenario, objective: Objective, sides: readonly SideValues[], leftOut: ReadonlySet<string>): Measured {
  if (isRatioMetric(objective.metric)) return share(scenario, objective, sides, leftOut);
  const { operation, latencyClass, milestone, quantile = 0.5 } = objective;
  const measures = measuresOf[objective.metric] ?? [];
  const wanted = sides.flatMap(({ series }) =>
    series.filter(
      (one) =>
        one.scenario === scenario.name &&
        measures.includes(one.measure) &&
        (milestone ?? operation ?? one.name) === one.name &&
        (latencyClass ?? one.latencyClass) === one.latencyClass,
    ),
  );
  const sorted = Float64Array.from(wanted.flatMap(({ us }) => us)).sort();
  const n = sorted.length;
  if (n === 0) return nothing;
  const ms = (rank: number): number => (sorted[rank - 1] ?? Number.NaN) / 1_000;
  const value = ms(quantileRank(n, quantile));
  const ranks = intervalRanks(n, quantile);
  const interval = { ...(ranks.low !== undefined && { low: ms(ranks.low) }), ...(ranks.high !== undefined && { high: ms(ranks.high) }) };
  return { value, ...interval, n, enough: enoughFor(n, quantile), ...against(objective, value, interval) };
}

function share(scenario: Scenario, objective: Objective, sides: readonly SideValues[], leftOut: ReadonlySet<string>): Measured {
  const covered = coveredOperations(scenario, objective);
  let hits = 0;
  let n = 0;
  for (const { scenarios } of sides) {
    for (const counts of scenarios.filter((one) => one.scenario === scenario.name)) {
      for (const [operation, [hit, requests]] of Object.entries(objective.metric === 'errorRatio' ? counts.operations : counts.good)) {
        if (!covered.has(operation) || leftOut.has(operationKey(scenario.name, operation))) continue;
        hits += hit;
        n += requests;
      }
    }
  }
  if (n === 0) return nothing;
  const interval = binomialInterval(hits, n, 0.95);
  return { value: hits / n, ...interval, n, enough: true, ...against(objective, hits / n, interval) };
}

function against({ min, max }: Objective, value: number, { low, high }: Pick<Measured, 'low' | 'high'>): Pick<Measured, 'beyond' | 'broken'> {
  const beyond = (max !== undefined && value > max) || (min !== undefined && value < min);
  const whole = (max !== undefined && low !== undefined && low > max) || (min !== undefined && high !== undefined && high < min);
  return { beyond, broken: beyond && whole };
}

function coveredOperations(scenario: Scenario, { operation, latencyClass }: Objective): Set<string> {
  const requests = scenario.journeys.flatMap(({ steps }) => steps.flatMap((step) => (isWork(step) ? [] : [resolveStep(step)])));
  return new Set(
    requests
      .filter((known) => (operation ?? known.operation) === known.operation && (latencyClass ?? known.latencyClass) === known.latencyClass)
      .map((known) => known.operation),
  );
}

import { isWork, resolveStep } from '../../scenarios/request.ts';
import { thresholdText } from '../../scenarios/threshold-grammar.ts';
import type { Objective, Scenario } from '../../scenarios/types.ts';
import { formatRatio, isRatioMetric, quantileName } from '../judge/text.ts';
import { enoughFor, intervalRanks, quantileRank } from '../results/order-statistics.ts';
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
 * Every objective of the scenarios as a hard limit, over all values of all epochs together. It is absolute, where the comparison is not: the value itself decides, as in a
 * run, and a limit that lies within the noise of what is measured is broken by chance.
 */
export function judgeHardLimits(scenarios: readonly Scenario[], epochs: readonly EpochValues[]): HardLimitResult[] {
  return scenarios.flatMap((scenario) =>
    scenario.objectives.map((objective): HardLimitResult => {
      const common = { scenario: scenario.name, objective, text: thresholdText(objective) };
      if (!isGateLimit(objective)) return { ...common, outcome: 'not measured', reason: `a gate does not measure ${objective.metric}` };
      const [base, head] = (['base', 'head'] as const).map((side) =>
        measured(
          scenario,
          objective,
          epochs.map((epoch) => epoch[side]),
        ),
      );
      const values = { ...(base?.value !== undefined && { base: base.value }), ...(head?.value !== undefined && { head: head.value }) };
      if (!head || head.value === undefined) return { ...common, ...values, outcome: 'too few', reason: 'nothing of head to judge it by' };
      if (head.broken) return { ...common, ...values, outcome: base?.beyond ? 'broken by both' : 'broken' };
      if (!head.enough)
        return { ...common, ...values, outcome: 'too few', reason: `n = ${head.n} is too small for ${quantileName(objective.quantile ?? 0.5)}` };
      return { ...common, ...values, outcome: 'met' };
    }),
  );
}

/** The conclusion with the limits: one that head alone breaks fails, and one that cannot be told is no pass. An invalid gate stays that. */
export function withHardLimits<Conclusion extends GateConclusion>(conclusion: Conclusion, limits: readonly HardLimitResult[]): Conclusion {
  const { verdict, reasons } = conclusion;
  const say = ({ scenario, text, objective, base, head, reason }: HardLimitResult): string => {
    const value = (ms: number | undefined): string =>
      ms === undefined ? 'none' : isRatioMetric(objective.metric) ? formatRatio(ms) : `${Number(ms.toPrecision(4))} ms`;
    return `${scenario}, ${text}: base ${value(base)}, head ${value(head)}${reason === undefined ? '' : ` (${reason})`}`;
  };
  const broken = limits.filter(({ outcome }) => outcome === 'broken').map((limit) => `hard limit broken: ${say(limit)}`);
  const few = limits.filter(({ outcome }) => outcome === 'too few').map((limit) => `hard limit not told: ${say(limit)}`);
  if (verdict === 'invalid') return conclusion;
  if (verdict === 'fail') return { ...conclusion, reasons: [...reasons, ...broken] };
  if (broken.length > 0) return { ...conclusion, verdict: 'fail', reasons: [...broken, ...(verdict === 'pass' ? [] : reasons)] };
  if (few.length > 0) return { ...conclusion, verdict: 'inconclusive', reasons: [...(verdict === 'pass' ? [] : reasons), ...few] };
  return conclusion;
}

interface Measured {
  /** Absent: there is none. */
  value?: number;
  n: number;
  enough: boolean;
  /** The value is beyond the bound. */
  beyond: boolean;
  /** Beyond it, and enough to say so; or so far that its whole 95% interval is. */
  broken: boolean;
}

function measured(scenario: Scenario, objective: Objective, sides: readonly SideValues[]): Measured {
  if (isRatioMetric(objective.metric)) return share(scenario, objective, sides);
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
  if (n === 0) return { n, enough: false, beyond: false, broken: false };
  const ms = (rank: number): number => (sorted[rank - 1] ?? Number.NaN) / 1_000;
  const value = ms(quantileRank(n, quantile));
  const ranks = intervalRanks(n, quantile);
  const enough = enoughFor(n, quantile);
  const beyond = isBeyond(objective, value);
  const { min, max } = objective;
  const wholeBeyond =
    (max !== undefined && ranks.low !== undefined && ms(ranks.low) > max) || (min !== undefined && ranks.high !== undefined && ms(ranks.high) < min);
  return { value, n, enough, beyond, broken: beyond && (enough || wholeBeyond) };
}

function share(scenario: Scenario, objective: Objective, sides: readonly SideValues[]): Measured {
  const covered = coveredOperations(scenario, objective);
  let hits = 0;
  let n = 0;
  for (const { scenarios } of sides) {
    for (const counts of scenarios.filter((one) => one.scenario === scenario.name)) {
      for (const [operation, [hit, requests]] of Object.entries(objective.metric === 'errorRatio' ? counts.operations : counts.good)) {
        if (!covered.has(operation)) continue;
        hits += hit;
        n += requests;
      }
    }
  }
  if (n === 0) return { n, enough: false, beyond: false, broken: false };
  const beyond = isBeyond(objective, hits / n);
  return { value: hits / n, n, enough: true, beyond, broken: beyond };
}

function isBeyond({ min, max }: Objective, value: number): boolean {
  return (max !== undefined && value > max) || (min !== undefined && value < min);
}

function coveredOperations(scenario: Scenario, { operation, latencyClass }: Objective): Set<string> {
  const requests = scenario.journeys.flatMap(({ steps }) => steps.flatMap((step) => (isWork(step) ? [] : [resolveStep(step)])));
  return new Set(
    requests
      .filter((known) => (operation ?? known.operation) === known.operation && (latencyClass ?? known.latencyClass) === known.latencyClass)
      .map((known) => known.operation),
  );
}

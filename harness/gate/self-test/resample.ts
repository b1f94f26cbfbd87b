/** Sets of epochs out of a pool, each judged as a gate would judge it. Pure. */
import { keyedRandom } from '../../../scenarios/random.ts';
import { decide } from '../decide.ts';
import { type DecisionRule, gateRule } from '../decision-rule.ts';
import { errorsOf } from '../epochs/error-evidence.ts';
import { estimateMetric, type MetricEstimate } from '../estimate-metric.ts';
import { bootstrapOf, type MergedEpochs, mergeEpochs } from '../statistics/cluster-bootstrap.ts';
import type { Decision, GateMetric, MetricEpochs } from '../types.ts';
import type { PoolEvidence } from './pool-evidence.ts';

export interface SetCounts {
  sets: number;
  fail: number;
  pass: number;
  inconclusive: number;
  /** Fails by a metric of what was changed. */
  found: number;
  /** Verdicts at each look, inconclusive ones at the last. */
  atLook: number[];
  /** In how many sets each metric (or `errors of <operation>`) failed the gate. */
  failedBy: Record<string, number>;
}

export interface ResampleOptions {
  sets: number;
  seed: string;
  /** Epochs that are drawn together, as they followed one another: 1 where an epoch does not lean on the one before. */
  stretch: number;
  /** Of the bootstrap of pooled quantiles. */
  replicates: number;
  /** As `Injection.seenIn`. */
  seenIn: readonly string[];
  rule?: DecisionRule;
}

/** Each set is as long as the last look, drawn with replacement, and judged look by look up to the first verdict. */
export function resample(pool: PoolEvidence, { sets, seed, stretch, replicates, seenIn, rule = gateRule }: ResampleOptions): SetCounts {
  const judge = setJudge(pool, { replicates, rule });
  const random = keyedRandom('resample', seed);
  const counts = noSets(rule);
  for (let set = 0; set < sets; set += 1) {
    const members = drawMembers(pool.epochs, { length: rule.looksAtEpochs.at(-1) ?? 0, stretch, random });
    count(counts, judge(members, `${seed}:${set}`), seenIn, rule);
  }
  return counts;
}

/**
 * Sets that share no epoch: the pool in the order of its recording, cut as a gate that stops at its verdict would cut it. What is left at the end without a verdict
 * is no set. They are few, and independent: what a bound can be given for.
 */
export function disjointSets(pool: PoolEvidence, { replicates, seenIn, rule = gateRule }: Pick<ResampleOptions, 'replicates' | 'seenIn' | 'rule'>): SetCounts {
  const judge = setJudge(pool, { replicates, rule });
  const counts = noSets(rule);
  const last = rule.looksAtEpochs.at(-1) ?? 0;
  for (let from = 0; from < pool.epochs; ) {
    const members = Array.from({ length: Math.min(last, pool.epochs - from) }, (_, i) => from + i);
    const decision = judge(members, `disjoint:${from}`);
    if (!decision || (decision.verdict === 'inconclusive' && members.length < last)) break;
    count(counts, decision, seenIn, rule);
    from += decision.epochs;
  }
  return counts;
}

export function addCounts(parts: readonly SetCounts[], rule: DecisionRule = gateRule): SetCounts {
  const sum = noSets(rule);
  for (const part of parts) {
    for (const key of ['sets', 'fail', 'pass', 'inconclusive', 'found'] as const) sum[key] += part[key];
    for (const [look, times] of part.atLook.entries()) sum.atLook[look] = (sum.atLook[look] ?? 0) + times;
    for (const [id, times] of Object.entries(part.failedBy)) sum.failedBy[id] = (sum.failedBy[id] ?? 0) + times;
  }
  return sum;
}

/** Adds one gate's decision; undefined (too few epochs for a look) is inconclusive. */
export function count(counts: SetCounts, decision: Decision | undefined, seenIn: readonly string[], rule: DecisionRule = gateRule): void {
  counts.sets += 1;
  counts[decision?.verdict ?? 'inconclusive'] += 1;
  if (!decision) return;
  const look = decision.look === 0 ? rule.looksAtEpochs.findIndex((at) => at >= decision.epochs) : decision.look - 1;
  counts.atLook[look] = (counts.atLook[look] ?? 0) + 1;
  if (decision.verdict !== 'fail') return;
  const failed = decision.metrics.filter((metric) => metric.verdict === 'fail' && metric.advisory === undefined);
  if (seenIn.length === 0 || failed.some((metric) => seenIn.includes(scopeName(metric)))) counts.found += 1;
  const erring = decision.errors.filter(({ verdict }) => verdict === 'fail').map(({ operation }) => `errors of ${operation}`);
  for (const id of [...failed.map(({ id }) => id), ...erring]) counts.failedBy[id] = (counts.failedBy[id] ?? 0) + 1;
}

export function noSets({ looksAtEpochs }: Pick<DecisionRule, 'looksAtEpochs'>): SetCounts {
  return { sets: 0, fail: 0, pass: 0, inconclusive: 0, found: 0, atLook: looksAtEpochs.map(() => 0), failedBy: {} };
}

function scopeName({ scope }: Pick<GateMetric, 'scope'>): string {
  if (scope.kind === 'all') return 'all';
  return scope.kind === 'class' ? `class ${scope.name}` : scope.name;
}

function drawMembers(epochs: number, { length, stretch, random }: { length: number; stretch: number; random: () => number }): number[] {
  const members: number[] = [];
  while (members.length < length) {
    const from = Math.floor(random() * epochs);
    for (let i = 0; i < stretch && members.length < length; i += 1) members.push((from + i) % epochs);
  }
  return members;
}

/**
 * Judges sets of members (indexes into the pool), look by look. One array a metric for all sets, and tails that were sorted once: thousands of sets are a matter of
 * minutes. The figures are those of `evidenceOf`, the decision is `decide`.
 */
function setJudge(
  pool: PoolEvidence,
  { replicates, rule }: { replicates: number; rule: DecisionRule },
): (members: readonly number[], seed: string) => Decision | undefined {
  const merged = new Map<string, MergedEpochs>();
  for (const { id, pooled } of pool.metrics) if (pooled) merged.set(id, mergeEpochs(pooled));
  const drawn = pool.metrics.map((metric) => ({ ...metric, effects: [...metric.effects], baseMs: [...metric.baseMs], headMs: [...metric.headMs] }));
  return (members, seed) => {
    for (const [index, metric] of pool.metrics.entries()) fill(drawn[index] as MetricEpochs, metric, members);
    const estimate = (metric: MetricEpochs, epochs: number): MetricEstimate => {
      const tails = merged.get(metric.id);
      const { quantile } = metric;
      if (!tails || quantile === undefined) return estimateMetric(metric, epochs, seed);
      const there = members.slice(0, epochs).filter((member) => (tails.base.counts[member] ?? 0) > 0 && (tails.head.counts[member] ?? 0) > 0);
      if (there.length === 0) return { effect: { n: 0, mean: 0, standardError: Number.POSITIVE_INFINITY }, baseMs: Number.NaN, headMs: Number.NaN };
      const { baseMs, headMs, ...effect } = bootstrapOf(tails, there, { quantile, seed: `${seed}:${metric.id}`, replicates });
      return { effect, baseMs, headMs };
    };
    let decision: Decision | undefined;
    for (const [index, epochs] of rule.looksAtEpochs.entries()) {
      if (epochs > members.length) break;
      // Of these epochs alone: a kind of error that comes later is not known yet.
      const errors = errorsOf(members.slice(0, epochs).map((member) => pool.counts[member] as PoolEvidence['counts'][number]));
      decision = decide({ metrics: drawn, errors, seed, estimate }, { epochs, look: index + 1 }, rule);
      if (decision.verdict !== 'inconclusive') break;
    }
    return decision;
  };
}

function fill(into: MetricEpochs, from: MetricEpochs, members: readonly number[]): void {
  for (const key of ['effects', 'baseMs', 'headMs'] as const) {
    into[key].length = members.length;
    for (const [index, member] of members.entries()) into[key][index] = from[key][member] as number;
  }
}

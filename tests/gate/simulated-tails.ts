import { isBounding } from '../../harness/gate/coverage.ts';
import { decideByLooks, type Evidence } from '../../harness/gate/decide.ts';
import { estimateMetric, type MetricEstimate } from '../../harness/gate/estimate-metric.ts';
import { planFromPilot } from '../../harness/gate/pilot.ts';
import { bootstrapOf, type MergedEpochs, mergeEpochs, type PooledEpoch, type Tail, tailOf } from '../../harness/gate/statistics/cluster-bootstrap.ts';
import type { ErrorEpochs, MetricEpochs } from '../../harness/gate/types.ts';
import { keyedRandom } from '../../scenarios/random.ts';
import { normals } from './simulated-gate.ts';

/**
 * Simulated gates of what `simulated-gate.ts` leaves out: p99 of latency classes with heavy tails and bursts, errors, and a pilot that demotes. Decided by the code that
 * decides real gates, with 250 replicates of the bootstrap for its 1,000. Beside them are ten operations whose p50 no epoch moves far, without which nothing passes.
 */
export interface TailWorld {
  /** All latencies of head's first class are slower by this ratio. */
  slower?: number;
  /** Share of the epochs of either side in which one request in fifty comes 100 to 500 ms later. */
  bursts?: number;
  /** Shares of failed requests; and of the epochs, of either side, in which a tenth of the requests more fail. */
  errors?: { base: number; head: number; bursts?: number };
  /** Epochs of base against base, which demote what varies too much. */
  pilotEpochs?: number;
}

export interface TailVerdicts {
  sets: number;
  fail: number;
  pass: number;
  inconclusive: number;
  /** Passes in which the bound of the first class' p99 was a condition: the others say nothing of it. */
  claimed: number;
  /** Sets whose pilot demoted it. */
  demoted: number;
}

const classes = 2;
const operations = 10;
/** Of a class, an epoch and side. */
const requests = 1_000;
/** Of an operation, an epoch and side. */
const requestsEach = 200;
const maxEpochs = 32;
const replicates = 250;
const poolSize = 1_000;
const burstErrors = 0.1;

/** @param standardErrorTimes what a bootstrap that is wrong about its standard error would do */
export function simulateTails(world: TailWorld, sets: number, { standardErrorTimes = 1 } = {}): TailVerdicts {
  const random = keyedRandom('simulated tails', JSON.stringify(world));
  const draw = drawerOf(world, random);
  const verdicts: TailVerdicts = { sets, fail: 0, pass: 0, inconclusive: 0, claimed: 0, demoted: 0 };
  for (let set = 0; set < sets; set += 1) {
    const demoted = world.pilotEpochs === undefined ? new Map<string, string>() : demotedBy(draw.metrics(world.pilotEpochs, 0));
    const metrics = draw.metrics(maxEpochs, world.slower ?? 0).map((metric): MetricEpochs => {
      const failsOnly = demoted.get(metric.id);
      return failsOnly === undefined ? metric : { ...metric, failsOnly };
    });
    const evidence: Evidence = { metrics, errors: draw.errors(), seed: set, estimate: estimator(metrics, set, standardErrorTimes) };
    const verdict = decideByLooks(evidence, { epochs: maxEpochs, ended: true })?.verdict ?? 'inconclusive';
    verdicts[verdict] += 1;
    const [first] = metrics;
    if (first && !isBounding(first)) verdicts.demoted += 1;
    if (first && isBounding(first) && verdict === 'pass') verdicts.claimed += 1;
  }
  return verdicts;
}

/** Class p99s first, then p50 of each operation. */
function drawerOf({ bursts = 0, errors }: TailWorld, random: () => number) {
  const normal = normals(random);
  const pools = [poolOf('calm'), poolOf('burst')] as const;
  const tail = (times: number): Tail => {
    const pool = random() < bursts ? pools[1] : pools[0];
    const { n, slowestMs } = pool[Math.floor(random() * poolSize)] as Tail;
    // What a process has by its luck: all of its requests are faster or slower.
    const level = times * Math.exp(0.01 * normal());
    return { n, slowestMs: slowestMs.map((ms) => ms * level) };
  };
  return {
    metrics(epochs: number, slower: number): MetricEpochs[] {
      const pooled = (index: number): PooledEpoch[] => Array.from({ length: epochs }, () => ({ base: tail(1), head: tail(index === 0 ? 1 + slower : 1) }));
      return [
        ...Array.from({ length: classes }, (_, index) => {
          const tails = pooled(index);
          const effects = tails.map(({ base, head }) => Math.log(ownP99(head) / ownP99(base)));
          return { ...metricOf(`class ${index}`, 0.99, epochs), pooled: tails, effects };
        }),
        ...Array.from({ length: operations }, (_, index) => {
          const metric = metricOf(`operation-${index}`, 0.5, epochs);
          return { ...metric, effects: metric.effects.map(() => 0.006 * normal()) };
        }),
      ];
    },
    errors(): ErrorEpochs[] {
      if (!errors) return [];
      const ratios = (side: number): number[] => Array.from({ length: maxEpochs }, () => side + (random() < (errors.bursts ?? 0) ? burstErrors : 0));
      const [ofBase, ofHead] = [ratios(errors.base), ratios(errors.head)];
      const counts = (ratio: number[]): ErrorEpochs['base'] => ratio.map((share) => [binomial(requestsEach, share, random), requestsEach]);
      return Array.from({ length: operations }, (_, index) => ({
        scenario: 'simulated',
        operation: `operation-${index}`,
        base: counts(ofBase),
        head: counts(ofHead),
        newKinds: [],
      }));
    },
  };
}

function metricOf(name: string, quantile: number, epochs: number): MetricEpochs {
  const level = Array.from({ length: epochs }, () => 85);
  return {
    id: `${name} latency p${100 * quantile}`,
    scenario: 'simulated',
    scope: { kind: quantile === 0.99 ? 'class' : 'operation', name },
    measure: 'latency',
    quantile,
    margin: quantile === 0.99 ? 0.25 : 0.05,
    floorMs: 0.3,
    effects: level.map(() => 0),
    baseMs: level,
    headMs: level,
    samplesEach: requestsEach,
  };
}

/** Tails sorted once for all looks, as the self-test does. */
function estimator(metrics: readonly MetricEpochs[], set: number, standardErrorTimes: number): NonNullable<Evidence['estimate']> {
  const merged = new Map<string, MergedEpochs>(metrics.flatMap(({ id, pooled }) => (pooled ? [[id, mergeEpochs(pooled)] as const] : [])));
  return (metric, epochs): MetricEstimate => {
    const tails = merged.get(metric.id);
    if (!tails) return estimateMetric(metric, epochs, set);
    const members = Array.from({ length: epochs }, (_, index) => index);
    const { baseMs, headMs, ...effect } = bootstrapOf(tails, members, { quantile: 0.99, seed: `${set}:${metric.id}`, replicates });
    return { effect: { ...effect, standardError: standardErrorTimes * effect.standardError }, baseMs, headMs };
  };
}

function demotedBy(metrics: readonly MetricEpochs[]): Map<string, string> {
  const plan = planFromPilot(metrics, { draws: 'independent', samplesEach: requestsEach, samplesToChooseFrom: [requestsEach], epochSeconds: () => 30 });
  return new Map(plan.metrics.flatMap(({ id, failsOnly }) => (failsOnly === undefined ? [] : [[id, failsOnly] as const])));
}

const known = new Map<string, Tail[]>();

/**
 * Lognormal around 85 ms, and of three requests in a hundred the time is multiplied by a Pareto number of exponent 2, whose variance is infinite. Kept of an epoch are its
 * slowest 81, which is 8 times what p99 of one epoch needs: a burst adds 20.
 */
function poolOf(kind: 'calm' | 'burst'): Tail[] {
  const found = known.get(kind);
  if (found) return found;
  const random = keyedRandom('tails', kind);
  const normal = normals(random);
  const values = new Float64Array(requests);
  const pool = Array.from({ length: poolSize }, () => {
    for (let i = 0; i < requests; i += 1) {
      const heavy = random() < 0.03 ? (1 - random()) ** -0.5 : 1;
      const late = kind === 'burst' && random() < 0.02 ? 100 + 400 * random() : 0;
      values[i] = 85 * Math.exp(0.45 * normal()) * heavy + late;
    }
    return tailOf(values.toSorted(), 0.99, 8);
  });
  known.set(kind, pool);
  return pool;
}

/** Of one epoch by itself. */
function ownP99({ n, slowestMs }: Tail): number {
  return slowestMs[Math.floor(0.01 * n)] ?? Number.NaN;
}

/** By the gaps between failures, which are geometric. */
function binomial(n: number, ratio: number, random: () => number): number {
  if (ratio <= 0) return 0;
  const log = Math.log1p(-ratio);
  let count = 0;
  for (let at = Math.floor(Math.log(1 - random()) / log); at < n; at += 1 + Math.floor(Math.log(1 - random()) / log)) count += 1;
  return count;
}

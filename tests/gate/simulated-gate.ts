import { decideByLooks } from '../../harness/gate/decide.ts';
import { type DecisionRule, gateRule } from '../../harness/gate/decision-rule.ts';
import { harrellDavis } from '../../harness/gate/statistics/harrell-davis.ts';
import type { MetricEpochs } from '../../harness/gate/types.ts';
import { keyedRandom } from '../../scenarios/random.ts';

/**
 * Simulated gates: 40 operations with p50 and p95 each, decided by the code that decides real ones. Latencies are lognormal. The quantiles of samples are made once, as a
 * pool that epochs are drawn from (an operation's level cancels in d): that makes thousands of gates a matter of seconds.
 */
interface World {
  /** Keyed: both sides see the same draws, and each request its own delay on top. */
  draws: 'keyed' | 'independent';
  samplesEach: number;
  machine: Machine;
  /** The first operation is slower by this ratio. */
  slower?: number;
}

/** Standard deviations of what an epoch does to d besides sampling; half as much again at p95. */
interface Machine {
  /** To all operations alike. */
  shared: number;
  /** To each operation on its own. */
  own: number;
}

export const quiet: Machine = { shared: 0.003, own: 0.005 };
export const noisy: Machine = { shared: 0.02, own: 0.05 };
/** So restless that the margin is no hurdle: what is left is the level of the test. */
export const wild: Machine = { shared: 0, own: 0.4 };

const operations = 40;
const poolSize = 4000;
const maxEpochs = 32;
const medianMs = 85;
/** Of the logarithm of a draw: p95 is 2.1 times p50. */
const sigma = 0.45;
/** Mean of the exponential delay that each request gets from the machine, with keyed draws too. */
const delayMs = 1;

export interface Verdicts {
  sets: number;
  fail: number;
  pass: number;
  inconclusive: number;
  /** Passes by look, from the first. */
  passAtLook: number[];
}

export function simulate(world: World, sets: number, rule: DecisionRule = gateRule): Verdicts {
  const { metrics, redraw } = simulatedMetrics(world);
  const verdicts: Verdicts = { sets, fail: 0, pass: 0, inconclusive: 0, passAtLook: [0, 0, 0, 0] };
  for (let set = 0; set < sets; set += 1) {
    redraw();
    const decision = decideByLooks({ metrics, errors: [], seed: 1 }, { epochs: maxEpochs, ended: true }, rule);
    const verdict = decision?.verdict ?? 'inconclusive';
    verdicts[verdict] += 1;
    if (decision && verdict === 'pass') verdicts.passAtLook[decision.look - 1] = (verdicts.passAtLook[decision.look - 1] ?? 0) + 1;
  }
  return verdicts;
}

/** 80 metrics of 32 epochs, which `redraw` fills anew each time: one array for all sets, as thousands of them are made. */
export function simulatedMetrics(world: World): { metrics: MetricEpochs[]; redraw: () => void } {
  const random = keyedRandom('simulated gate', JSON.stringify(world));
  const drawEffects = effectsOf(world, random);
  const normal = normals(random);
  const pairs = Array.from({ length: operations }, (_, operation) => [metricOf(operation, 0.5), metricOf(operation, 0.95)] as const);
  const redraw = (): void => {
    for (let epoch = 0; epoch < maxEpochs; epoch += 1) {
      const shared = world.machine.shared * normal();
      for (const [operation, [p50, p95]] of pairs.entries()) {
        const disturbance = shared + world.machine.own * normal();
        const [d50, d95] = drawEffects();
        const slower = operation === 0 ? Math.log1p(world.slower ?? 0) : 0;
        p50.effects[epoch] = d50 + disturbance + slower;
        p95.effects[epoch] = d95 + 1.5 * disturbance + slower;
      }
    }
  };
  redraw();
  return { metrics: pairs.flat(), redraw };
}

function metricOf(operation: number, quantile: number): MetricEpochs {
  const level = Array.from({ length: maxEpochs }, () => medianMs);
  return {
    id: `operation-${operation} latency p${100 * quantile}`,
    scenario: 'simulated',
    scope: { kind: 'operation', name: `operation-${operation}` },
    measure: 'latency',
    quantile,
    margin: quantile === 0.5 ? 0.05 : 0.1,
    floorMs: 0.3,
    effects: [...level],
    baseMs: level,
    headMs: level,
    samplesEach: 200,
  };
}

type Pair = readonly [p50: number, p95: number];

const pools = new Map<string, Pair[]>();

/** d of p50 and p95 of one operation in one epoch, by sampling alone. */
function effectsOf({ draws, samplesEach }: World, random: () => number): () => Pair {
  const key = `${draws}:${samplesEach}`;
  const pool = pools.get(key) ?? makePool(draws, samplesEach);
  pools.set(key, pool);
  const any = (): Pair => pool[Math.floor(random() * poolSize)] as Pair;
  if (draws === 'keyed') return any;
  return () => {
    const base = any();
    const head = any();
    return [head[0] - base[0], head[1] - base[1]];
  };
}

/** Keyed: d of a pair of samples. Independent: the logarithms of one sample's quantiles, from which d is made. */
function makePool(draws: World['draws'], samplesEach: number): Pair[] {
  const random = keyedRandom('pool', draws, samplesEach);
  const normal = normals(random);
  const drawn = new Float64Array(samplesEach);
  const seen = new Float64Array(samplesEach);
  const quantiles = (): Pair => {
    for (let i = 0; i < samplesEach; i += 1) seen[i] = (drawn[i] as number) - delayMs * Math.log(1 - random());
    seen.sort();
    return [Math.log(harrellDavis(seen, 0.5)), Math.log(harrellDavis(seen, 0.95))];
  };
  return Array.from({ length: poolSize }, (): Pair => {
    for (let i = 0; i < samplesEach; i += 1) drawn[i] = medianMs * Math.exp(sigma * normal());
    if (draws === 'independent') return quantiles();
    const base = quantiles();
    const head = quantiles();
    return [head[0] - base[0], head[1] - base[1]];
  });
}

/** Standard normal numbers (Box and Muller). */
export function normals(random: () => number): () => number {
  let spare: number | undefined;
  return () => {
    if (spare !== undefined) {
      const value = spare;
      spare = undefined;
      return value;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - random()));
    const angle = 2 * Math.PI * random();
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
}

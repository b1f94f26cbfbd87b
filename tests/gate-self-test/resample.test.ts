import { describe, expect, test } from 'vitest';
import { decideByLooks } from '../../harness/gate/decide.ts';
import { gateRule } from '../../harness/gate/decision-rule.ts';
import { evidenceOf, figuresOf, type MetricSettings } from '../../harness/gate/epochs/evidence.ts';
import { defaultMargins } from '../../harness/gate/margins.ts';
import { independenceOf } from '../../harness/gate/self-test/independence.ts';
import { poolEvidence, type PoolEvidence } from '../../harness/gate/self-test/pool-evidence.ts';
import { disjointSets, resample } from '../../harness/gate/self-test/resample.ts';
import { resampleOnThreads } from '../../harness/gate/self-test/resample-threads.ts';
import { bootstrapOf, clusterBootstrap, mergeEpochs } from '../../harness/gate/statistics/cluster-bootstrap.ts';
import type { MetricEpochs } from '../../harness/gate/types.ts';
import { keyedRandom } from '../../scenarios/random.ts';
import { epochRecord, sideRecord } from '../gate/record-fixture.ts';

/** A metric with these d. */
function metric(name: string, effects: number[]): MetricEpochs {
  const levels = effects.map(() => 80);
  return {
    id: `${name} latency p50`,
    scenario: 'every-service',
    scope: { kind: 'operation', name },
    measure: 'latency',
    quantile: 0.5,
    margin: 0.05,
    floorMs: 0.3,
    effects,
    baseMs: levels,
    headMs: levels,
    samplesEach: 200,
  };
}

const requests = 2_000;

function pool(metrics: readonly MetricEpochs[], failingEpochs: readonly number[] = []): PoolEvidence {
  const epochs = metrics[0]?.effects.length ?? 0;
  const side = (failed: number) => {
    const errors = failed > 0 ? [{ operation: 'a', kind: 'status 503', count: failed, example: '' }] : [];
    const counts = { ok: requests - failed, failed, timeout: 0, aborted: 0, dropped: 0 };
    return { scenarios: [{ scenario: 'every-service', counts, operations: { a: [failed, requests] as [number, number] }, good: {}, errors, checks: [] }] };
  };
  return {
    epochs,
    metrics,
    counts: Array.from({ length: epochs }, (_, epoch) => ({ sides: { base: side(0), head: side(failingEpochs.includes(epoch) ? 2 : 0) } })),
  };
}

const calm = (epochs: number, change = 0): number[] => Array.from({ length: epochs }, (_, epoch) => change + (epoch % 2 === 0 ? 0.002 : -0.002));
const options = { sets: 200, seed: 'test', stretch: 1, replicates: 50, seenIn: ['a'] };

describe('resample', () => {
  test('a pool without a change passes in every set, at the first look', () => {
    expect(resample(pool([metric('a', calm(40)), metric('b', calm(40))]), options)).toEqual({
      ...{ sets: 200, fail: 0, pass: 200, inconclusive: 0, found: 0 },
      ...{ atLook: [200, 0, 0, 0], failedBy: {} },
    });
  });

  test('a change is found in every set, and only where it is', () => {
    const changed = pool([metric('a', calm(20, 0.12)), metric('b', calm(20))]);
    expect(resample(changed, options)).toMatchObject({ fail: 200, found: 200, failedBy: { 'a latency p50': 200 } });
    expect(resample(changed, { ...options, seenIn: ['b'] })).toMatchObject({ fail: 200, found: 0 });
    expect(resample(changed, { ...options, seenIn: [] })).toMatchObject({ fail: 200, found: 200 });
  });

  test('one epoch of ten with a new kind of error fails the sets that draw it until their verdict: 1 - 0.9^8', () => {
    const counts = resample(pool([metric('a', calm(10))], [3]), { ...options, sets: 2_000 });
    const expected = 1 - 0.9 ** 8;
    const tolerance = 4 * Math.sqrt((expected * (1 - expected)) / 2_000);
    expect(Math.abs(counts.fail / 2_000 - expected)).toBeLessThan(tolerance);
    expect(counts.pass).toBe(2_000 - counts.fail);
    expect(counts.failedBy).toEqual({ 'errors of a': counts.fail });
  });

  test('in stretches of four the same epoch is in 1 - 0.6^2 of the sets', () => {
    const counts = resample(pool([metric('a', calm(10))], [3]), { ...options, sets: 2_000, stretch: 4 });
    expect(Math.abs(counts.fail / 2_000 - 0.64)).toBeLessThan(4 * Math.sqrt((0.64 * 0.36) / 2_000));
  });

  test('what varies too much is inconclusive at the last look', () => {
    const restless = Array.from({ length: 40 }, (_, epoch) => (epoch % 2 === 0 ? 0.4 : -0.4));
    const counts = resample(pool([metric('a', restless)]), options);
    expect(counts.inconclusive).toBeGreaterThan(150);
    expect(counts.atLook[3]).toBeGreaterThanOrEqual(counts.inconclusive);
    expect(counts.atLook.reduce((sum, times) => sum + times, 0)).toBe(200);
  });

  test('threads count what one does: as many sets, the same verdicts', async () => {
    const changed = pool([metric('a', calm(20, 0.12))]);
    const counts = await resampleOnThreads(changed, { ...options, sets: 101 }, { threads: 2, signal: new AbortController().signal });
    expect(counts).toMatchObject({ sets: 101, fail: 101, found: 101, atLook: [101, 0, 0, 0], failedBy: { 'a latency p50': 101 } });
  });
});

describe('disjointSets', () => {
  test('cuts the pool where a gate would stop: five sets of 40 epochs, two of 20 with four epochs left', () => {
    expect(disjointSets(pool([metric('a', calm(40))]), options)).toMatchObject({ sets: 5, pass: 5 });
    expect(disjointSets(pool([metric('a', calm(20, 0.12))]), options)).toMatchObject({ sets: 2, fail: 2, found: 2 });
  });

  test('a set without a verdict has all looks; what is left without them is none', () => {
    const restless = (epochs: number): number[] => Array.from({ length: epochs }, (_, epoch) => (epoch % 2 === 0 ? 0.4 : -0.4));
    expect(disjointSets(pool([metric('a', restless(40))]), options)).toMatchObject({ sets: 1, inconclusive: 1 });
    expect(disjointSets(pool([metric('a', restless(31))]), options)).toMatchObject({ sets: 0, inconclusive: 0 });
  });

  test('judges recorded epochs as the gate does, pooled quantiles too', () => {
    const settings: MetricSettings = { margins: defaultMargins, samplesEach: 200, maxEpochs: 32, demoted: new Map() };
    for (const change of [1, 1.04, 1.12]) {
      const random = keyedRandom('jitter', change);
      const records = Array.from({ length: 32 }, (_, index) =>
        epochRecord(index, { sides: { base: sideRecord(1 + 0.01 * random()), head: sideRecord(change * (1 + 0.01 * random())) } }),
      );
      const evidence = evidenceOf(
        records.map((record) => figuresOf(record, settings)),
        settings,
        1,
      );
      const decision = decideByLooks({ ...evidence, seed: 'disjoint:0' }, { epochs: 32, ended: true });
      const found = disjointSets(poolEvidence(records.slice(0, decision?.epochs), settings), { ...options, replicates: 1_000 });
      expect(decision?.verdict).toBe({ 1: 'pass', 1.04: 'pass', 1.12: 'fail' }[change]);
      expect(found).toMatchObject({ sets: 1, [decision?.verdict ?? '']: 1 });
      expect(found.atLook.indexOf(1)).toBe((decision?.look ?? 0) - 1);
    }
  });
});

test('the bootstrap of some of many epochs is that of these epochs alone, one drawn twice counted twice', () => {
  const random = keyedRandom('tails');
  const tail = () => ({ n: 1_000, slowestMs: Array.from({ length: 330 }, () => 100 + 50 * random()).sort((a, b) => b - a) });
  const epochs = Array.from({ length: 6 }, () => ({ base: tail(), head: tail() }));
  const members = [4, 1, 1, 5];
  const some = members.map((member) => epochs[member] as (typeof epochs)[number]);
  const bootstrap = { quantile: 0.99, seed: 'x', replicates: 200 };
  expect(bootstrapOf(mergeEpochs(epochs), members, bootstrap)).toEqual(clusterBootstrap(some, bootstrap));
});

describe('independenceOf', () => {
  const normal = (random: () => number): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const metrics = (lean: number): MetricEpochs[] => {
    const random = keyedRandom('independence', 3);
    let shared = 0;
    const levels = Array.from({ length: 40 }, () => (shared = lean * shared + normal(random)));
    return Array.from({ length: 20 }, (_, index) =>
      metric(
        `m${index}`,
        levels.map((level) => 0.01 * (level + normal(random))),
      ),
    );
  };

  test('epochs on their own are independent, those that lean on the one before are not', () => {
    expect(independenceOf(metrics(0))).toMatchObject({ metrics: 20, independent: true });
    const leaning = independenceOf(metrics(0.8));
    expect(leaning.independent).toBe(false);
    expect(leaning.shared[0]?.r).toBeGreaterThan(0.4);
    expect(leaning.outside).toBeGreaterThan(5);
  });

  test('a metric without a value or without any spread is left out', () => {
    expect(independenceOf([metric('a', calm(40, 0)), metric('b', [...calm(39), Number.NaN]), metric('c', calm(40).fill(0))]).metrics).toBe(1);
    expect(gateRule.looksAtEpochs).toEqual([8, 16, 24, 32]);
  });
});

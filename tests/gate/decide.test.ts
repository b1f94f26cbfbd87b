import { describe, expect, test } from 'vitest';
import { decide, decideByLooks } from '../../harness/gate/decide.ts';
import { gateRule, looksWith } from '../../harness/gate/decision-rule.ts';
import { defaultMargins, effectMargin } from '../../harness/gate/margins.ts';
import { tailOf } from '../../harness/gate/statistics/cluster-bootstrap.ts';
import type { ErrorEpochs, MetricEpochs, NewKind } from '../../harness/gate/types.ts';
import { keyedRandom } from '../../scenarios/random.ts';

/** Effects around `effect`, with a fixed pattern of that standard deviation (over 8 epochs). */
function metric(
  id: string,
  effect: number,
  { spread = 0.005, epochs = 8, ...more }: Partial<MetricEpochs> & { spread?: number; epochs?: number } = {},
): MetricEpochs {
  const pattern = [1, -1, 0.5, -0.5, 1.2, -1.2, 0.3, -0.3].map((value) => value / 0.8959);
  const effects = Array.from({ length: epochs }, (_, epoch) => effect + spread * (pattern[epoch % 8] ?? 0));
  return {
    id,
    scenario: 'crud',
    scope: { kind: 'operation', name: id },
    measure: 'latency',
    quantile: 0.5,
    margin: 0.05,
    floorMs: 0,
    effects,
    baseMs: effects.map(() => 80),
    headMs: effects.map((d) => 80 * Math.exp(d)),
    samplesEach: 200,
    ...more,
  };
}

function errors(base: [number, number], head: [number, number], newKinds: ErrorEpochs['newKinds'] = []): ErrorEpochs {
  return { scenario: 'crud', operation: 'a', base: Array.from({ length: 8 }, () => base), head: Array.from({ length: 8 }, () => head), newKinds };
}

function kindOf(byEpoch: number[]): NewKind {
  return { kind: 'HTTP 500', count: byEpoch.reduce((sum, count) => sum + count, 0), byEpoch };
}

const first = { epochs: 8, look: 1 };
const verdictOf = (metrics: MetricEpochs[], errorEpochs: ErrorEpochs[] = []): string => decide({ metrics, errors: errorEpochs, seed: 1 }, first).verdict;

describe('decide', () => {
  test('no change passes, with what was ruled out', () => {
    const decision = decide({ metrics: [metric('a', 0), metric('b', 0.01)], errors: [], seed: 1 }, first);
    expect(decision).toMatchObject({ verdict: 'pass', epochs: 8, look: 1, alphaFail: 0.005, alphaPass: 0.0125 });
    const [a, b] = decision.metrics;
    // The pattern's standard deviation is 1 to four digits: the bound is t(0.0125, 7) = 2.8412 standard errors of 0.005 / sqrt(8) above the mean.
    expect(a?.changeHigh).toBeCloseTo(Math.expm1(2.8412 * (0.005 / Math.sqrt(8))), 4);
    expect(b?.change).toBeCloseTo(Math.expm1(0.01), 10);
    expect(b?.changeLow).toBeCloseTo(Math.expm1(0.01 - 2.8412 * (0.005 / Math.sqrt(8))), 4);
    expect(b?.headMs).toBeCloseTo(80 * Math.exp(0.01), 10);
  });

  test('a slowdown beyond the margin fails, by its own metric and after Holm over all of them', () => {
    const decision = decide({ metrics: [metric('a', 0), metric('b', Math.log(1.1))], errors: [], seed: 1 }, first);
    expect(decision.verdict).toBe('fail');
    expect(decision.metrics.map(({ verdict }) => verdict)).toEqual(['pass', 'fail']);
    const [, b] = decision.metrics;
    expect(b?.pHolm).toBeCloseTo(2 * (b?.p ?? 0), 15);
  });

  test('a certain slowdown under the margin is a pass when all of it is ruled out beyond the margin, never a fail', () => {
    const decision = decide({ metrics: [metric('a', 0.03, { spread: 0.002 })], errors: [], seed: 1 }, first);
    expect(decision.metrics[0]?.p).toBeLessThan(1e-6);
    expect(decision.verdict).toBe('pass');
  });

  test('a large estimate that the spread explains is inconclusive, and so is a bound over the margin', () => {
    expect(verdictOf([metric('a', 0.06, { spread: 0.2 })])).toBe('inconclusive');
    expect(verdictOf([metric('a', 0, { spread: 0.06 })])).toBe('inconclusive');
  });

  test('advisory metrics never decide: their fault is shown, neither a fail nor in the way of a pass', () => {
    const advisory = metric('b', 0.4, { quantile: 0.95, advisory: 'too wide', accepted: true });
    const decision = decide({ metrics: [metric('a', 0), advisory], errors: [], seed: 1 }, first);
    expect(decision.verdict).toBe('pass');
    expect(decision.metrics[1]).toMatchObject({ verdict: 'fail', advisory: 'too wide' });
    expect(decision.metrics[1]).not.toHaveProperty('pHolm');
    expect(verdictOf([advisory])).toBe('inconclusive');
  });

  test('what the pilot demoted fails as before, and is in no way of a pass', () => {
    const failsOnly = 'it varies too much';
    const slow = decide({ metrics: [metric('a', 0), metric('b', 0.4, { quantile: 0.95, margin: 0.1, failsOnly })], errors: [], seed: 1 }, first);
    expect(slow.verdict).toBe('fail');
    expect(slow.metrics[1]?.pHolm).toBeCloseTo(2 * (slow.metrics[1]?.p ?? 0), 15);
    expect(verdictOf([metric('a', 0), metric('a', 0, { quantile: 0.95, spread: 0.3, failsOnly })])).toBe('pass');
  });

  test('throughput and CPU make no pass, nor do some operations for the others', () => {
    const all = metric('all throughput', 0, { scope: { kind: 'all' }, measure: 'throughput' });
    const { quantile: _, ...throughput } = all;
    const open = (id: string, more: Partial<MetricEpochs> = {}): MetricEpochs => metric(id, 0, { spread: 0.06, failsOnly: 'it varies too much', ...more });
    // All of it 4% slower, which the demoted ones cannot tell.
    expect(verdictOf([open('a'), open('a', { quantile: 0.95 }), throughput])).toBe('inconclusive');
    expect(verdictOf([throughput])).toBe('inconclusive');
    expect(verdictOf([metric('a', 0), open('b')])).toBe('inconclusive');
    expect(verdictOf([metric('a', 0), metric('b', 0, { advisory: '12 samples' })])).toBe('inconclusive');
    expect(verdictOf([metric('a', 0), open('b', { quantile: 0.95 })])).toBe('pass');
    // What a person accepted is no hindrance.
    expect(verdictOf([metric('a', 0), metric('b', 0.4, { advisory: 'accepted until', accepted: true })])).toBe('pass');
  });

  test('the single requests of a page stand behind its milestones, which have to be told', () => {
    const load = metric('load', 0, { measure: 'milestone' });
    const few = metric('a', 0, { advisory: '12 samples' });
    expect(verdictOf([load, few])).toBe('pass');
    const restless = metric('a', 0, { failsOnly: 'it varies too much' });
    expect(verdictOf([load, restless])).toBe('pass');
    expect(verdictOf([{ ...load, scenario: 'another' }, restless])).toBe('inconclusive');
    expect(verdictOf([{ ...load, failsOnly: 'it varies too much' }, few])).toBe('inconclusive');
  });

  test('at least half of the latency metrics have to be told', () => {
    const rest = ['ttft', 'tpot', 'maxGap'] as const;
    const demoted = rest.map((measure) => metric('a', 0, { measure, quantile: 0.95, failsOnly: 'it varies too much' }));
    expect(verdictOf([metric('a', 0), ...demoted.slice(0, 1)])).toBe('pass');
    expect(verdictOf([metric('a', 0), ...demoted])).toBe('inconclusive');
  });

  test('nothing passes for lack of data: no metric, one epoch without a value, too few epochs', () => {
    expect(verdictOf([])).toBe('inconclusive');
    const effects = metric('a', 0).effects.with(3, Number.NaN);
    expect(verdictOf([metric('a', 0), metric('b', 0, { effects })])).toBe('inconclusive');
    // It may fail on those that it has.
    const slow = metric('b', 0.4).effects.with(3, Number.NaN);
    expect(decide({ metrics: [metric('b', 0, { effects: slow })], errors: [], seed: 1 }, first)).toMatchObject({ verdict: 'fail', metrics: [{ epochs: 7 }] });
    expect(decide({ metrics: [metric('a', 0)], errors: [], seed: 1 }, { epochs: 16, look: 2 }).verdict).toBe('inconclusive');
    expect(decide({ metrics: [metric('a', 0, { effects: [] })], errors: [], seed: 1 }, first).metrics[0]?.changeHigh).toBe(Number.POSITIVE_INFINITY);
  });

  test('the floor: 20% of 1 ms is under 0.3 ms and no regression, 20% of 80 ms is one', () => {
    const slow = (baseMs: number): MetricEpochs => metric('a', Math.log(1.2), { floorMs: 0.3, baseMs: Array.from({ length: 8 }, () => baseMs) });
    expect(verdictOf([slow(1)])).toBe('pass');
    expect(verdictOf([slow(80)])).toBe('fail');
    expect(defaultMargins).toEqual({ p50: 0.05, p95: 0.1, p99: 0.25, floorMs: 0.3 });
    expect(effectMargin({ margin: 0.05, floorMs: 0.3 }, 1)).toBeCloseTo(Math.log(1.3), 12);
    expect(effectMargin({ margin: 0.05, floorMs: 0.3 }, 80)).toBeCloseTo(Math.log(1.05), 12);
  });

  test('between looks there are estimates and no verdict', () => {
    const decision = decide({ metrics: [metric('a', Math.log(1.5))], errors: [errors([0, 100], [90, 100])], seed: 1 }, { epochs: 5, look: 0 });
    expect(decision).toMatchObject({ verdict: 'inconclusive', epochs: 5, look: 0 });
    expect(decision.metrics[0]).toMatchObject({ verdict: 'inconclusive', epochs: 5 });
    expect(decision.errors[0]?.verdict).toBe('inconclusive');
  });
});

describe('errors', () => {
  test('as many on both sides pass; more at head fail; more at base do not', () => {
    expect(verdictOf([metric('a', 0)], [errors([1, 2000], [1, 2000])])).toBe('pass');
    expect(verdictOf([metric('a', 0)], [errors([1, 2000], [6, 2000])])).toBe('fail');
    expect(verdictOf([metric('a', 0)], [errors([6, 2000], [1, 2000])])).toBe('pass');
  });

  test('a new kind fails at once, also between looks and before the first', () => {
    const newKind = errors([0, 2000], [0, 2000], [kindOf([0, 0, 2])]);
    expect(verdictOf([metric('a', 0)], [newKind])).toBe('fail');
    expect(decideByLooks({ metrics: [metric('a', 0)], errors: [newKind], seed: 1 }, { epochs: 3, ended: false })).toMatchObject({
      verdict: 'fail',
      look: 0,
      epochs: 3,
    });
  });

  test('one request fails no gate: a new kind counts from its second time on, in whichever epoch', () => {
    const one = errors([0, 2000], [0, 2000], [kindOf([0, 1])]);
    expect(verdictOf([metric('a', 0)], [one])).toBe('pass');
    const repeated = errors([0, 2000], [0, 2000], [kindOf([0, 1, 0, 0, 1])]);
    expect(decideByLooks({ metrics: [metric('a', 0)], errors: [repeated], seed: 1 }, { epochs: 8, ended: false })).toMatchObject({
      verdict: 'fail',
      epochs: 5,
    });
  });

  test('a kind is new until base has it: recorded epochs are judged as they were live, and a later look does not see further', () => {
    const metrics = [metric('a', 0, { epochs: 16 })];
    const later = (byEpoch: number[], knownFrom: number): ErrorEpochs => errors([0, 2000], [0, 2000], [{ ...kindOf(byEpoch), knownFrom }]);
    // Live it would have ended after epoch 3, before base had it in epoch 5.
    expect(decideByLooks({ metrics, errors: [later([0, 1, 1], 5)], seed: 1 }, { epochs: 16, ended: true })).toMatchObject({ verdict: 'fail', epochs: 3 });
    expect(decideByLooks({ metrics, errors: [later([0, 1, 0, 0, 1], 3)], seed: 1 }, { epochs: 16, ended: true })).toMatchObject({ verdict: 'pass', epochs: 8 });
    // Behind the look that passes nothing is looked at.
    const behind = errors([0, 2000], [0, 2000], [kindOf([0, 0, 0, 0, 0, 0, 0, 0, 0, 5])]);
    expect(decideByLooks({ metrics, errors: [behind], seed: 1 }, { epochs: 16, ended: true })).toMatchObject({ verdict: 'pass', epochs: 8 });
  });

  test("an operation's errors pass when more of them are ruled out, not when no difference was found", () => {
    const [many, few] = [errors([0, 200], [0, 200]), { ...errors([0, 20], [0, 20]), operation: 'b' }];
    const decision = decide({ metrics: [metric('a', 0)], errors: [many, few], seed: 1 }, first);
    expect(decision.verdict).toBe('pass');
    expect(decision.errors.map(({ verdict }) => verdict)).toEqual(['pass', 'inconclusive']);
    // 1 - 0.00625^(1/1600) and 1 - 0.00625^(1/160).
    expect(decision.errors[0]?.increaseHigh).toBeCloseTo(0.003167, 5);
    expect(decision.errors[1]?.increaseHigh).toBeCloseTo(0.031221, 5);
  });

  test('no pass when too few requests bound the errors: 0 of 400 leaves 1.3% possible', () => {
    const decision = decide({ metrics: [metric('a', 0)], errors: [errors([0, 50], [0, 50])], seed: 1 }, first);
    expect(decision.verdict).toBe('inconclusive');
    // 1 - 0.00625^(1/400).
    expect(decision.errorIncreaseHigh).toBeCloseTo(0.012607, 5);
    expect(decision.errors[0]).not.toHaveProperty('p');
  });
});

describe('quantiles pooled over epochs', () => {
  /** Uniform 0 to 100 ms; head's p99 moves by `factor`. */
  function pooled(factor: number): MetricEpochs {
    const random = keyedRandom('pooled');
    const side = (times: number) => tailOf(Float64Array.from({ length: 2000 }, () => random() * 100 * times).sort(), 0.99, 32);
    const epochs = Array.from({ length: 8 }, () => ({ base: side(1), head: side(factor) }));
    return metric('class crud latency p99', Math.log(factor), { quantile: 0.99, margin: 0.25, pooled: epochs });
  }

  test('p99 is judged by the bootstrap, with the quantiles of the pool', () => {
    const same = decide({ metrics: [pooled(1)], errors: [], seed: 1 }, first);
    expect(same.verdict).toBe('pass');
    expect(same.metrics[0]?.baseMs).toBeGreaterThan(98.5);
    expect(same.metrics[0]?.baseMs).toBeLessThan(99.5);
    expect(same.metrics[0]).not.toHaveProperty('pooled');
    const slower = decide({ metrics: [pooled(1.5)], errors: [], seed: 1 }, first);
    expect(slower.verdict).toBe('fail');
    expect(slower.metrics[0]?.change).toBeCloseTo(0.5, 1);
    // One epoch that is far slower than the others makes the pooled quantile its own, and the others do not agree.
    expect(verdictOf([{ ...pooled(1.5), effects: [3, 0.1, -0.2, 0, 0.2, -0.1, 0.1, 0] }])).toBe('inconclusive');
  });

  test('a class without requests in an epoch does not pass', () => {
    const gap = pooled(1);
    const empty = { base: { n: 0, slowestMs: [] }, head: { n: 0, slowestMs: [] } };
    expect(verdictOf([{ ...gap, pooled: [...(gap.pooled ?? []).slice(0, 7), empty] }])).toBe('inconclusive');
  });
});

describe('looks', () => {
  test('8, 16, 24 and 32; what lies behind the last counts when nothing more will come, and only as one of four', () => {
    expect(looksWith(7, false, gateRule)).toEqual([]);
    expect(looksWith(7, true, gateRule)).toEqual([]);
    expect(looksWith(19, false, gateRule)).toEqual([8, 16]);
    expect(looksWith(19, true, gateRule)).toEqual([8, 16, 19]);
    expect(looksWith(40, true, gateRule)).toEqual([8, 16, 24, 32]);
  });

  test('stops at the first verdict, and says which look it was', () => {
    const wide = metric('a', 0, { spread: 0.06, epochs: 32 });
    expect(decideByLooks({ metrics: [wide], errors: [], seed: 1 }, { epochs: 32, ended: true })).toMatchObject({ verdict: 'pass', look: 2, epochs: 16 });
    expect(decideByLooks({ metrics: [wide], errors: [], seed: 1 }, { epochs: 9, ended: false })).toMatchObject({ verdict: 'inconclusive', look: 1, epochs: 8 });
    expect(decideByLooks({ metrics: [wide], errors: [], seed: 1 }, { epochs: 5, ended: true })).toBeUndefined();
  });
});

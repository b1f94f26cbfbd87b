import { describe, expect, it } from 'vitest';
import type { GateConclusion, HardLimitResult } from '../../harness/gate/gate-file.ts';
import { type EpochValues, judgeHardLimits, type SideValues, withHardLimits } from '../../harness/gate/hard-limits.ts';
import { operationKey } from '../../harness/gate/epochs/head-only.ts';
import type { Measure } from '../../harness/gate/types.ts';
import { parseThresholds } from '../../scenarios/threshold-grammar.ts';
import type { Scenario } from '../../scenarios/types.ts';
import { scenario as scenarioOf } from '../record/make-sample.ts';

const base: Scenario = scenarioOf({
  name: 'known',
  journeys: [
    {
      name: 'page',
      steps: [
        { id: 'a', operation: 'thing.read', method: 'GET', path: '/thing', latencyClass: 'crud' },
        { id: 'b', operation: 'chat.completion' },
      ],
      milestones: { load: ['b'] },
    },
  ],
});

/** 1 to 100 ms, times a factor. */
const ladder = (factor = 1, count = 100): number[] => Array.from({ length: count }, (_, index) => Math.round((index + 1) * (100 / count) * factor * 1_000));
const series = (name: string, measure: Measure, us: number[], latencyClass?: string) => ({
  scenario: 'known',
  name,
  measure,
  us,
  ...(latencyClass !== undefined && { latencyClass }),
});
const side = (factor: number, failed = 0, count = 100): SideValues => ({
  series: [
    series('thing.read', 'latency', ladder(factor, count), 'crud'),
    series('chat.completion', 'streamTotal', ladder(10 * factor, count), 'completion'),
    series('chat.completion', 'ttft', ladder(5 * factor, count), 'completion'),
    series('load', 'milestone', ladder(20 * factor, count)),
    { ...series('thing.read', 'latency', [9e9], 'crud'), scenario: 'another' },
  ],
  scenarios: [
    {
      scenario: 'known',
      operations: { 'thing.read': [failed, count], 'chat.completion': [0, count] },
      good: { 'thing.read': [count - failed, count], 'chat.completion': [count, count] },
    },
  ],
});
/** Four epochs, so that there are 400 values. */
const epochs = (baseSide: SideValues, headSide: SideValues): EpochValues[] => Array.from({ length: 4 }, () => ({ base: baseSide, head: headSide }));
const limits = (threshold: string, all: EpochValues[]): HardLimitResult[] =>
  judgeHardLimits([{ ...base, objectives: parseThresholds(threshold).thresholds.map(({ objective }) => objective) }], all);
const outcome = (threshold: string, baseFactor: number, headFactor: number) => {
  const [found] = limits(threshold, epochs(side(baseFactor), side(headFactor)));
  return [found?.outcome, found?.base, found?.head];
};

describe('judgeHardLimits', () => {
  it('takes the pooled quantile of each side, and the bound itself meets it', () => {
    expect(outcome('p95(crud) < 95ms', 1, 1)).toEqual(['met', 95, 95]);
    expect(outcome('p95(crud) < 90ms', 0.9, 1)).toEqual(['broken', 85.5, 95]);
    expect(outcome('p50(crud) > 50ms', 1, 0.8)).toEqual(['broken', 50, 40]);
  });

  it('is broken when the whole 95% interval is beyond, and not told when the limit is within it', () => {
    // Of 400 values p95 is within ranks 371 to 389 (R: qbinom(c(0.025, 0.975), 400, 0.95) + c(0, 1)), and each millisecond is there four times.
    const [near] = limits('p95(crud) < 94.9ms', epochs(side(0.9), side(1)));
    expect(near).toMatchObject({ outcome: 'too few', base: 85.5, head: 95, reason: 'the limit is within the 95% interval of 400 requests, 93 ms to 98 ms' });
    expect(limits('p95(crud) < 92.9ms', epochs(side(0.9), side(1)))).toMatchObject([{ outcome: 'broken' }]);
    expect(limits('p95(crud) < 94.9ms', epochs(side(1), side(1)))).toMatchObject([{ outcome: 'broken by both' }]);
    // 12 of 400: R's binom.test(12, 400) has 1.56% to 5.18%.
    const few = epochs(side(1), side(1, 3));
    expect(limits('error_rate(crud) < 2%', few)).toMatchObject([{ outcome: 'too few', head: 0.03 }]);
    expect(limits('error_rate(crud) < 1.5%', few)).toMatchObject([{ outcome: 'broken', head: 0.03 }]);
  });

  it('does not take what base does not know for what base breaks', () => {
    const missing = epochs(side(1, 100), side(1, 20));
    expect(limits('error_rate(crud) < 1%', missing)).toMatchObject([{ outcome: 'broken by both', base: 1, head: 0.2 }]);
    const scenario = { ...base, objectives: parseThresholds('error_rate(crud) < 1%; error_rate < 1%').thresholds.map(({ objective }) => objective) };
    const headOnly = new Set([operationKey('known', 'thing.read')]);
    const [ofClass, ofAll] = judgeHardLimits([scenario], missing, headOnly);
    expect(ofClass).toMatchObject({ outcome: 'broken', head: 0.2 });
    expect(ofClass).not.toHaveProperty('base');
    expect(ofAll).toMatchObject({ outcome: 'broken', base: 0, head: 0.1 });
  });

  it('says what both break, and is not broken by base alone', () => {
    expect(outcome('p95(crud) < 90ms', 1, 1.1)).toEqual(['broken by both', 95, 104.5]);
    expect(outcome('p95(crud) < 90ms', 1, 0.9)).toEqual(['met', 95, 85.5]);
  });

  it('covers classes, operations, all requests, streams to their end, and milestones', () => {
    expect(outcome('p50(thing.read) < 1s', 1, 1)).toEqual(['met', 50, 50]);
    expect(outcome('p50(completion) < 1s', 1, 1)).toEqual(['met', 500, 500]);
    expect(outcome('ttft p50 < 1s', 1, 1)).toEqual(['met', 250, 250]);
    expect(outcome('milestone p50(load) < 850ms', 0.8, 1)).toEqual(['broken', 800, 1_000]);
    expect(outcome('p50 < 1s', 1, 1)).toEqual(['met', 91, 91]);
  });

  it('counts errors and good requests', () => {
    const all = epochs(side(1), side(1, 3));
    expect(limits('error_rate(crud) < 1%', all)).toMatchObject([{ outcome: 'broken', base: 0, head: 0.03, text: 'error_rate(crud) <= 1%' }]);
    expect(limits('error_rate < 2%', all)).toMatchObject([{ outcome: 'met', base: 0, head: 0.015 }]);
    expect(limits('goodput > 99.5%', all)).toMatchObject([{ outcome: 'broken', base: 1, head: 0.985 }]);
  });

  it('is no pass with too few values, unless it is broken far beyond doubt', () => {
    const few = epochs(side(1, 0, 10), side(1, 0, 10));
    expect(limits('p95(crud) < 1s', few)).toMatchObject([{ outcome: 'too few', reason: 'n = 40 is too small for p95' }]);
    expect(limits('p95(crud) < 99.9ms', few)).toMatchObject([{ outcome: 'too few', head: 100 }]);
    expect(limits('p95(crud) < 1ms', few)).toMatchObject([{ outcome: 'broken by both' }]);
    expect(limits('p95(crud) < 1s', [])).toMatchObject([{ outcome: 'too few', reason: 'nothing of head to judge it by' }]);
  });

  it('says what a gate does not measure', () => {
    expect(limits('ttfb p50 < 1s; achieved > 99%', epochs(side(1), side(1))).map((limit) => limit.outcome)).toEqual(['not measured', 'not measured']);
  });
});

describe('withHardLimits', () => {
  const [broken] = limits('p95(crud) < 90ms', epochs(side(0.9), side(1)));
  const [near] = limits('p95(crud) < 94.9ms', epochs(side(0.9), side(1)));
  const [both] = limits('p95(crud) < 50ms', epochs(side(0.9), side(1)));
  const [few] = limits('p95(crud) < 1s', epochs(side(1, 0, 10), side(1, 0, 10)));
  const pass: GateConclusion = { verdict: 'pass', reasons: ['4 of 4'] };
  const all = (...list: (HardLimitResult | undefined)[]): HardLimitResult[] => list.filter((one) => one !== undefined);

  it('fails what head alone breaks, whatever the comparison says', () => {
    const line = 'hard limit broken: known, p95(crud) <= 90ms: base 85.5 ms, head 95 ms';
    expect(withHardLimits(pass, all(broken))).toEqual({ verdict: 'fail', reasons: [line] });
    expect(withHardLimits({ verdict: 'inconclusive', reasons: ['x'] }, all(broken))).toEqual({ verdict: 'fail', reasons: [line, 'x'] });
    expect(withHardLimits({ verdict: 'fail', reasons: ['x'] }, all(broken))).toEqual({ verdict: 'fail', reasons: ['x', line] });
  });

  it('passes nothing that could not be told, lets through what both break, and leaves an invalid gate alone', () => {
    expect(withHardLimits(pass, all(few))).toMatchObject({ verdict: 'inconclusive' });
    expect(withHardLimits(pass, all(near))).toEqual({
      verdict: 'inconclusive',
      reasons: [
        'hard limit not told: known, p95(crud) <= 94.9ms: base 85.5 ms, head 95 ms (the limit is within the 95% interval of 400 requests, 93 ms to 98 ms)',
      ],
    });
    expect(withHardLimits(pass, all(both))).toEqual(pass);
    const invalid: GateConclusion = { verdict: 'invalid', reasons: ['x'] };
    expect(withHardLimits(invalid, all(broken, few))).toEqual(invalid);
  });
});

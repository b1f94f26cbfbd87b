import { describe, expect, test } from 'vitest';
import { judgeObjectives, wilson } from '../../harness/judge/objectives.ts';
import { formatMs, formatRatio, objectiveText } from '../../harness/judge/text.ts';
import type { ObjectiveResult } from '../../harness/results/run-file.ts';
import type { Objective } from '../../scenarios/types.ts';
import { journeySample, measurementOf, request } from '../record/make-sample.ts';

/** 1 to 1,000 ms, a quarter of them of operation b and class metadata. */
const thousand = Array.from({ length: 1000 }, (_, i) =>
  request(i * 10, i + 1, { journeyId: i, ...(i % 4 === 0 && { operation: 'b', latencyClass: 'metadata' as const }) }),
);
const judge = (objective: Objective, measured = measurementOf(thousand)): ObjectiveResult => judgeObjectives(measured, [objective])[0] as ObjectiveResult;

describe('the measured quantile decides', () => {
  test.each<[Objective, ObjectiveResult['verdict'], number]>([
    [{ metric: 'latency', quantile: 0.95, max: 951 }, 'pass', 950],
    [{ metric: 'latency', quantile: 0.95, max: 949 }, 'fail', 950],
    [{ metric: 'latency', quantile: 0.99, max: 2000 }, 'pass', 990],
    [{ metric: 'latency', quantile: 0.5, min: 600 }, 'fail', 500],
    [{ metric: 'latency', quantile: 0.5, min: 400, max: 600 }, 'pass', 500],
    [{ metric: 'latency', operation: 'b', quantile: 0.5, max: 600 }, 'pass', 497],
    [{ metric: 'latency', latencyClass: 'metadata', quantile: 0.95, max: 100 }, 'fail', 949],
    [{ metric: 'latency', operation: 'b', latencyClass: 'metadata', quantile: 0.37, max: 600 }, 'pass', 369],
  ])('%j: %s', (objective, verdict, value) => {
    const found = judge(objective);
    expect(found.verdict).toBe(verdict);
    expect(Math.abs((found.value ?? 0) / value - 1)).toBeLessThan(0.002);
    expect(found.judged).toBeUndefined();
  });

  test('its interval is given, and said when the bound lies inside', () => {
    const near = judge({ metric: 'latency', quantile: 0.95, max: 951 });
    // Ranks 937 and 964 of 1,000.
    expect(near.lowValue).toBeCloseTo(937, -0.5);
    expect(near.highValue).toBeCloseTo(964, -0.5);
    expect(near.reason).toContain('inside the 95% interval');
    expect(judge({ metric: 'latency', quantile: 0.95, max: 2000 }).reason).toBeUndefined();
    expect(judge({ metric: 'latency', quantile: 0.95, max: 100 }).reason).toBe('measured 950.02 ms');
  });
});

describe('too few values', () => {
  const hundred = measurementOf(thousand.slice(0, 100));
  test('never pass, and say how many are needed', () => {
    expect(judge({ metric: 'latency', quantile: 0.99, max: 5000 }, hundred)).toMatchObject({
      verdict: 'inconclusive',
      n: 100,
      value: expect.closeTo(99, 1),
      reason: 'n = 100 is too small for p99 (needs 1000); measured 98.98 ms',
    });
    expect(judge({ metric: 'latency', quantile: 0.95, max: 5000 }, hundred).reason).toContain('(needs 200)');
  });
  test('fail when the whole interval is beyond the bound', () => {
    expect(judge({ metric: 'latency', quantile: 0.99, max: 50 }, hundred)).toMatchObject({
      verdict: 'fail',
      lowValue: expect.closeTo(97, 1),
      reason: expect.stringContaining('the whole 95% interval is beyond the bound'),
    });
    expect(judge({ metric: 'latency', quantile: 0.99, max: 98 }, hundred).verdict).toBe('inconclusive');
  });
  test('none at all: nothing to judge', () => {
    expect(judge({ metric: 'residual', quantile: 0.5, max: 5 })).toMatchObject({
      verdict: 'inconclusive',
      n: 0,
      reason: 'nothing to judge: no response said what latency it was meant to have',
    });
    expect(judge({ metric: 'latency', operation: 'absent', quantile: 0.5, max: 5 })).toMatchObject({ verdict: 'inconclusive', n: 0 });
    expect(judge({ metric: 'errorRatio', max: 1 }, measurementOf([]))).toMatchObject({ verdict: 'inconclusive', n: 0 });
  });
});

test('ratios: errors by operation, goodput, achieved', () => {
  const failing = thousand.map((one, i) => (i % 100 === 0 ? { ...one, outcome: 'failed' as const } : one));
  const measured = measurementOf(failing, { report: { scheduledArrivals: 1250 } });
  expect(judge({ metric: 'errorRatio', max: 0.01 }, measured)).toMatchObject({ verdict: 'pass', value: 0.01, n: 1000 });
  expect(judge({ metric: 'errorRatio', max: 0.001 }, measured)).toMatchObject({ verdict: 'fail', reason: 'measured 1% of 1000' });
  expect(judge({ metric: 'errorRatio', operation: 'b', max: 0.01 }, measured)).toMatchObject({ verdict: 'fail', value: 0.04, n: 250 });
  expect(judge({ metric: 'errorRatio', latencyClass: 'crud', max: 0 }, measured)).toMatchObject({ verdict: 'pass', value: 0, n: 750 });
  expect(judge({ metric: 'goodputRatio', min: 0.995 }, measured)).toMatchObject({ verdict: 'fail', value: 0.99 });
  expect(judge({ metric: 'achievedRatio', min: 0.9 }, measured)).toMatchObject({ verdict: 'fail', value: expect.closeTo(0.8, 6) });
});

test('milestones, pooled over journeys', () => {
  const measured = measurementOf(
    Array.from({ length: 40 }, (_, i) =>
      journeySample({ journeyId: i, journey: i % 2 === 0 ? 'cold' : 'warm', milestonesMs: { load: i % 2 === 0 ? 1000 : 2000 } }),
    ),
  );
  expect(judge({ metric: 'milestone', milestone: 'load', quantile: 0.5, max: 1500 }, measured)).toMatchObject({
    verdict: 'pass',
    n: 40,
    value: expect.closeTo(1000, -1),
  });
  expect(judge({ metric: 'milestone', milestone: 'load', quantile: 0.75, max: 1500 }, measured)).toMatchObject({ verdict: 'fail', reason: 'measured 2000 ms' });
  expect(judge({ metric: 'milestone', milestone: 'load', quantile: 0.9, max: 2500 }, measured)).toMatchObject({
    verdict: 'inconclusive',
    reason: 'n = 40 is too small for p90 (needs 100); measured 2000 ms',
  });
  expect(judge({ metric: 'milestone', milestone: 'other', quantile: 0.5, max: 1 }, measured)).toMatchObject({ verdict: 'inconclusive', n: 0 });
});

test('a closed loop is judged on errors only, and what a driver cannot measure is not judged', () => {
  const closed = measurementOf(thousand, { report: { model: 'closed' } });
  for (const objective of [
    { metric: 'latency', quantile: 0.5, max: 1 },
    { metric: 'goodputRatio', min: 1 },
    { metric: 'achievedRatio', min: 1 },
  ] as const) {
    expect(judge(objective, closed)).toMatchObject({ verdict: 'inconclusive', judged: false, reason: expect.stringContaining('closed loop') });
  }
  expect(judge({ metric: 'errorRatio', max: 0 }, closed)).toMatchObject({ verdict: 'pass', value: 0 });
  const k6 = measurementOf(thousand, { report: { notAvailable: [{ metric: 'ttft', reason: 'events have no times' }] } });
  expect(judge({ metric: 'ttft', quantile: 0.5, max: 1 }, k6)).toMatchObject({
    judged: false,
    reason: 'the native driver cannot measure it: events have no times',
  });
});

test('a latency that counts from sent says so', () => {
  const measured = measurementOf(thousand.map(({ intendedAtMs: _, ...rest }) => rest));
  expect(judge({ metric: 'latency', quantile: 0.5, max: 2000 }, measured)).toMatchObject({
    verdict: 'pass',
    reason: 'counted from sent: this driver has no intended send time',
  });
});

test('wilson: reference values from SciPy 1.17.1, binomtest(k, n).proportion_ci(method="wilson")', () => {
  const expected: [number, number, number, number][] = [
    [0, 100, 0, 0.03699349820698568],
    [1, 100, 0.001767432064140647, 0.054486196178705315],
    [50, 100, 0.4038315303659956, 0.5961684696340044],
    [100, 100, 0.9630065017930143, 1],
  ];
  for (const [k, n, low, high] of expected) {
    const found = wilson(k / n, n);
    expect(found[0]).toBeCloseTo(low, 9);
    expect(found[1]).toBeCloseTo(high, 9);
  }
});

test.each<[Objective, string]>([
  [{ metric: 'latency', latencyClass: 'crud', quantile: 0.95, max: 700 }, 'latency p95 of crud <= 700 ms'],
  [
    { metric: 'latency', operation: 'chat.completion', latencyClass: 'completion', quantile: 0.999, max: 700 },
    'latency p99.9 of chat.completion (completion) <= 700 ms',
  ],
  [{ metric: 'errorRatio', max: 0.001 }, 'errorRatio <= 0.1%'],
  [{ metric: 'goodputRatio', operation: 'a', min: 0.99 }, 'goodputRatio of a >= 99%'],
  [{ metric: 'milestone', milestone: 'load', quantile: 0.5, max: 2300 }, 'milestone load p50 <= 2300 ms'],
  [{ metric: 'residual', quantile: 0.5, min: -1, max: 1 }, 'residual p50 >= -1 ms and <= 1 ms'],
])('%j reads %s', (objective, text) => {
  expect(objectiveText(objective)).toBe(text);
});

test('numbers for people never turn a near miss into a hit', () => {
  expect([1, 0, 0.5, 0.985, 0.9899, 0.99951, 0.999999, 0.001, 0.00149, 0.00004, 0.0000001].map(formatRatio)).toEqual([
    '100%',
    '0%',
    '50%',
    '98.5%',
    '98.99%',
    '99.951%',
    '99.9999%',
    '0.1%',
    '0.149%',
    '0.004%',
    '0.00001%',
  ]);
  expect([1234.5, 99.94, 10.25, 9.994, 0.4213, -0.5, 0].map(formatMs)).toEqual(['1234.5 ms', '99.94 ms', '10.25 ms', '9.99 ms', '0.42 ms', '-0.5 ms', '0 ms']);
});

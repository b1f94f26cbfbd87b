import { describe, expect, test } from 'vitest';
import { judgeValidity } from '../../harness/judge/validity.ts';
import type { LegMeasurement, ValidityCheck } from '../../harness/results/run-file.ts';
import { driveReport, measurementOf, request, sample } from '../record/make-sample.ts';

const healthy = { report: { loopDelay: { p50Ms: 1, p99Ms: 4, maxMs: 9 } } };
const checkOf = (measured: LegMeasurement, name: ValidityCheck['name']): ValidityCheck => {
  const found = judgeValidity(measured).checks.find((check) => check.name === name);
  if (!found) throw new Error(`no check ${name}`);
  return found;
};
const steady = (lagMs: number, tookMs: number, count = 1000) =>
  Array.from({ length: count }, (_, i) => request(i * 10, tookMs, { journeyId: i, sentAtMs: i * 10 + lagMs }));

test('a healthy open run is valid, and every check shows its value and limit', () => {
  const { valid, checks } = judgeValidity(measurementOf(steady(0.5, 100), healthy));
  expect(valid).toBe(true);
  expect(checks.map(({ name, value, limit, unit }) => [name, value, limit, unit])).toEqual([
    ['scheduleLag', 0.5, 10, 'ms'],
    ['achieved', 1, 0.99, 'ratio'],
    ['dropped', 0, 0.001, 'ratio'],
    ['loopDelay', 4, 20, 'ms'],
    ['interrupted', 0, 0, 'count'],
    ['samples', 1000, 1, 'count'],
  ]);
  expect(checks[0]?.text).toBe('schedule lag p99 0.5 ms, limit 10 ms (or 5% of the median latency if that is more)');
});

describe('an overloaded driver is invalid', () => {
  test.each([
    [9.9, 100, true],
    [10.5, 100, false],
    // 5% of 1,000 ms is 50 ms.
    [49, 1000, true],
    [51, 1000, false],
  ])('schedule lag p99 %d ms at a median latency of %d ms: ok %s', (lagMs, tookMs, ok) => {
    const measured = measurementOf(steady(lagMs, tookMs), healthy);
    expect(checkOf(measured, 'scheduleLag').ok).toBe(ok);
    expect(judgeValidity(measured).valid).toBe(ok);
  });

  test('lag in 0.5% of requests is none at p99, in 2% it is', () => {
    const some = (share: number) =>
      measurementOf(
        steady(0, 100).map((one, i) => (i % (1 / share) === 0 ? { ...one, sentAtMs: (one.sentAtMs ?? 0) + 30 } : one)),
        healthy,
      );
    expect(checkOf(some(0.005), 'scheduleLag').ok).toBe(true);
    expect(checkOf(some(0.02), 'scheduleLag')).toMatchObject({ ok: false, value: expect.closeTo(30, 1), limit: 10 });
  });

  test('achieved under 99% of offered', () => {
    const at = (scheduledArrivals: number) => measurementOf(steady(0, 100), { report: { ...healthy.report, scheduledArrivals } });
    expect(checkOf(at(1010), 'achieved').ok).toBe(true);
    expect(checkOf(at(1020), 'achieved')).toMatchObject({
      ok: false,
      value: expect.closeTo(1000 / 1020, 6),
      text: 'achieved 100 of 102 requests/s offered (98.039%), at least 99%',
    });
  });

  test('more than 0.1% dropped', () => {
    const withDrops = (count: number) => {
      const { sentAtMs: _sent, endedAtMs: _ended, ...never } = sample({ outcome: 'dropped', intendedAtMs: 100 });
      return measurementOf([...steady(0, 100, 2000), ...Array.from({ length: count }, () => never)], { report: { ...healthy.report, measuredToMs: 20_000 } });
    };
    expect(checkOf(withDrops(2), 'dropped').ok).toBe(true);
    expect(checkOf(withDrops(3), 'dropped')).toMatchObject({ ok: false, value: 3 / 2003, text: '3 of 2003 requests dropped (0.15%), at most 0.1%' });
  });

  test('loop delay p99 over 20 ms', () => {
    const at = (p99Ms: number) => checkOf(measurementOf(steady(0, 100), { report: { loopDelay: { p50Ms: 1, p99Ms, maxMs: 99 } } }), 'loopDelay');
    expect(at(20).ok).toBe(true);
    expect(at(20.1)).toMatchObject({ ok: false, value: 20.1, limit: 20 });
  });
});

test('interrupted or without a sample: invalid, in a closed loop too', () => {
  expect(judgeValidity(measurementOf(steady(0, 100), { report: { interrupted: true } })).valid).toBe(false);
  expect(checkOf(measurementOf([]), 'samples')).toMatchObject({ ok: false, value: 0, text: 'no request was sent in the measured phase' });
  const closed = measurementOf([], { report: driveReport({ model: 'closed', interrupted: true }) });
  expect(
    judgeValidity(closed)
      .checks.filter(({ ok }) => !ok)
      .map(({ name }) => name),
  ).toEqual(['interrupted', 'samples']);
});

test('a closed loop is not asked for a schedule', () => {
  const { valid, checks } = judgeValidity(measurementOf(steady(500, 100), { report: { model: 'closed', loopDelay: { p50Ms: 1, p99Ms: 99, maxMs: 99 } } }));
  expect(valid).toBe(true);
  expect(checks.filter(({ value }) => value === undefined).map(({ name, ok }) => [name, ok])).toEqual([
    ['scheduleLag', true],
    ['achieved', true],
    ['dropped', true],
    ['loopDelay', true],
  ]);
});

test('what the driver cannot tell is not applied and says why', () => {
  const samples = steady(0, 100).map(({ intendedAtMs: _, ...rest }) => rest);
  const measured = measurementOf(samples, { report: { notAvailable: [{ metric: 'scheduleLag', reason: 'k6 does not tell when an iteration was due' }] } });
  expect(checkOf(measured, 'scheduleLag')).toEqual({
    name: 'scheduleLag',
    ok: true,
    unit: 'ms',
    text: 'schedule lag: not applied, k6 does not tell when an iteration was due',
  });
  expect(checkOf(measured, 'loopDelay')).toEqual({
    name: 'loopDelay',
    ok: true,
    unit: 'ms',
    text: 'loop delay of the driver: not applied, the native driver does not tell it',
  });
});

import { expect, test } from 'vitest';
import { toLegResult } from '../../harness/judge/judge.ts';
import { exitCodeOf, judgeLeg, judgeRun, worstVerdict } from '../../harness/judge/verdict.ts';
import type { LegResult } from '../../harness/results/run-file.ts';
import type { Objective } from '../../scenarios/types.ts';
import { leg, measurementOf, request } from '../record/make-sample.ts';

const samples = Array.from({ length: 1000 }, (_, i) => request(i * 10, 100, { journeyId: i }));
const errorsOnly: Objective[] = [{ metric: 'errorRatio', max: 0.001 }];
const fine: Objective = { metric: 'latency', quantile: 0.95, max: 200 };
const tooSlow: Objective = { metric: 'latency', quantile: 0.95, max: 50 };
const unknown: Objective = { metric: 'latency', quantile: 0.999, max: 200 };

function result(id: string, objectives: Objective[], report: Parameters<typeof measurementOf>[1] = {}, of = samples): LegResult {
  return toLegResult(measurementOf(of, { ...report, leg: { ...leg(), id } }), objectives);
}
const interrupted = { report: { interrupted: true } };
const closed = { report: { model: 'closed' as const } };

test('the worst leg decides: invalid beats fail beats inconclusive beats pass', () => {
  const legs = {
    pass: result('a', [fine]),
    fail: result('b', [fine, tooSlow]),
    inconclusive: result('c', [unknown]),
    invalid: result('d', [tooSlow], interrupted),
  };
  for (const [verdict, judged] of Object.entries(legs)) expect(judgeRun([judged]).verdict).toBe(verdict);
  expect(judgeRun([legs.pass, legs.inconclusive]).verdict).toBe('inconclusive');
  expect(judgeRun([legs.fail, legs.inconclusive, legs.pass]).verdict).toBe('fail');
  expect(judgeRun(Object.values(legs)).verdict).toBe('invalid');
  expect(judgeRun([]).verdict).toBe('invalid');
  expect(judgeRun([legs.pass], true)).toMatchObject({
    verdict: 'invalid',
    reasons: ['interrupted: stopped before its end, what was measured until then is kept', 'a: 1 of 1 objectives met'],
  });
});

test('reasons: one line each, with the number and the bound, worst first', () => {
  expect(judgeRun([result('good', [fine]), result('bad', [tooSlow])]).reasons).toEqual([
    'bad: fail: latency p95 <= 50 ms (measured 100 ms)',
    'good: 1 of 1 objectives met',
  ]);
  expect(judgeRun([result('cut', [tooSlow], interrupted)]).reasons).toEqual(['cut: interrupted: stopped before its end, what was measured until then is kept']);
});

test('a closed loop passes on errors alone, whatever its latency', () => {
  expect(judgeLeg(result('a', [tooSlow, ...errorsOnly], closed))).toEqual({
    verdict: 'pass',
    reasons: [
      'a: 1 of 1 objectives met',
      'a: not judged: latency p95 <= 50 ms (closed loop: a slow answer also delays the requests after it, so only errors are judged)',
    ],
  });
  expect(judgeLeg(result('a', [tooSlow], closed)).verdict).toBe('pass');
  const failing = samples.map((one, i) => (i < 10 ? { ...one, outcome: 'failed' as const } : one));
  expect(judgeLeg(result('a', errorsOnly, closed, failing)).verdict).toBe('fail');
  expect(judgeLeg(result('a', [tooSlow], closed, failing)).verdict).toBe('inconclusive');
});

test('an open run of which nothing could be judged is inconclusive; without objectives it passes if something ended ok', () => {
  const blind = { report: { notAvailable: [{ metric: 'latency', reason: 'no' }] } };
  expect(judgeLeg(result('a', [fine], blind)).verdict).toBe('inconclusive');
  expect(judgeLeg(result('a', [fine, ...errorsOnly], blind)).verdict).toBe('pass');
  expect(judgeLeg(result('a', []))).toEqual({ verdict: 'pass', reasons: ['a: no objectives: nothing but the delivery of the load was judged'] });
  const failed = samples.map((one) => ({ ...one, outcome: 'failed' as const }));
  expect(judgeLeg(result('a', [], {}, failed)).verdict).toBe('inconclusive');
  expect(judgeLeg(result('a', errorsOnly, {}, failed)).verdict).toBe('fail');
});

test('exit codes', () => {
  expect((['pass', 'fail', 'inconclusive', 'invalid'] as const).map(exitCodeOf)).toEqual([0, 99, 75, 75]);
  expect(worstVerdict([])).toBe('inconclusive');
});

import { expect, test } from 'vitest';
import { compareRuns } from '../../harness/judge/compare.ts';
import { toLegResult } from '../../harness/judge/judge.ts';
import { judgeRun } from '../../harness/judge/verdict.ts';
import { quantileOf } from '../../harness/results/distribution.ts';
import type { LegResult, RunFile } from '../../harness/results/run-file.ts';
import { journeySample, leg, measurementOf, request } from '../record/make-sample.ts';

function runFile(legs: LegResult[], changes: Partial<RunFile> = {}): RunFile {
  return {
    schema: 'plumbline.run/1',
    runId: 'a',
    startedAt: '2026-11-23T09:49:05.000Z',
    durationMs: 1,
    interrupted: false,
    plumbline: '0.1.0',
    tools: {},
    machine: { cpu: 'c', cores: 2, memoryBytes: 2 ** 33, os: 'o', node: '26.10.0' },
    seed: 1,
    target: { url: 'http://127.0.0.1:1', kind: 'reference', protocol: 'http/1.1', profile: { name: 'observed', seed: 1, hash: 'h' } },
    legs,
    verdict: judgeRun(legs),
    ...changes,
  };
}

function legResult(shiftMs: number, count = 2000, changes: Partial<Parameters<typeof leg>[0]> = {}): LegResult {
  const samples = Array.from({ length: count }, (_, i) => [
    request(i * 5, 100 + (i % 100) + shiftMs, { journeyId: i }),
    journeySample({ journeyId: i, intendedAtMs: i * 5, endedAtMs: i * 5 + 200 + shiftMs, milestonesMs: { load: 150 + shiftMs } }),
  ]).flat();
  return toLegResult(measurementOf(samples, { leg: { ...leg(), ...changes } }), []);
}
const rowOf = (comparison: ReturnType<typeof compareRuns>, scope: string, metric: string, q: number) =>
  comparison.legs[0]?.rows.find((row) => row.scope.kind === scope && row.metric === metric && row.q === q);

test('values, difference and ratio of b against a, and whether the intervals overlap', () => {
  const slower = compareRuns(runFile([legResult(0)]), runFile([legResult(50)]));
  const p50 = rowOf(slower, 'operation', 'latency', 0.5);
  expect(p50).toMatchObject({
    scope: { kind: 'operation', name: 'thing.read' },
    differenceMs: expect.closeTo(50, 0),
    intervalsOverlap: false,
    enough: true,
    a: { n: 2000 },
    b: { n: 2000 },
  });
  expect(p50?.ratio).toBeCloseTo(199 / 149, 2);
  expect(rowOf(compareRuns(runFile([legResult(0)]), runFile([legResult(1)])), 'all', 'latency', 0.5)?.intervalsOverlap).toBe(true);
  expect(slower.legs[0]?.rows.filter((row) => row.scope.kind === 'milestone').map((row) => [row.metric, row.q, Math.round(row.differenceMs)])).toEqual([
    ['duration', 0.5, 50],
    ['duration', 0.95, 50],
    ['duration', 0.99, 50],
    ['milestone', 0.5, 50],
    ['milestone', 0.95, 50],
    ['milestone', 0.99, 50],
  ]);
  expect(slower.notes).toEqual([]);
  expect(slower.legs[0]?.notes).toEqual([]);
  expect(slower.legs[0]?.totals.find(({ name }) => name === 'achievedPerSecond')).toMatchObject({ a: expect.closeTo(200, 0), ratio: 1 });
});

test('a run against itself differs in nothing', () => {
  const run = runFile([legResult(0)]);
  for (const row of compareRuns(run, run).legs[0]?.rows ?? []) expect([row.differenceMs, row.ratio, row.intervalsOverlap]).toEqual([0, 1, true]);
});

test('p99 only where n is enough on both sides; p95 is flagged where it is not', () => {
  const few = compareRuns(runFile([legResult(0)]), runFile([legResult(0, 150)]));
  expect(rowOf(few, 'all', 'latency', 0.99)).toBeUndefined();
  expect(rowOf(few, 'all', 'latency', 0.95)).toMatchObject({ enough: false });
  expect(rowOf(few, 'all', 'latency', 0.5)).toMatchObject({ enough: true });
});

test('what makes runs not comparable is said', () => {
  const base = runFile([legResult(0)]);
  const other = runFile([legResult(0, 2000, { driver: 'k6', load: { kind: 'constant', ratePerSecond: 99 } })], {
    runId: 'b',
    seed: 2,
    machine: { ...base.machine, cores: 4 },
    target: { ...base.target, profile: { name: 'fast', seed: 1, hash: 'x' } },
  });
  const { notes, legs } = compareRuns(base, other);
  expect(notes).toEqual([
    { kind: 'not-comparable', text: 'the latency profile differs: observed (h) against fast (x)' },
    { kind: 'not-comparable', text: 'the machine differs: c, 2 cores, 8.0 GiB, o against c, 4 cores, 8.0 GiB, o' },
    { kind: 'note', text: 'the seed differs: 1 against 2' },
  ]);
  expect(legs[0]?.notes).toEqual([
    { kind: 'not-comparable', text: 'the driver differs: native against k6' },
    { kind: 'not-comparable', text: 'the load differs: constant 50/s against constant 99/s' },
  ]);
});

test('legs are paired by id, then by scenario; the rest is listed', () => {
  const native = legResult(0, 30, { id: 'test/native' });
  const k6 = legResult(0, 30, { id: 'test/k6', driver: 'k6' });
  const other = { ...legResult(0, 30), id: 'other/native', scenario: 'other' };
  const swapped = compareRuns(runFile([native, k6]), runFile([k6, native, other]));
  expect(swapped.legs.map(({ a, b }) => [a, b])).toEqual([
    ['test/native', 'test/native'],
    ['test/k6', 'test/k6'],
  ]);
  expect([swapped.onlyInA, swapped.onlyInB]).toEqual([[], ['other/native']]);
  expect(compareRuns(runFile([native]), runFile([k6])).legs.map(({ a, b }) => [a, b])).toEqual([['test/native', 'test/k6']]);
});

test('the values are those of the distributions', () => {
  const run = runFile([legResult(0)]);
  const latency = run.legs[0]?.all.latency;
  expect(rowOf(compareRuns(run, run), 'all', 'latency', 0.95)?.a.ms).toBe(latency && quantileOf(latency, 0.95)?.ms);
});

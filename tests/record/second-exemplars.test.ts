import { expect, test } from 'vitest';
import { createLegRecorder } from '../../harness/record/recorder.ts';
import { SecondExemplars } from '../../harness/record/second-exemplars.ts';
import { driveReport, leg, request } from './make-sample.ts';

const idAt = (second: number, ms: number): string => `${second}-${ms}`;

test('each second names a request that was due in it and took about its p99, warm-up included, in order', () => {
  const recorder = createLegRecorder(leg(), { seed: 1 });
  for (let second = 0; second < 5; second += 1) {
    for (let i = 1; i <= 200; i += 1) {
      const tookMs = i * (second + 1);
      recorder.add(request(second * 1_000 + i, tookMs, { traceId: idAt(second, tookMs), phase: second === 0 ? 'warm-up' : 'measured' }));
    }
  }
  const { secondExemplars = [], series } = recorder.finish(driveReport());
  expect(secondExemplars.map(({ second }) => second)).toEqual([0, 1, 2, 3, 4]);
  for (const { second, p99Ms, sample } of secondExemplars) {
    expect(p99Ms).toBe(198 * (second + 1));
    expect(p99Ms).toBe(series.find((row) => row.second === second)?.p99Ms);
    expect(Math.floor((sample.intendedAtMs ?? 0) / 1_000)).toBe(second);
    const tookMs = (sample.endedAtMs ?? 0) - (sample.intendedAtMs ?? 0);
    expect(Math.abs(tookMs / p99Ms - 1)).toBeLessThan(0.05);
    expect(sample.traceId).toBe(idAt(second, tookMs));
  }
});

test('requests without a trace, or never sent, are not named; of those in one bin a sampled one is, else the latest', () => {
  const recorder = createLegRecorder(leg(), { seed: 1 });
  recorder.add(request(100, 100, {}));
  recorder.add(request(1_100, 100, { traceId: 'first', sampled: false }));
  recorder.add(request(1_200, 100, { traceId: 'latest', sampled: false }));
  recorder.add(request(2_100, 100, { traceId: 'sampled', sampled: true }));
  recorder.add(request(2_200, 100, { traceId: 'not', sampled: false }));
  const dropped = request(3_100, 100, { traceId: 'dropped', outcome: 'dropped' });
  delete dropped.sentAtMs;
  delete dropped.endedAtMs;
  recorder.add(dropped);
  const { secondExemplars = [] } = recorder.finish(driveReport());
  expect(secondExemplars.map(({ second, sample }) => [second, sample.traceId])).toEqual([
    [1, 'latest'],
    [2, 'sampled'],
  ]);
});

test('a second that is sealed while the run goes on keeps its own', () => {
  const recorder = createLegRecorder(leg(), { seed: 1 });
  for (let second = 0; second < 90; second += 1) recorder.add(request(second * 1_000, 50 + second, { traceId: `t${second}` }));
  const { secondExemplars = [] } = recorder.finish(driveReport());
  expect(secondExemplars.map(({ sample }) => sample.traceId)).toEqual(Array.from({ length: 90 }, (_, second) => `t${second}`));
});

test('of a long run at most 100 are held, the largest p99 of its neighbours each', () => {
  const exemplars = new SecondExemplars();
  for (let second = 0; second < 1_000; second += 1)
    exemplars.offer({ second, p99Ms: second === 333 ? 900 : second % 10, sample: request(second * 1_000, 1, { traceId: `t${second}` }) });
  const held = exemplars.entries();
  expect(held.length).toBeGreaterThan(50);
  expect(held.length).toBeLessThanOrEqual(100);
  expect(held.map(({ second }) => second)).toEqual(held.map(({ second }) => second).toSorted((a, b) => a - b));
  expect(held.find(({ second }) => second === 333)?.p99Ms).toBe(900);
  expect(Math.min(...held.map(({ p99Ms }) => p99Ms))).toBeGreaterThanOrEqual(7);
});

test('what takes room in a sample is left out, the draw is not', () => {
  const exemplars = new SecondExemplars();
  const truth = { intendedMs: 90, actualMs: 91, hops: [{ hop: 'edge', durationMs: 90 }], events: { intendedMs: [1], actualMs: [1] } };
  exemplars.offer({ second: 1, p99Ms: 100, sample: request(1_000, 100, { traceId: 't', eventTimesMs: [1_050], gapsUs: [[1, 1]], contentEvents: 2, truth }) });
  expect(exemplars.entries()[0]?.sample).toEqual(request(1_000, 100, { traceId: 't', contentEvents: 2, truth: { intendedMs: 90, actualMs: 91 } }));
});

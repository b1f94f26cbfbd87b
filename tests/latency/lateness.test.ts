import { decodeFromCompressedBase64 } from 'hdr-histogram-js';
import { expect, test } from 'vitest';
import { latenessMs, latenessRecorder } from '../../reference-server/latency/lateness.ts';

test('lateness is actual minus intended minus queued', () => {
  expect(latenessMs(120, 100, 15)).toBe(5);
  expect(latenessMs(99, 100, 0)).toBe(-1);
});

test('known values: 1,000 of 0.001 to 1 ms and 1,000 of -1 to -0.001 ms', () => {
  const recorder = latenessRecorder();
  for (let i = 1; i <= 1000; i += 1) {
    recorder.record('crud', i / 1000, i > 990);
    recorder.record('crud', -i / 1000);
  }
  const { crud } = recorder.snapshot().classes;
  expect([crud?.n, crud?.negatives, crud?.overruns, crud?.minMs, crud?.maxMs]).toEqual([2000, 1000, 10, -1, 1]);
  expect(crud?.meanMs).toBeCloseTo(0, 9);
  const quantile = (q: number): number => crud?.quantiles.find((one) => one.q === q)?.ms ?? Number.NaN;
  expect(quantile(0.5)).toBeCloseTo(-0.001, 6);
  expect(Math.abs(quantile(0.95) - 0.9)).toBeLessThan(0.002);
  expect(Math.abs(quantile(0.99) - 0.98)).toBeLessThan(0.002);
  expect(decodeFromCompressedBase64(crud?.histogram ?? '').totalCount).toBe(1000);
  expect(decodeFromCompressedBase64(crud?.negativeHistogram ?? '').totalCount).toBe(1000);
});

test('quantiles among the negatives', () => {
  const recorder = latenessRecorder();
  for (let i = 1; i <= 100; i += 1) recorder.record('static', -i);
  const { all } = recorder.snapshot();
  const median = all.quantiles.find((one) => one.q === 0.5)?.ms ?? 0;
  expect(Math.abs(median - -51)).toBeLessThan(0.1);
});

test('classes are apart and pooled; quantiles say when n is too small; reset forgets', () => {
  const recorder = latenessRecorder();
  for (let i = 0; i < 999; i += 1) recorder.record('metadata', 2);
  recorder.record('completion', 50, true);
  const { all, classes } = recorder.snapshot();
  expect([all.n, classes.metadata?.n, classes.completion?.n, classes.crud]).toEqual([1000, 999, 1, undefined]);
  expect(all.overruns).toBe(1);
  expect(all.quantiles.find((one) => one.q === 0.99)?.enough).toBe(true);
  expect(classes.metadata?.quantiles.find((one) => one.q === 0.99)?.enough).toBe(false);
  expect(all.negativeHistogram).toBeUndefined();
  recorder.reset();
  expect(recorder.snapshot().all).toMatchObject({ n: 0, quantiles: [], meanMs: 0, minMs: 0, maxMs: 0 });
});

test('what is beyond an hour keeps its maximum; what is not a number is refused', () => {
  const recorder = latenessRecorder();
  recorder.record('crud', 4_000_000);
  expect(recorder.snapshot().all.maxMs).toBe(4_000_000);
  expect(() => recorder.record('crud', Number.NaN)).toThrow(RangeError);
});

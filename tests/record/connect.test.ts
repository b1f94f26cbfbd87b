/** Connection set-up is a metric of its own, and in neither residual nor measurement error. Known answers. */
import { expect, test } from 'vitest';
import { measurementOf, request } from './make-sample.ts';

const truth = { intendedMs: 100, actualMs: 101, queuedMs: 0 };

test('a request that opened a connection in 30 ms has the residual of one that found it there', () => {
  const there = measurementOf([request(0, 103, { truth })]).all;
  const opened = measurementOf([request(0, 133, { truth, connectMs: 30, reusedConnection: false })]).all;
  for (const all of [there, opened]) {
    expect(all.residual).toMatchObject({ n: 1, minMs: 3, maxMs: 3 });
    expect(all.measurementError).toMatchObject({ n: 1, minMs: 2, maxMs: 2 });
    expect(all.exchangeTime).toMatchObject({ n: 1, minMs: 103, maxMs: 103 });
    expect(all.lateness).toMatchObject({ n: 1, minMs: 1, maxMs: 1 });
  }
  expect(there.connect).toBeUndefined();
  expect(opened.connect).toMatchObject({ n: 1, minMs: 30, maxMs: 30 });
  // The user waited for it.
  expect([opened.latency?.maxMs, opened.serviceTime?.maxMs]).toEqual([133, 133]);
});

test('n and the interval are those of the requests that a connection was opened for, in the operation, the class and the whole', () => {
  const samples = Array.from({ length: 200 }, (_, i) => request(i, i % 2 === 0 ? 130 : 100, { truth, ...(i % 2 === 0 && { connectMs: 20 + i / 10 }) }));
  const { all, classes, operations } = measurementOf(samples);
  for (const { connect, residual } of [all, classes.crud ?? {}, operations[0]?.metrics ?? {}]) {
    expect(connect).toMatchObject({ n: 100, minMs: 20, maxMs: 39.8 });
    const median = connect?.quantiles.find(({ q }) => q === 0.5);
    expect(median?.enough).toBe(true);
    // Order statistics 40 and 61 of 100 (95% for the median), which lie 0.2 ms apart each; the histogram keeps them within 0.1%.
    expect(Math.abs((median?.lowMs ?? 0) - 27.8)).toBeLessThan(0.25);
    expect(Math.abs((median?.highMs ?? 0) - 32)).toBeLessThan(0.25);
    expect(residual?.n).toBe(200);
  }
});

test('a request that failed tells the set-up of its connection, and has neither residual nor measurement error', () => {
  const { all } = measurementOf([request(0, 50, { outcome: 'failed', connectMs: 12, truth })]);
  expect(all.connect).toMatchObject({ n: 1, minMs: 12, maxMs: 12 });
  expect([all.residual, all.measurementError, all.exchangeTime]).toEqual([undefined, undefined, undefined]);
});

test('a connection that did not come about has no set-up', () => {
  const { all } = measurementOf([request(0, 50, { outcome: 'failed' })]);
  expect([all.connect, all.residual, all.measurementError]).toEqual([undefined, undefined, undefined]);
});

test('a request that timed out on a fresh connection tells its set-up, and has neither residual nor measurement error', () => {
  const { all } = measurementOf([request(0, 30_000, { outcome: 'timeout', connectMs: 12, truth })]);
  expect(all.connect).toMatchObject({ n: 1, minMs: 12, maxMs: 12 });
  expect([all.residual, all.measurementError]).toEqual([undefined, undefined]);
});

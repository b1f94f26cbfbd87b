import { describe, expect, test } from 'vitest';
import { countsOf, quantileOf } from '../../harness/results/distribution.ts';
import { keyedRandom } from '../../scenarios/random.ts';
import { measurementOf, request, sample, scenario, stalledServer } from './make-sample.ts';

const p = (distribution: Parameters<typeof quantileOf>[0] | undefined, q: number): number => (distribution && quantileOf(distribution, q)?.ms) ?? Number.NaN;

describe('known answers', () => {
  test('a stall of 2 s at 50/s shows about 100 samples spread evenly over 0 to 2 s', () => {
    const found = measurementOf(stalledServer(50, 10_000, 5, 4_000, 2_000)).all.latency;
    if (!found) throw new Error('no latency');
    const { us, cumulative } = countsOf(found);
    const above = (ms: number): number => found.n - (cumulative[us.findLastIndex((value) => value <= ms * 1000)] ?? 0);
    expect(found.n).toBe(500);
    expect(above(20)).toBe(100);
    for (const ms of [500, 1000, 1500]) expect(Math.abs(above(ms) - (2005 - ms) / 20)).toBeLessThanOrEqual(1);
    expect(found.maxMs).toBe(2005);
    expect(p(found, 0.5)).toBeCloseTo(5, 1);
    expect(p(found, 0.9)).toBeCloseTo(1005, -1);
  });

  test('coordinated omission: latency counts from the intended time even where sending waited, and the lag is told apart', () => {
    // Nothing could be sent during the stall; each took 5 ms once it was.
    const waited = Array.from(stalledServer(50, 10_000, 5, 4_000, 2_000), (one) => ({ ...one, sentAtMs: (one.endedAtMs ?? 0) - 5 }));
    const found = measurementOf(waited).all;
    expect(p(found.latency, 0.9)).toBeCloseTo(1005, -1);
    expect(p(found.serviceTime, 0.999)).toBeCloseTo(5, 1);
    expect(p(found.scheduleLag, 0.9)).toBeCloseTo(1000, -1);
    // Counted from sent, the stall would not exist.
    const hidden = measurementOf(waited.map(({ intendedAtMs: _, ...rest }) => rest));
    expect(p(hidden.all.latency, 0.999)).toBeCloseTo(5, 1);
    expect([hidden.latencyFrom, measurementOf(waited).latencyFrom]).toEqual(['sent', 'intended']);
  });

  test('exponential latencies have the quantiles of the exponential distribution', () => {
    const random = keyedRandom('exponential');
    const samples = Array.from({ length: 20_000 }, (_, i) => request(i / 2, -100 * Math.log(1 - random())));
    const { latency } = measurementOf(samples).all;
    for (const q of [0.5, 0.9, 0.95, 0.99]) {
      const truth = -100 * Math.log(1 - q);
      const found = latency && quantileOf(latency, q);
      // The 95% interval may miss, five times its half width does not.
      const half = ((found?.highMs ?? 0) - (found?.lowMs ?? 0)) / 2;
      expect(Math.abs((found?.ms ?? 0) - truth)).toBeLessThan(2.5 * half);
      expect(half / truth).toBeLessThan(0.05);
    }
    expect(latency?.meanMs).toBeGreaterThan(97);
    expect(latency?.meanMs).toBeLessThan(103);
  });

  test('negative residuals and lateness are kept, with their sign', () => {
    const truth = { intendedMs: 100, actualMs: 99, queuedMs: 0.5 };
    const { all } = measurementOf([request(0, 99.5, { truth }), request(10, 101, { truth }), request(20, 102, { truth: { ...truth, queuedMs: 0 } })]);
    expect(all.residual).toMatchObject({ n: 3, negatives: 1, minMs: -0.5, maxMs: 2 });
    expect(all.lateness).toMatchObject({ n: 3, negatives: 3, minMs: -1.5, maxMs: -1 });
    expect(all.measurementError).toMatchObject({ n: 3, negatives: 0, minMs: 0.5, maxMs: 3 });
    expect(all.intended?.meanMs).toBe(100);
  });

  test('each time of a stream, from the intended send time', () => {
    const stream = sample({
      intendedAtMs: 1000,
      sentAtMs: 1004,
      queuedMs: 3,
      connectMs: 1.5,
      headersAtMs: 1010,
      firstByteAtMs: 1011,
      firstContentAtMs: 1050,
      lastContentAtMs: 1350,
      endedAtMs: 1360,
      contentEvents: 4,
      maxGapMs: 180,
      gapsUs: [
        [60_000, 2],
        [180_000, 1],
      ],
      operation: 'chat.completion',
      latencyClass: 'completion',
    });
    const { all, operations } = measurementOf([stream]);
    const values = Object.fromEntries(Object.entries(all).map(([name, { meanMs }]) => [name, meanMs]));
    expect(values).toEqual({
      latency: 360,
      total: 360,
      serviceTime: 356,
      exchangeTime: 354.5,
      scheduleLag: 1,
      queued: 3,
      connect: 1.5,
      headers: 10,
      ttfb: 11,
      ttft: 50,
      tpot: 100,
      maxGap: 180,
      gap: 100,
    });
    expect(all.gap?.n).toBe(3);
    expect(operations[0]).toMatchObject({ operation: 'chat.completion', latencyClass: 'completion', statuses: { 200: 1 } });
  });

  test('what a driver cannot measure is absent, not zero', () => {
    const { all } = measurementOf([{ ...request(0, 10), intendedAtMs: 0 }]);
    expect(Object.keys(all).toSorted()).toEqual(['exchangeTime', 'latency', 'scheduleLag', 'serviceTime']);
    const k6 = measurementOf([request(0, 30_000, { outcome: 'timeout', contentEvents: 0 })], {
      report: { notAvailable: [{ metric: 'ttft', reason: 'no event times' }] },
    });
    expect(k6.all.ttft).toBeUndefined();
    expect(k6.operations[0]?.metrics.ttft).toBeUndefined();
    expect(k6.all.latency?.n).toBe(1);
  });
});

describe('which requests count', () => {
  test('a timeout counts as a slow one, in everything that it cut off, and is flagged', () => {
    const ok = Array.from({ length: 98 }, (_, i) =>
      request(i, 100, { contentEvents: 2, firstByteAtMs: i + 10, firstContentAtMs: i + 20, lastContentAtMs: i + 90 }),
    );
    const withTimeouts = [
      ...ok,
      request(98, 30_000, { outcome: 'timeout', contentEvents: 0 }),
      sample({ intendedAtMs: 99, sentAtMs: 99, outcome: 'timeout', contentEvents: 0, endedAtMs: undefined as never }),
    ];
    delete (withTimeouts[99] as { endedAtMs?: number }).endedAtMs;
    const { all, totals } = measurementOf(withTimeouts);
    for (const name of ['latency', 'serviceTime', 'exchangeTime', 'ttfb', 'ttft', 'total'] as const) {
      expect(all[name], name).toMatchObject({ n: 100, censored: 2, maxMs: 30_000 });
      expect(p(all[name], 0.99), name).toBe(30_000);
    }
    expect(totals.errorRatio).toBe(0.02);
    expect(p(measurementOf(ok).all.latency, 0.99)).toBeCloseTo(100, 0);
  });

  test('a timeout after the first content keeps its first content time', () => {
    const { all } = measurementOf([
      request(0, 30_000, { outcome: 'timeout', contentEvents: 3, firstByteAtMs: 5, firstContentAtMs: 50, lastContentAtMs: 70, maxGapMs: 12 }),
    ]);
    expect(all.ttft).toMatchObject({ meanMs: 50 });
    expect(all.ttft?.censored).toBeUndefined();
    expect(all.latency?.censored).toBe(1);
  });

  test('a fast failure does not make the server look fast', () => {
    const ok = Array.from({ length: 50 }, (_, i) => request(i, 100));
    const failed = Array.from({ length: 50 }, (_, i) => request(50 + i, 1, { outcome: 'failed', status: 503, error: 'status 503, expected 200 to 299' }));
    const { all, totals, errors, operations } = measurementOf([...ok, ...failed]);
    expect(all.latency).toMatchObject({ n: 50, minMs: 100 });
    expect(all.scheduleLag?.n).toBe(100);
    expect(totals.errorRatio).toBe(0.5);
    expect(errors).toEqual([
      { error: 'status 503, expected 200 to 299', count: 50, example: 'thing.read (request k): status 503, expected 200 to 299', sample: failed.at(-1) },
    ]);
    expect(operations[0]?.statuses).toEqual({ 200: 50, 503: 50 });
  });

  test('dropped requests are counted, offered, and in no latency', () => {
    const dropped = sample({ outcome: 'dropped', intendedAtMs: 5000 });
    delete dropped.sentAtMs;
    delete dropped.endedAtMs;
    const { all, totals, series } = measurementOf([request(0, 100), dropped]);
    expect(all.latency?.n).toBe(1);
    expect(totals).toMatchObject({ counts: { ok: 1, dropped: 1 }, offeredPerSecond: 0.2, achievedPerSecond: 0.1, errorRatio: 0, goodputRatio: 0.5 });
    expect(series[5]).toMatchObject({ due: 1, sent: 0, dropped: 1, inFlight: 0 });
  });

  test('an aborted stream gives its first content and gaps, and no latency', () => {
    const { all, totals } = measurementOf([
      request(0, 80, { outcome: 'aborted', contentEvents: 2, firstContentAtMs: 50, lastContentAtMs: 80, maxGapMs: 30, gapsUs: [[30_000, 1]] }),
    ]);
    expect(Object.keys(all).toSorted()).toEqual(['gap', 'maxGap', 'scheduleLag', 'tpot', 'ttft']);
    expect(totals).toMatchObject({ errorRatio: 0, goodputRatio: 0 });
  });

  test('warm-up reaches the series alone', () => {
    const samples = [request(100, 900, { phase: 'warm-up' }), request(1100, 10), request(200, 1, { phase: 'warm-up', outcome: 'failed', error: 'x' })];
    const found = measurementOf(samples, { leg: { warmupMs: 1000 }, report: { measuredFromMs: 1000, measuredToMs: 2000 } });
    expect(found.totals.counts).toEqual({ ok: 1, failed: 0, timeout: 0, aborted: 0, dropped: 0 });
    expect(found.all.latency).toMatchObject({ n: 1, maxMs: 10 });
    expect(found.errors).toEqual([]);
    expect(found.slowest).toHaveLength(1);
    expect(found.series.map(({ phase, due, p50Ms }) => [phase, due, p50Ms])).toEqual([
      ['warm-up', 2, 900],
      ['measured', 1, 10],
    ]);
  });

  test('a value that is no finite number is left out and said', () => {
    const found = measurementOf([request(0, 10), request(0, Number.POSITIVE_INFINITY)]);
    expect(found.all.latency).toMatchObject({ n: 1, maxMs: 10 });
    expect(found.driverReport.notAvailable).toEqual([{ metric: 'some values', reason: '3 values were not finite numbers and are left out' }]);
  });
});

test('classes and the whole are the merged operations, and goodput asks each request for every bound that covers it', () => {
  const objectives = [
    { metric: 'latency', operation: 'a', quantile: 0.95, max: 50 },
    { metric: 'latency', latencyClass: 'metadata', quantile: 0.5, max: 100 },
    { metric: 'ttft', quantile: 0.5, max: 1 },
    { metric: 'latency', operation: 'b', quantile: 0.5, min: 1000 },
  ] as const;
  const samples = [
    request(0, 40, { operation: 'a', latencyClass: 'metadata' }),
    request(1, 60, { operation: 'a', latencyClass: 'metadata' }),
    request(2, 90, { operation: 'b', latencyClass: 'metadata' }),
    request(3, 900, { operation: 'c', latencyClass: 'crud' }),
    request(4, 10, { operation: 'c', latencyClass: 'crud', outcome: 'failed' }),
  ];
  const found = measurementOf(samples, { leg: { scenario: scenario({ objectives: [...objectives] }) } });
  expect(found.operations.map(({ operation, goodputRatio }) => [operation, goodputRatio])).toEqual([
    ['a', 0.5],
    ['b', 1],
    ['c', 0.5],
  ]);
  expect(found.totals).toMatchObject({ goodputRatio: 0.6, goodputPerSecond: 0.3 });
  expect(found.classes.metadata?.latency).toMatchObject({ n: 3, minMs: 40, maxMs: 90 });
  expect(found.classes.crud?.latency).toMatchObject({ n: 1 });
  expect(found.classes.completion).toBeUndefined();
  expect(found.all.latency).toMatchObject({ n: 4, meanMs: 272.5 });
});

import { describe, expect, test } from 'vitest';
import { createLegRecorder } from '../../harness/record/recorder.ts';
import { countsOf, quantileOf, shareAtOrBelow } from '../../harness/results/distribution.ts';
import { keyedRandom } from '../../scenarios/random.ts';
import { driveReport, leg, measurementOf, request, sample, scenario, stalledServer } from './make-sample.ts';

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
    expect(errors).toEqual([{ error: 'status 503, expected 200 to 299', count: 50, example: 'thing.read (request k): status 503, expected 200 to 299' }]);
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

describe('delivery', () => {
  test('a driver at half the speed that sends the rest afterwards has achieved half', () => {
    const late = Array.from({ length: 1000 }, (_, i) => request(i * 10, 5, { journeyId: i, sentAtMs: i * 20, endedAtMs: i * 20 + 5 }));
    const { totals } = measurementOf(late);
    expect(totals.offeredPerSecond).toBeCloseTo(100, 5);
    expect(totals.achievedPerSecond).toBeCloseTo(50, 0);
  });

  test('arrivals that never showed up count as offered', () => {
    const samples = Array.from({ length: 80 }, (_, i) => [0, 1].map((step) => request(i * 100 + step, 5, { journeyId: i }))).flat();
    const { totals } = measurementOf(samples, { report: { scheduledArrivals: 100 } });
    expect(totals).toMatchObject({ offeredPerSecond: 20, achievedPerSecond: 16 });
  });

  test('waiting for a free connection is not held against the driver', () => {
    const { totals, all } = measurementOf([request(9_900, 500, { sentAtMs: 10_200, queuedMs: 300 })]);
    expect(totals.achievedPerSecond).toBe(totals.offeredPerSecond);
    expect(all.scheduleLag?.maxMs).toBe(0);
  });

  test('a closed loop offers nothing', () => {
    const { totals } = measurementOf([request(0, 10)], { report: { model: 'closed' } });
    expect(totals.offeredPerSecond).toBeUndefined();
    expect(totals.achievedPerSecond).toBeCloseTo(0.1, 9);
  });
});

test('series: each thing in its second, quantiles by when it was due, in flight from what was sent and ended', () => {
  const samples = [
    request(100, 50),
    request(900, 1500),
    request(950, 2500, { outcome: 'failed' }),
    request(2100, 10, { contentEvents: 1, firstContentAtMs: 2104 }),
  ];
  expect(measurementOf(samples).series).toEqual([
    { second: 0, phase: 'measured', due: 3, sent: 3, ok: 1, failed: 0, dropped: 0, inFlight: 2, p50Ms: 50, p95Ms: 1500, p99Ms: 1500 },
    { second: 1, phase: 'measured', due: 0, sent: 0, ok: 0, failed: 0, dropped: 0, inFlight: 2 },
    { second: 2, phase: 'measured', due: 1, sent: 1, ok: 2, failed: 0, dropped: 0, inFlight: 1, p50Ms: 10, p95Ms: 10, p99Ms: 10, ttftP50Ms: 4, ttftP95Ms: 4 },
    { second: 3, phase: 'measured', due: 0, sent: 0, ok: 0, failed: 1, dropped: 0, inFlight: 0 },
  ]);
});

test('series: a second is sealed late enough that no request within its timeout is missed', () => {
  const random = keyedRandom('seal');
  const samples = Array.from({ length: 6_000 }, (_, i) => request(i * 10, random() * 4_900)).toSorted((a, b) => (a.endedAtMs ?? 0) - (b.endedAtMs ?? 0));
  const rows = measurementOf(samples, { leg: { timeoutMs: 5_000 } }).series.filter(({ due }) => due > 0);
  expect(rows).toHaveLength(60);
  for (const { second, p50Ms, p95Ms } of rows) {
    const tookMs = samples
      .filter(({ intendedAtMs = 0 }) => Math.floor(intendedAtMs / 1000) === second)
      .map(({ intendedAtMs = 0, endedAtMs = 0 }) => endedAtMs - intendedAtMs)
      .toSorted((a, b) => a - b);
    expect(p50Ms).toBeCloseTo(tookMs[49] ?? 0, 3);
    expect(p95Ms).toBeCloseTo(tookMs[94] ?? 0, 3);
  }
});

test('the 20 slowest of plain requests and of streams, slowest first; streams with event times are kept for their timelines', () => {
  const samples = Array.from({ length: 400 }, (_, i) =>
    request(i, (i * 37) % 400, { journeyId: i, ...(i % 2 === 0 && { contentEvents: 1, eventTimesMs: [i] }) }),
  );
  const { slowest, streams } = measurementOf(samples);
  const took = slowest.map((one) => (one.endedAtMs ?? 0) - (one.intendedAtMs ?? 0));
  expect(took).toEqual(Array.from({ length: 40 }, (_, i) => 399 - i));
  expect(streams).toHaveLength(60);
  expect(streams.every((one, i) => i === 0 || (streams[i - 1]?.sentAtMs ?? 0) < (one.sentAtMs ?? 0))).toBe(true);
  expect(measurementOf(samples).streams).toEqual(streams);
});

test('live figures', () => {
  const recorder = createLegRecorder(leg({ warmupMs: 1000 }), { seed: 1 });
  expect(recorder.live(0)).toEqual({
    phase: 'warm-up',
    ratePerSecond: 0,
    inFlight: 0,
    scheduled: 0,
    sent: 0,
    ended: 0,
    ok: 0,
    errors: 0,
    dropped: 0,
    errorRatio: 0,
  });
  recorder.add(request(100, 500, { phase: 'warm-up' }));
  expect(recorder.live(1100)).toMatchObject({ phase: 'warm-up', ratePerSecond: 1, p50Ms: 500, ok: 0 });
  for (let i = 0; i < 100; i += 1) recorder.add(request(1000 + i, i + 1, i === 0 ? { outcome: 'timeout' } : {}));
  recorder.progress({ inFlight: 7, scheduled: 110, sent: 108, ended: 101 });
  expect(recorder.live(2050)).toMatchObject({
    phase: 'measured',
    ratePerSecond: 100,
    inFlight: 7,
    scheduled: 110,
    ok: 99,
    errors: 1,
    errorRatio: 0.01,
    p50Ms: 50,
    p95Ms: 95,
    p99Ms: 99,
  });
});

test('counts of protocols, encodings, cache states, bytes and events; declared quantiles beside the operation', () => {
  const recorder = createLegRecorder(leg(), { seed: 1 });
  recorder.add(request(0, 1, { protocol: 'h2', encoding: 'br', cacheStatus: 'HIT', bytes: 10, contentEvents: 3 }));
  recorder.add(request(0, 1, { protocol: 'h2', encoding: 'zstd', bytes: 5 }));
  const found = recorder.finish(driveReport(), { 'thing.read': [[0.5, 85]] });
  expect(found.totals).toMatchObject({ bytes: 15, contentEvents: 3, protocols: { h2: 2 }, encodings: { br: 1, zstd: 1 }, cacheStatus: { HIT: 1 } });
  expect(found.operations[0]?.declared).toEqual([[0.5, 85]]);
});

test('errors are grouped by kind: ids, times and ports do not make a kind, statuses do', () => {
  const lines = [
    'connect ECONNREFUSED 127.0.0.1:45123',
    'connect ECONNREFUSED 127.0.0.1:45124',
    'no answer in 30000 ms',
    'no answer in 29999.5 ms',
    'status 404 for 01890b3c-0000-7000-8000-000000000001',
    'status 404 for 01890b3c-0000-7000-8000-000000000002',
    'status 503 for 01890b3c-0000-7000-8000-000000000002',
  ];
  const { errors } = measurementOf(lines.map((error, i) => request(i, 1, { outcome: 'failed', error })));
  expect(errors.map(({ error, count }) => [error, count])).toEqual([
    ['connect ECONNREFUSED 127.0.0.1:<n>', 2],
    ['no answer in <n> ms', 2],
    ['status 404 for <uuid>', 2],
    ['status 503 for <uuid>', 1],
  ]);
  const many = measurementOf(
    Array.from({ length: 2_000 }, (_, i) =>
      request(i, 1, {
        outcome: 'failed',
        error: `kind ${'abcdefghij'[i % 10]}${'klmnopqrst'[Math.floor(i / 10) % 10]}${'uvwxyzUVWXYZ'[Math.floor(i / 100) % 10]}`,
      }),
    ),
  );
  expect(many.errors).toHaveLength(20);
  expect(many.errors[0]).toMatchObject({ error: 'other errors (more than 500 kinds)', count: 1000 });
});

test('quantiles of the whole agree with shares below them', () => {
  const { latency } = measurementOf(Array.from({ length: 1000 }, (_, i) => request(i, i / 10))).all;
  expect(latency && shareAtOrBelow(latency, 49.95)).toBeCloseTo(0.5, 2);
});

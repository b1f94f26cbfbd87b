import { describe, expect, test } from 'vitest';
import { createLegRecorder } from '../../harness/record/recorder.ts';
import { quantileOf, shareAtOrBelow } from '../../harness/results/distribution.ts';
import { keyedRandom } from '../../scenarios/random.ts';
import { driveReport, leg, measurementOf, request } from './make-sample.ts';

const _p = (distribution: Parameters<typeof quantileOf>[0] | undefined, q: number): number => (distribution && quantileOf(distribution, q)?.ms) ?? Number.NaN;

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
    'status 400: "request_id":"req_011CabcdefgHIJK0000000001"',
    'status 400: "request_id":"req_011CzzzzzzzHIJK0000000002"',
  ];
  const { errors } = measurementOf(lines.map((error, i) => request(i, 1, { outcome: 'failed', error })));
  expect(errors.map(({ error, count }) => [error, count])).toEqual([
    ['connect ECONNREFUSED 127.0.0.1:<n>', 2],
    ['no answer in <n> ms', 2],
    ['status 404 for <uuid>', 2],
    ['status 400: "request_id":"<id>"', 2],
    ['status 503 for <uuid>', 1],
  ]);
  // The example is the latest of its kind, and its sample the same request.
  expect(errors.map(({ sample }) => sample?.error)).toEqual([lines[1], lines[3], lines[5], lines[8], lines[6]]);
  expect(errors.map(({ example, sample }) => example.endsWith(`(request ${sample?.requestKey}): ${sample?.error}`))).toEqual([true, true, true, true, true]);
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

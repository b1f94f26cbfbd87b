import { afterEach, describe, expect, it } from 'vitest';
import type { Sample } from '../../harness/sample.ts';
import { drive, get, latencyOf, scenarioOf, serve, sleep } from './support/drive.ts';
import type { TestServer } from './support/drive.ts';

let server: TestServer | undefined;
afterEach(async () => {
  await server?.stop();
  server = undefined;
});

/** Answers at once, but for `stallMs` from `afterMs` after its first request answers nobody. */
async function stallingServer(afterMs: number, stallMs: number): Promise<TestServer> {
  let firstAtMs: number | undefined;
  return serve((_request, response) => {
    const nowMs = performance.now();
    firstAtMs ??= nowMs;
    const stallFromMs = firstAtMs + afterMs;
    const stallToMs = stallFromMs + stallMs;
    if (nowMs >= stallFromMs && nowMs < stallToMs) setTimeout(() => response.end('{}'), stallToMs - nowMs);
    else response.end('{}');
  });
}

describe('open model', () => {
  it('known answer: a 2 s stall at 50/s is about 100 samples, spread evenly over 0 to 2 s', async () => {
    server = await stallingServer(1_000, 2_000);
    const { requests, report } = await drive(scenarioOf([get('a', '/a')], { load: { kind: 'constant', ratePerSecond: 50 }, durationMs: 4_000 }), server.url);
    expect(requests).toHaveLength(200);
    expect(report.scheduledArrivals).toBe(200);
    expect(requests.every((sample) => sample.outcome === 'ok')).toBe(true);
    const latenciesMs = requests.map(latencyOf);
    // Above 300 ms, which a hiccup of the machine hardly takes: 85 of the 100.
    const stalled = latenciesMs.filter((ms) => ms > 300);
    expect(stalled.length).toBeGreaterThanOrEqual(78);
    expect(stalled.length).toBeLessThanOrEqual(100);
    expect(Math.max(...stalled)).toBeGreaterThan(1_850);
    expect(Math.max(...stalled)).toBeLessThan(2_500);
    for (const fromMs of [500, 1_000, 1_500]) {
      const inside = latenciesMs.filter((ms) => ms > fromMs && ms <= fromMs + 500).length;
      expect(Math.abs(inside - 25), `${inside} samples between ${fromMs} and ${fromMs + 500} ms`).toBeLessThanOrEqual(8);
    }
    // The schedule went on while the server stood still.
    expect(requests.filter((sample) => (sample.sentAtMs ?? 0) - (sample.intendedAtMs ?? 0) > 300).length).toBeLessThanOrEqual(20);
  });

  it('negative control: a closed loop on the same stall shows one slow sample', async () => {
    server = await stallingServer(500, 1_000);
    const { requests, report } = await drive(scenarioOf([get('a', '/a')], { load: { kind: 'closed', vus: 1, thinkMs: 20 }, durationMs: 2_000 }), server.url);
    expect(report.model).toBe('closed');
    expect(report.scheduledArrivals).toBeUndefined();
    expect(requests.every((sample) => sample.intendedAtMs === undefined)).toBe(true);
    expect(requests.filter((sample) => (sample.endedAtMs ?? 0) - (sample.sentAtMs ?? 0) > 300)).toHaveLength(1);
  });

  it('a driver that stands still shows it as schedule lag, not as latency of the server', async () => {
    server = await serve((_request, response) => response.end('{}'));
    const running = drive(scenarioOf([get('a', '/a')], { load: { kind: 'constant', ratePerSecond: 100 }, durationMs: 1_000 }), server.url);
    await sleep(300);
    const blockedUntilMs = performance.now() + 400;
    while (performance.now() < blockedUntilMs);
    const { requests, report } = await running;
    expect(requests).toHaveLength(100);
    const lagsMs = requests.map((sample) => (sample.sentAtMs ?? 0) - (sample.intendedAtMs ?? 0) - (sample.queuedMs ?? 0));
    expect(Math.max(...lagsMs)).toBeGreaterThan(300);
    expect(lagsMs.filter((ms) => ms > 100).length).toBeGreaterThanOrEqual(25);
    expect(report.loopDelay?.maxMs).toBeGreaterThan(300);
  });

  it('never sends early, and keeps the times of the schedule', async () => {
    server = await serve((_request, response) => response.end('{}'));
    const { requests, journeys } = await drive(scenarioOf([get('a', '/a')], { load: { kind: 'poisson', ratePerSecond: 200 }, durationMs: 1_000 }), server.url);
    expect(requests.length).toBeGreaterThan(120);
    expect(journeys).toHaveLength(requests.length);
    for (const sample of requests) {
      expect(sample.sentAtMs ?? 0).toBeGreaterThanOrEqual(sample.intendedAtMs ?? Number.POSITIVE_INFINITY);
      expect(sample.headersAtMs ?? 0).toBeGreaterThanOrEqual(sample.sentAtMs ?? Number.POSITIVE_INFINITY);
      expect(sample.endedAtMs ?? 0).toBeGreaterThanOrEqual(sample.headersAtMs ?? Number.POSITIVE_INFINITY);
    }
  });

  it('tells warm-up from measured, and counts only the measured arrivals', async () => {
    server = await serve((_request, response) => response.end('{}'));
    const { requests, report } = await drive(
      scenarioOf([get('a', '/a')], { load: { kind: 'constant', ratePerSecond: 50 }, warmupMs: 400, durationMs: 600 }),
      server.url,
    );
    const count = (phase: Sample['phase']): number => requests.filter((sample) => sample.phase === phase).length;
    expect(count('warm-up')).toBe(20);
    expect(count('measured')).toBe(30);
    expect(report.scheduledArrivals).toBe(30);
    expect(report.measuredToMs - report.measuredFromMs).toBeCloseTo(600, 6);
    expect(new Set(requests.map((sample) => sample.journeyId)).size).toBe(50);
    for (const sample of requests) expect((sample.intendedAtMs ?? 0) < report.measuredFromMs).toBe(sample.phase === 'warm-up');
  });

  it('counts what is due beyond the cap as dropped, and sends it to nobody', async () => {
    let seen = 0;
    server = await serve((_request, response) => {
      seen += 1;
      setTimeout(() => response.end('{}'), 700);
    });
    const scenario = scenarioOf([get('a', '/a')], { load: { kind: 'constant', ratePerSecond: 100 }, durationMs: 500, maxInFlight: 10 });
    const { requests, journeys } = await drive(scenario, server.url);
    expect(requests).toHaveLength(50);
    const dropped = requests.filter((sample) => sample.outcome === 'dropped');
    expect(dropped).toHaveLength(40);
    expect(seen).toBe(10);
    expect(dropped[0]?.sentAtMs).toBeUndefined();
    expect(dropped[0]?.intendedAtMs).toBeTypeOf('number');
    expect(dropped[0]?.error).toContain('at most 10');
    expect(journeys.filter((journey) => journey.outcome === 'dropped')).toHaveLength(40);
  });

  it('stops at the request budget', async () => {
    let seen = 0;
    server = await serve((_request, response) => {
      seen += 1;
      response.end('{}');
    });
    const { requests } = await drive(scenarioOf([get('a', '/a')], { load: { kind: 'constant', ratePerSecond: 100 }, durationMs: 300 }), server.url, {
      plan: { maxRequests: 12 },
    });
    expect(seen).toBe(12);
    expect(requests.filter((sample) => sample.outcome === 'dropped')).toHaveLength(18);
  });

  it('a closed loop keeps so many users and no more', async () => {
    let now = 0;
    let most = 0;
    server = await serve((_request, response) => {
      now += 1;
      most = Math.max(most, now);
      setTimeout(() => {
        now -= 1;
        response.end('{}');
      }, 20);
    });
    const { requests, journeys } = await drive(scenarioOf([get('a', '/a')], { load: { kind: 'closed', vus: 3 }, durationMs: 500 }), server.url);
    expect(most).toBe(3);
    expect(requests.length).toBeGreaterThan(15);
    expect(requests.length).toBeLessThanOrEqual(78);
    expect(journeys).toHaveLength(requests.length);
  });

  it('a slow server is a time-out, told with what was seen', async () => {
    server = await serve((request, response) => {
      if (request.url === '/silent') return;
      response.writeHead(200, { 'content-length': '100' });
      response.write('abc');
    });
    const scenario = scenarioOf([get('silent', '/silent', { after: [] }), get('stuck', '/stuck', { after: [] })], { durationMs: 50, timeoutMs: 300 });
    const { requests } = await drive(scenario, server.url);
    const byStep = new Map(requests.map((sample) => [sample.step, sample]));
    expect(byStep.get('silent')).toMatchObject({ outcome: 'timeout', error: 'not ended within 300 ms: no response headers' });
    expect(byStep.get('stuck')).toMatchObject({ outcome: 'timeout', status: 200, error: 'not ended within 300 ms: 3 bytes of the response' });
    for (const sample of requests) expect((sample.endedAtMs ?? 0) - (sample.sentAtMs ?? 0)).toBeGreaterThanOrEqual(299);
  });

  it('a refused connection, an unexpected status and a cut response have failed, each with its reason, and nothing is tried again', async () => {
    let seen = 0;
    server = await serve((request, response) => {
      seen += 1;
      if (request.url === '/500') {
        response.writeHead(503, { 'content-type': 'application/json' });
        response.end('{"error":"no\\nroom"}');
      } else {
        response.writeHead(200, { 'content-length': '100' });
        response.write('abc', () => response.destroy());
      }
    });
    const scenario = scenarioOf([get('status', '/500', { after: [] }), get('cut', '/cut', { after: [] })], { durationMs: 50 });
    const { requests } = await drive(scenario, server.url);
    const byStep = new Map(requests.map((sample) => [sample.step, sample]));
    expect(byStep.get('status')).toMatchObject({ outcome: 'failed', status: 503 });
    expect(byStep.get('status')?.error).toMatch(/^status 503, expected 200 to 299, or 304: .*room/);
    expect(byStep.get('cut')?.outcome).toBe('failed');
    expect(byStep.get('cut')?.error).toMatch(/^connection failed after 3 bytes of the response/);
    expect(seen).toBe(2);
    const { url } = server;
    await server.stop();
    server = undefined;
    const refused = await drive(scenarioOf([get('a', '/a')], { durationMs: 50 }), url);
    expect(refused.requests[0]?.outcome).toBe('failed');
    expect(refused.requests[0]?.error).toContain('ECONNREFUSED');
  });

  it('a stop lets go of everything within 2 s: in flight, queued and not yet started', async () => {
    let closed = 0;
    server = await serve((request, response) => {
      request.socket.once('close', () => {
        closed += 1;
      });
      if (request.url === '/quick') response.end('{}');
    });
    const stopper = new AbortController();
    const scenario = scenarioOf(
      [get('hangs', '/hangs', { after: [] }), get('quick', '/quick', { after: [] }), get('later', '/later', { after: ['quick'], delayMs: 60_000 })],
      {
        load: { kind: 'constant', ratePerSecond: 20 },
        durationMs: 60_000,
      },
    );
    const running = drive(scenario, server.url, { signal: stopper.signal });
    await sleep(700);
    const stoppedAtMs = performance.now();
    stopper.abort();
    const { requests, journeys, report } = await running;
    expect(performance.now() - stoppedAtMs).toBeLessThan(2_000);
    expect(report.interrupted).toBe(true);
    expect(report.measuredToMs).toBeLessThan(5_000);
    const hanging = requests.filter((sample) => sample.step === 'hangs');
    expect(hanging.length).toBeGreaterThanOrEqual(10);
    expect(hanging.every((sample) => sample.outcome === 'aborted')).toBe(true);
    // One may have been due at the very moment of the stop.
    expect(requests.filter((sample) => sample.step === 'quick' && sample.outcome === 'ok').length).toBeGreaterThanOrEqual(hanging.length - 2);
    expect(requests.filter((sample) => sample.step === 'later')).toHaveLength(0);
    expect(journeys).toHaveLength(hanging.length);
    expect(journeys.every((journey) => journey.outcome === 'aborted')).toBe(true);
    await sleep(200);
    expect(closed).toBeGreaterThanOrEqual(hanging.length);
  });

  it('a stop that came before the start sends nothing', async () => {
    const { requests, report } = await drive(scenarioOf([get('a', '/a')]), 'http://127.0.0.1:1', { signal: AbortSignal.abort() });
    expect(requests).toEqual([]);
    expect(report.interrupted).toBe(true);
  });
});

import { describe, expect, test } from 'vitest';
import { defaultKneePolicy, judgeStep, kneeSoFar, type KneePolicy, type LoadStep, loadStepOf, type NextStep, nextStep } from '../../harness/judge/knee.ts';
import { keyedRandom } from '../../scenarios/random.ts';
import { measurementOf, request } from '../record/make-sample.ts';

/** Simulated M/M/c: Poisson arrivals, `servers` of them, exponential service of `serviceMs` on average, first come first served, from empty. */
function mmc(ratePerSecond: number, servers: number, serviceMs: number, durationMs = 20_000): LoadStep {
  const random = keyedRandom('mmc', ratePerSecond, servers);
  const exponential = (meanMs: number): number => -meanMs * Math.log(1 - random());
  const freeAtMs = new Array<number>(servers).fill(0);
  const latencies: number[] = [];
  for (let atMs = exponential(1000 / ratePerSecond); atMs < durationMs; atMs += exponential(1000 / ratePerSecond)) {
    const first = freeAtMs.indexOf(Math.min(...freeAtMs));
    const endMs = Math.max(atMs, freeAtMs[first] ?? 0) + exponential(serviceMs);
    freeAtMs[first] = endMs;
    latencies.push(endMs - atMs);
  }
  latencies.sort((a, b) => a - b);
  const at = (q: number): number => latencies[Math.ceil(latencies.length * q) - 1] ?? 0;
  return step({ ratePerSecond, n: latencies.length, p50Ms: at(0.5), p95Ms: at(0.95), p99Ms: at(0.99) });
}

function step(changes: Partial<LoadStep>): LoadStep {
  const ratePerSecond = changes.ratePerSecond ?? 100;
  return {
    ratePerSecond,
    offeredPerSecond: ratePerSecond,
    achievedPerSecond: ratePerSecond,
    n: 2000,
    p50Ms: 50,
    p95Ms: 80,
    p99Ms: 100,
    errorRatio: 0,
    droppedRatio: 0,
    scheduleLagP99Ms: 0.5,
    loopDelayP99Ms: 2,
    ...changes,
  };
}

const policy: KneePolicy = { ...defaultKneePolicy, startPerSecond: 10 };

function search(answer: (ratePerSecond: number) => LoadStep, settings: KneePolicy): { end: Extract<NextStep, { kind: 'done' }>; rates: number[] } {
  const history: LoadStep[] = [];
  for (;;) {
    const next = nextStep(history, settings);
    if (next.kind === 'done') return { end: next, rates: history.map(({ ratePerSecond }) => ratePerSecond) };
    expect(history.length).toBeLessThan(settings.maxSteps);
    history.push(answer(next.ratePerSecond));
  }
}

describe('M/M/c: the knee lies below the capacity and near it', () => {
  test.each([
    [1, 10],
    [4, 10],
    [16, 20],
  ])('%d servers of %d ms', (servers, serviceMs) => {
    const capacity = (servers * 1000) / serviceMs;
    const { end, rates } = search((rate) => mmc(rate, servers, serviceMs), policy);
    expect(end.reason).toBe('found');
    expect(end.gaveWay).toMatchObject({ side: 'server', what: 'latency' });
    expect(end.heldPerSecond).toBeGreaterThan(capacity * 0.5);
    expect(end.heldPerSecond).toBeLessThan(capacity);
    expect((end.gaveWay?.ratePerSecond ?? 0) / (end.heldPerSecond ?? 1)).toBeLessThanOrEqual(1.1);
    expect(rates.length).toBeLessThanOrEqual(12);
  });

  test('more servers at the same utilisation hold a higher share of their capacity', () => {
    const share = (servers: number): number => (search((rate) => mmc(rate, servers, 10), policy).end.heldPerSecond ?? 0) / (servers * 100);
    expect(share(16)).toBeGreaterThan(share(1));
  });

  test('an objective on latency gives way before the knee does', () => {
    // From 60/s on a step has enough requests for p99, which is 46 ms on an idle server.
    const from60 = { ...policy, startPerSecond: 60 };
    const free = search((rate) => mmc(rate, 4, 10), from60).end.heldPerSecond ?? 0;
    const { end } = search((rate) => mmc(rate, 4, 10), { ...from60, latencyLimitMs: 55 });
    expect(end.heldPerSecond).toBeLessThan(free);
    expect(end.gaveWay?.text).toContain('limit 55 ms (the objective)');
  });
});

test('the steps: up by the factor, then bisection on a geometric scale', () => {
  const { rates, end } = search((rate) => step({ ratePerSecond: rate, p99Ms: rate > 100 ? 5000 : 100 }), policy);
  expect(rates).toEqual([10, 20, 40, 80, 160, 113, 95.1, 104]);
  expect(end).toMatchObject({ heldPerSecond: 95.1, reason: 'found', gaveWay: { side: 'server', what: 'latency', ratePerSecond: 104 } });
});

test('the first rate does not hold: down until one does, which is then the baseline', () => {
  const { rates, end } = search((rate) => step({ ratePerSecond: rate, errorRatio: rate > 3 ? 0.5 : 0 }), { ...policy, startPerSecond: 20 });
  expect(rates.slice(0, 4)).toEqual([20, 10, 5, 2.5]);
  expect(end).toMatchObject({ reason: 'found', gaveWay: { what: 'errors' } });
  expect(end.heldPerSecond).toBeLessThanOrEqual(3);
  expect(end.heldPerSecond).toBeGreaterThan(2.7);
});

test('ceiling, floor and running out of steps', () => {
  expect(search((rate) => step({ ratePerSecond: rate }), { ...policy, maxPerSecond: 50 })).toMatchObject({
    rates: [10, 20, 40, 50],
    end: { reason: 'ceiling', heldPerSecond: 50 },
  });
  const floor = search((rate) => step({ ratePerSecond: rate, errorRatio: 1 }), { ...policy, minPerSecond: 5 });
  expect(floor).toMatchObject({ rates: [10, 5], end: { reason: 'floor' } });
  expect(floor.end.heldPerSecond).toBeUndefined();
  expect(floor.end.text).toBe('no rate held; at 5/s the server gave way first: 100% of requests failed, limit 1%');
  const short = search((rate) => step({ ratePerSecond: rate, errorRatio: rate > 100 ? 1 : 0 }), { ...policy, maxSteps: 6 });
  expect(short.end).toMatchObject({ reason: 'steps', heldPerSecond: 80 });
  expect(short.end.text).toContain('out of steps');
});

test('a rate that fails once by chance is tried again when asked to', () => {
  let tries = 0;
  const flaky = (rate: number): LoadStep => {
    if (rate === 40) tries += 1;
    return step({ ratePerSecond: rate, errorRatio: (rate === 40 && tries === 1) || rate > 200 ? 0.2 : 0 });
  };
  const { end, rates } = search(flaky, { ...policy, confirmRuns: 2 });
  expect(rates.filter((rate) => rate === 40)).toHaveLength(2);
  expect(end.heldPerSecond).toBeGreaterThan(180);
  expect(search((rate) => step({ ratePerSecond: rate, errorRatio: rate === 40 ? 0.2 : 0 }), policy).end.heldPerSecond).toBeLessThan(40);
});

describe('what gave way first', () => {
  const baseline = step({ ratePerSecond: 10 });
  test.each<[string, Partial<LoadStep>, string | undefined, string | undefined]>([
    ['nothing', {}, undefined, undefined],
    ['lag', { scheduleLagP99Ms: 11 }, 'generator', 'scheduleLag'],
    ['lag within 5% of the median', { scheduleLagP99Ms: 11, p50Ms: 280, p99Ms: 290 }, undefined, undefined],
    ['lag, although latency is up as well: the load was not delivered', { scheduleLagP99Ms: 300, p99Ms: 5000 }, 'generator', 'scheduleLag'],
    ['loop delay', { loopDelayP99Ms: 21 }, 'generator', 'loopDelay'],
    ['errors', { errorRatio: 0.011 }, 'server', 'errors'],
    ['latency', { p99Ms: 301 }, 'server', 'latency'],
    ['latency below the knee', { p99Ms: 299 }, undefined, undefined],
    ['drops because answers do not come', { droppedRatio: 0.2, p99Ms: 5000 }, 'server', 'latency'],
    ['drops while latency holds: the cap is too low', { droppedRatio: 0.2 }, 'generator', 'inFlightCap'],
    ['rate', { achievedPerSecond: 90 }, 'server', 'achieved'],
    ['few requests: p95 is compared, and p99 is not believed', { n: 300, p99Ms: 9000 }, undefined, undefined],
    ['few requests and a bad p95', { n: 300, p95Ms: 241 }, 'server', 'latency'],
  ])('%s', (_, changes, side, what) => {
    const found = judgeStep(step(changes), baseline, policy);
    expect([found?.side, found?.what]).toEqual([side, what]);
  });

  test('noise on a fast server is no knee', () => {
    const fast = step({ ratePerSecond: 10, p50Ms: 1, p95Ms: 2, p99Ms: 3 });
    expect(judgeStep(step({ p99Ms: 15 }), fast, policy)).toBeUndefined();
    expect(judgeStep(step({ p99Ms: 24 }), fast, policy)).toMatchObject({ what: 'latency', limit: 23 });
  });

  test('a generator that gave way does not speak for the server', () => {
    const { end } = search((rate) => step({ ratePerSecond: rate, loopDelayP99Ms: rate > 50 ? 80 : 2 }), policy);
    expect(end.gaveWay?.side).toBe('generator');
    expect(end.text).toContain('the server may hold more than this generator can send');
  });
});

test('loadStepOf takes its figures from a leg', () => {
  const measured = measurementOf(
    Array.from({ length: 1000 }, (_, i) => request(i * 10, i + 1, { journeyId: i, sentAtMs: i * 10 + 1, ...(i === 0 && { outcome: 'failed' as const }) })),
    { report: { loopDelay: { p50Ms: 1, p99Ms: 3, maxMs: 4 } } },
  );
  expect(loadStepOf(100, measured)).toEqual({
    ratePerSecond: 100,
    offeredPerSecond: 100,
    achievedPerSecond: expect.closeTo(100, 1),
    n: 999,
    p50Ms: expect.closeTo(501, -1),
    p95Ms: expect.closeTo(950, -1),
    p99Ms: expect.closeTo(990, -1),
    errorRatio: 0.001,
    droppedRatio: 0,
    scheduleLagP99Ms: 1,
    loopDelayP99Ms: 3,
  });
});

describe('a search that is stopped from outside says what was known', () => {
  test('nothing, a rate that held, a rate that did not, and a bracket', () => {
    expect(kneeSoFar([], policy, 'budget', 'out of budget')).toEqual({ kind: 'done', reason: 'budget', text: 'out of budget; no step was measured' });
    const held = step({ ratePerSecond: 10 });
    const gave = step({ ratePerSecond: 40, errorRatio: 0.2 });
    expect(kneeSoFar([held], policy, 'budget', 'out of budget')).toEqual({
      kind: 'done',
      heldPerSecond: 10,
      reason: 'budget',
      text: 'out of budget; so far holds 10/s; nothing gave way',
    });
    const none = kneeSoFar([gave], policy, 'interrupted', 'interrupted');
    expect(none.heldPerSecond).toBeUndefined();
    expect(none.text).toBe('interrupted; so far no rate held; at 40/s the server gave way first: 20% of requests failed, limit 1%');
    const both = kneeSoFar([held, gave], policy, 'failed', 'k6 failed');
    expect(both).toMatchObject({ heldPerSecond: 10, gaveWay: { what: 'errors', ratePerSecond: 40 }, reason: 'failed' });
    expect(both.text).toMatch(/^k6 failed; so far holds 10\/s; at 40\/s the server gave way first/);
  });
});

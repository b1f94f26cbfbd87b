import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cumulative } from '../../reference-server/latency/distribution.ts';
import { drawRequest } from '../../reference-server/latency/draw.ts';
import { loadProfile, parseProfile, withSeed } from '../../reference-server/latency/profile.ts';
import { type Operation, operations, operationsByName } from '../../scenarios/operations.ts';
import { requestKey } from '../../scenarios/request.ts';

const observed = loadProfile('observed');
const degraded = loadProfile('degraded');
const completion = operationsByName.get('chat.completion') as Operation;
const list = operationsByName.get('chat.conversations.list') as Operation;
const draws = (count: number): string[] => Array.from({ length: count }, (_, i) => requestKey(1, 'crud', i, 'list'));

describe('a draw is a pure function of seed, operation and key', () => {
  test('the same in two separately loaded profiles, in any order', () => {
    const again = loadProfile('degraded');
    const keys = draws(200);
    const forward = keys.map((key) => drawRequest(degraded, completion, key));
    const backward = [...keys]
      .reverse()
      .map((key) => drawRequest(again, completion, key))
      .reverse();
    expect(backward).toEqual(forward);
  });

  test('another seed, operation or key draws another', () => {
    const base = drawRequest(observed, list, 'k').totalMs;
    expect(drawRequest(withSeed(observed, 2), list, 'k').totalMs).not.toBe(base);
    expect(drawRequest(observed, list, 'l').totalMs).not.toBe(base);
    expect(drawRequest(observed, operationsByName.get('chat.conversations.read') as Operation, 'k').totalMs).not.toBe(base);
  });

  test('these are the numbers: a change here breaks the pairing of old runs with new ones', () => {
    const { totalMs, sharesMs } = drawRequest(observed, list, 'k1');
    expect(totalMs).toBeCloseTo(608.3027928137, 9);
    expect(sharesMs.store).toBeCloseTo(430.8811449097, 9);
    expect(drawRequest(observed, completion, 'k1').totalMs).toBeCloseTo(4545.1632240708, 9);
  });

  test('an unknown operation throws and names it', () => {
    expect(() => drawRequest(observed, { name: 'chat.nothing' }, 'k')).toThrow(/chat\.nothing/);
  });
});

describe('draws of consecutive request keys follow the declaration', () => {
  const distance = (values: number[], share: (value: number) => number): number => {
    const sorted = values.sort((a, b) => a - b);
    return (
      Math.sqrt(sorted.length) *
      sorted.reduce((worst, value, i) => Math.max(worst, share(value) - i / sorted.length, (i + 1) / sorted.length - share(value)), 0)
    );
  };
  test.each(['chat.conversations.list', 'account.read', 'settings.features.read', 'assets.bundle', 'chat.completion'])('%s', (name) => {
    const one = operationsByName.get(name) as Operation;
    const total = observed.operations[name]?.total;
    if (!total) throw new Error(name);
    const values = draws(4000).map((key) => drawRequest(observed, one, key).totalMs);
    expect(distance([...values], (value) => cumulative(total, value))).toBeLessThan(1.95);
    expect(
      distance(
        values.map((value) => value * 1.05),
        (value) => cumulative(total, value),
      ),
    ).toBeGreaterThan(1.95);
  });

  test('first events too, and they tell nothing of the total', () => {
    const first = observed.operations['chat.completion']?.stream?.firstEvent;
    if (!first) throw new Error('no first event');
    const drawn = draws(4000).map((key) => drawRequest(observed, completion, key));
    expect(
      distance(
        drawn.map((draw) => draw.stream?.firstEventMs ?? 0),
        (value) => cumulative(first, value),
      ),
    ).toBeLessThan(1.95);
    const xs = drawn.map((draw) => draw.stream?.firstEventMs ?? 0);
    const ys = drawn.map((draw) => draw.totalMs);
    const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
    const [mx, my] = [mean(xs), mean(ys)];
    const covariance = mean(xs.map((x, i) => (x - mx) * ((ys[i] ?? 0) - my)));
    const deviation = (values: number[], m: number): number => Math.sqrt(mean(values.map((value) => (value - m) ** 2)));
    expect(Math.abs(covariance / deviation(xs, mx) / deviation(ys, my))).toBeLessThan(0.06);
  });
});

describe('shape', () => {
  test('shares sum to the total, of a stream to its first event, stalls included; none is below zero', () => {
    fc.assert(
      fc.property(fc.constantFrom(...operations), fc.string(), (one, key) => {
        const draw = drawRequest(degraded, one, key);
        const shares = Object.values(draw.sharesMs);
        const until = draw.stream?.firstEventMs ?? draw.totalMs;
        expect(shares.reduce((sum, ms) => sum + ms, 0)).toBeCloseTo(until, 6);
        expect(Math.min(...shares)).toBeGreaterThanOrEqual(0);
        for (const backend of ['store', 'cache', 'inference'] as const) if (backend !== one.backend) expect(draw.sharesMs[backend]).toBe(0);
        expect(draw.stream !== undefined).toBe(one.stream !== undefined && draw.error === undefined);
      }),
    );
  });

  test('events ascend from the first event to the total, and each has text', () => {
    for (const key of draws(500)) {
      const { stream, totalMs } = drawRequest(observed, completion, key);
      if (!stream) throw new Error('no stream');
      const { eventsMs, eventChars, firstEventMs } = stream;
      expect([eventsMs[0], eventsMs.at(-1)]).toEqual([firstEventMs, totalMs]);
      expect(eventChars.length).toBe(eventsMs.length);
      expect(Math.min(...eventChars)).toBeGreaterThanOrEqual(4);
      for (let i = 1; i < eventsMs.length; i += 1) expect(eventsMs[i] as number).toBeGreaterThanOrEqual(eventsMs[i - 1] as number);
      expect(stream.stalledEvents).toEqual([]);
    }
  });

  test('gaps vary as declared: the 99th percentile is about 3.5 medians', () => {
    const gaps = draws(500)
      .flatMap((key) => {
        const events = drawRequest(observed, completion, key).stream?.eventsMs ?? new Float64Array();
        return Array.from(events.slice(1), (ms, i) => ms - (events[i] ?? 0));
      })
      .sort((a, b) => a - b);
    const q = (u: number): number => gaps[Math.floor(u * gaps.length)] as number;
    expect(q(0.99) / q(0.5)).toBeGreaterThan(3);
    expect(q(0.99) / q(0.5)).toBeLessThan(4);
  });

  test('a stream that declares nothing is one event at the total', () => {
    const { stream, totalMs } = drawRequest(observed, operationsByName.get('skills.mcp.bootstrap') as Operation, 'k');
    expect([stream?.firstEventMs, ...(stream?.eventsMs ?? [])]).toEqual([totalMs, totalMs]);
  });
});

describe('features have sequences of their own', () => {
  const calm = parseProfile('extends: observed');
  const rough = parseProfile(`
extends: observed
classes:
  crud: {stall: {ratio: 0.1, duration: 2s}, errorRatio: 0.05, errorStatus: 503}
  completion: {stream: {stall: {ratio: 0.05, duration: 1s}, eventChars: 9}}
`);

  test('a stall adds its duration to the backend and moves nothing else; errors come at their ratio and take their time', () => {
    let stalls = 0;
    let errors = 0;
    let both = 0;
    let stalledBaseMs = 0;
    for (const key of draws(4000)) {
      const without = drawRequest(calm, list, key);
      const draw = drawRequest(rough, list, key);
      if (draw.error) {
        errors += 1;
        expect(draw.error).toEqual({ status: 503, code: 'unavailable' });
      }
      const stallMs = draw.totalMs - without.totalMs;
      if (stallMs !== 0) {
        stalls += 1;
        stalledBaseMs += without.totalMs;
        if (draw.error) both += 1;
        expect(stallMs).toBeCloseTo(2000, 6);
        expect(draw.sharesMs.store - without.sharesMs.store).toBeCloseTo(2000, 6);
      }
      expect(draw.sharesMs.edge).toBe(without.sharesMs.edge);
    }
    // Binomial with n = 4000: four standard deviations.
    expect(Math.abs(stalls - 400)).toBeLessThan(76);
    expect(Math.abs(errors - 200)).toBeLessThan(56);
    // One tells nothing of the other, nor of the total: 20 expected in both, and a mean total of about 350 ms with a standard error of 6.
    expect(Math.abs(both - 20)).toBeLessThan(18);
    expect(Math.abs(stalledBaseMs / stalls - 354)).toBeLessThan(30);
  });

  test('stalls of a stream delay the events after them by exactly their duration', () => {
    let stalled = 0;
    for (const key of draws(300)) {
      const before = drawRequest(calm, completion, key).stream;
      const after = drawRequest(rough, completion, key).stream;
      if (!before || !after) throw new Error('no stream');
      stalled += after.stalledEvents.length;
      let delayMs = 0;
      after.eventsMs.forEach((ms, i) => {
        if (after.stalledEvents.includes(i)) delayMs += 1000;
        expect(ms - (before.eventsMs[i] ?? 0)).toBeCloseTo(delayMs, 6);
      });
      expect(new Set(after.eventChars)).toEqual(new Set([9]));
    }
    expect(stalled / (300 * 37)).toBeGreaterThan(0.04);
    expect(stalled / (300 * 37)).toBeLessThan(0.06);
  });
});

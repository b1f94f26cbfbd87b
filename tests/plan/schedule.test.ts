import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { arrivals, expectedArrivals, warmupLoad } from '../../harness/plan/schedule.ts';
import type { Load } from '../../scenarios/types.ts';

function times(load: Load, durationMs: number, options: { fromMs?: number; seed?: number; name?: string } = {}): number[] {
  return [...arrivals(load, options.fromMs ?? 0, durationMs, options.seed ?? 1, options.name ?? 'scenario')];
}

/** Rate of a ramp at a time, straight from the words of the contract. */
function rateAt(load: Extract<Load, { kind: 'ramp' }>, atMs: number): number {
  let startMs = 0;
  let rate = load.startRatePerSecond;
  for (const stage of load.stages) {
    if (atMs < startMs + stage.durationMs) return rate + ((stage.ratePerSecond - rate) * (atMs - startMs)) / stage.durationMs;
    startMs += stage.durationMs;
    rate = stage.ratePerSecond;
  }
  return rate;
}

/** The integral of the rate up to a time, summed in small steps: slow and independent of the code under test. */
function integral(load: Extract<Load, { kind: 'ramp' }>, untilMs: number): number {
  const stepMs = 0.25;
  let total = 0;
  for (let atMs = 0; atMs < untilMs; atMs += stepMs) total += (rateAt(load, atMs + stepMs / 2) * Math.min(stepMs, untilMs - atMs)) / 1_000;
  return total;
}

const rate = fc.double({ min: 0.1, max: 500, noNaN: true });
const openLoad: fc.Arbitrary<Load> = fc.oneof(
  fc.record({ kind: fc.constant('constant' as const), ratePerSecond: rate }),
  fc.record({ kind: fc.constant('poisson' as const), ratePerSecond: rate }),
  fc.record({
    kind: fc.constant('ramp' as const),
    startRatePerSecond: fc.double({ min: 0, max: 300, noNaN: true }),
    stages: fc.array(fc.record({ ratePerSecond: fc.double({ min: 0, max: 300, noNaN: true }), durationMs: fc.integer({ min: 1, max: 3_000 }) }), {
      maxLength: 4,
    }),
  }),
);

describe('arrivals', () => {
  it('constant: evenly from the start, with no error that grows', () => {
    expect(times({ kind: 'constant', ratePerSecond: 4 }, 1_000, { fromMs: 500 })).toEqual([500, 750, 1_000, 1_250]);
    const long = times({ kind: 'constant', ratePerSecond: 3 }, 100_000);
    expect(long).toHaveLength(300);
    expect(long[297]).toBe(99_000);
  });

  it('ramp from 0 to 10/s in 2 s: arrival i at the time whose square makes i', () => {
    // integral = 2.5 t^2 with t in seconds, so arrival i is at sqrt(i / 2.5).
    const seen = times({ kind: 'ramp', startRatePerSecond: 0, stages: [{ ratePerSecond: 10, durationMs: 2_000 }] }, 2_000);
    expect(seen).toHaveLength(10);
    for (const [i, atMs] of seen.entries()) expect(atMs).toBeCloseTo(Math.sqrt(i / 2.5) * 1_000, 6);
  });

  it('ramp holds its last rate, goes down, stands still at 0 and comes back', () => {
    const load: Load = {
      kind: 'ramp',
      startRatePerSecond: 100,
      stages: [
        { ratePerSecond: 0, durationMs: 1_000 },
        { ratePerSecond: 0, durationMs: 1_000 },
        { ratePerSecond: 100, durationMs: 1_000 },
      ],
    };
    const seen = times(load, 4_000);
    expect(seen.filter((atMs) => atMs < 1_000)).toHaveLength(50);
    expect(seen.filter((atMs) => atMs >= 1_001 && atMs < 1_999)).toHaveLength(0);
    expect(seen.filter((atMs) => atMs >= 3_000)).toHaveLength(100);
    expect(expectedArrivals(load, 4_000)).toBeCloseTo(200, 9);
  });

  it('ramp counts match the integral of its rate at any time', () => {
    fc.assert(
      fc.property(
        fc.record({
          kind: fc.constant('ramp' as const),
          startRatePerSecond: fc.integer({ min: 0, max: 200 }),
          stages: fc.array(fc.record({ ratePerSecond: fc.integer({ min: 0, max: 200 }), durationMs: fc.integer({ min: 50, max: 2_000 }) }), {
            minLength: 1,
            maxLength: 3,
          }),
        }),
        fc.integer({ min: 10, max: 5_000 }),
        (load, untilMs) => {
          const seen = times(load, 5_000).filter((atMs) => atMs < untilMs).length;
          const expected = integral(load, untilMs);
          expect(Math.abs(seen - expected)).toBeLessThanOrEqual(1.05);
          expect(expectedArrivals(load, untilMs)).toBeCloseTo(expected, 1);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('never falls back, stays inside its window, and only shifts with where it starts', () => {
    fc.assert(
      fc.property(openLoad, fc.integer({ min: 0, max: 2 ** 31 }), fc.integer({ min: 0, max: 100_000 }), (load, seed, fromMs) => {
        const seen = times(load, 2_000, { fromMs, seed });
        for (const [i, atMs] of seen.entries()) {
          expect(atMs).toBeGreaterThanOrEqual(i === 0 ? fromMs : (seen[i - 1] ?? 0));
          expect(atMs).toBeLessThan(fromMs + 2_000 + 1e-6);
        }
        const again = times(load, 2_000, { seed });
        expect(seen).toHaveLength(again.length);
        for (const [i, atMs] of again.entries()) expect(Math.abs((seen[i] ?? 0) - fromMs - atMs)).toBeLessThan(1e-6);
      }),
      { numRuns: 100 },
    );
  });

  it('is lazy: asking for a few arrivals of an endless load ends, and two askers do not disturb each other', () => {
    const load: Load = { kind: 'poisson', ratePerSecond: 1_000 };
    const first = arrivals(load, 0, Number.POSITIVE_INFINITY, 7, 'x');
    const second = arrivals(load, 0, Number.POSITIVE_INFINITY, 7, 'x');
    const ahead = Array.from({ length: 50 }, () => first.next().value);
    expect(Array.from({ length: 50 }, () => second.next().value)).toEqual(ahead);
  });

  it('poisson: the gaps are exponential (Kolmogorov-Smirnov), and another seed or name gives others', () => {
    const ratePerSecond = 200;
    const seen = times({ kind: 'poisson', ratePerSecond }, 50_000, { seed: 11 });
    const gaps = seen.map((atMs, i) => atMs - (seen[i - 1] ?? 0)).sort((a, b) => a - b);
    // 1.95 / sqrt(n): a true exponential fails this once in a thousand seeds, and the seed is fixed.
    expect(distance(gaps, (gapMs) => 1 - Math.exp((-gapMs * ratePerSecond) / 1_000))).toBeLessThan(1.95 / Math.sqrt(gaps.length));
    // The control: evenly spread gaps of the same mean are far off.
    expect(
      distance(
        times({ kind: 'constant', ratePerSecond }, 50_000).map(() => 5),
        (gapMs) => 1 - Math.exp(-gapMs / 5),
      ),
    ).toBeGreaterThan(0.3);
    expect(times({ kind: 'poisson', ratePerSecond }, 1_000, { seed: 12 })).not.toEqual(times({ kind: 'poisson', ratePerSecond }, 1_000, { seed: 13 }));
    expect(times({ kind: 'poisson', ratePerSecond }, 1_000, { name: 'a' })).not.toEqual(times({ kind: 'poisson', ratePerSecond }, 1_000, { name: 'b' }));
  });

  it('a closed loop and a rate of 0 have no schedule', () => {
    expect(times({ kind: 'closed', vus: 3 }, 1_000)).toEqual([]);
    expect(times({ kind: 'constant', ratePerSecond: 0 }, 1_000)).toEqual([]);
    expect(times({ kind: 'poisson', ratePerSecond: 0 }, 1_000)).toEqual([]);
    expect(times({ kind: 'ramp', startRatePerSecond: 0, stages: [] }, 1_000)).toEqual([]);
  });

  it('a ramp warms up at the rate it starts with', () => {
    expect(warmupLoad({ kind: 'ramp', startRatePerSecond: 7, stages: [{ ratePerSecond: 90, durationMs: 10 }] })).toEqual({
      kind: 'constant',
      ratePerSecond: 7,
    });
    expect(warmupLoad({ kind: 'poisson', ratePerSecond: 5 })).toEqual({ kind: 'poisson', ratePerSecond: 5 });
  });
});

function distance(sorted: readonly number[], cdf: (value: number) => number): number {
  let largest = 0;
  for (const [i, value] of sorted.entries()) {
    const expected = cdf(value);
    largest = Math.max(largest, Math.abs(expected - i / sorted.length), Math.abs(expected - (i + 1) / sorted.length));
  }
  return largest;
}

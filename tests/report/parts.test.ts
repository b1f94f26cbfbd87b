import { describe, expect, it } from 'vitest';
import { uniqueSlugs } from '../../harness/report/escape.ts';
import { binCounts, quantileCurve } from '../../harness/report/figures-of.ts';
import { ownTimes } from '../../harness/report/hops.ts';
import { linearScale, logScale, ninesScale, symlogScale } from '../../harness/report/scales.ts';
import { wrap } from '../../harness/report/text-lines.ts';
import { distributionOf } from '../../harness/results/distribution.ts';

describe('own times of hops', () => {
  it('gives each moment to the innermost hop that is open', () => {
    const hops = [
      { hop: 'edge', startMs: 0, durationMs: 100 },
      { hop: 'service', startMs: 10, durationMs: 80 },
      { hop: 'store', startMs: 30, durationMs: 20 },
      { hop: 'cache', startMs: 60, durationMs: 5 },
    ];
    const own = new Map<string, number>();
    for (const { hop, durationMs } of ownTimes(hops)) own.set(hop, (own.get(hop) ?? 0) + durationMs);
    expect(Object.fromEntries(own)).toEqual({ edge: 20, service: 55, store: 20, cache: 5 });
  });

  it('lays hops without starts one after another', () => {
    expect(
      ownTimes([
        { hop: 'a', durationMs: 3 },
        { hop: 'b', durationMs: 4 },
      ]),
    ).toEqual([
      { hop: 'a', startMs: 0, durationMs: 3 },
      { hop: 'b', startMs: 3, durationMs: 4 },
    ]);
  });
});

describe('distributions as charts show them', () => {
  const distribution = distributionOf(Array.from({ length: 1_000 }, (_, index) => index + 1));

  it('reads the quantile function of 1 to 1,000 ms, and knows where n ends', () => {
    const curve = quantileCurve(distribution);
    for (const { q, ms } of curve.slice(1)) expect(Math.abs(ms - Math.ceil(1_000 * q - 1e-6))).toBeLessThanOrEqual(1);
    expect(curve.at(-1)?.q).toBeCloseTo(0.999, 9);
    expect(curve.find(({ q }) => q > 0.9901)?.enough).toBe(false);
    expect(curve.findLast(({ q }) => q < 0.9899)?.enough).toBe(true);
  });

  it('loses no value in bins, negatives and values outside of the edges included', () => {
    expect(binCounts(distribution, [0, 100.5, 500.5, 2_000])).toEqual([100, 400, 500]);
    expect(binCounts(distributionOf([-5, -0.5, 0.5, 3, 99]), [-1, 0, 1, 10])).toEqual([2, 1, 2]);
  });
});

describe('scales', () => {
  it('map known values to known places', () => {
    expect(linearScale([0, 10], [0, 100])(5)).toBe(50);
    expect(logScale([1, 1_000], [0, 300])(10)).toBeCloseTo(100, 9);
    expect(logScale([1, 1_000], [0, 300])(0)).toBe(0);
    expect(ninesScale(0.999, [0, 300])(0.99)).toBeCloseTo(200, 9);
    expect(symlogScale([-10, 10], 0.1, [0, 200])(0)).toBeCloseTo(100, 9);
  });

  it('have at least two ticks, also on a narrow range', () => {
    for (const [from, to] of [
      [850, 1_250],
      [3_900, 5_100],
      [0.02, 40],
      [1, 1.4],
    ] as const)
      expect(logScale([from, to], [0, 500]).ticks.length).toBeGreaterThan(1);
  });
});

it('makes unique ids of any names', () => {
  expect(uniqueSlugs(['sse/native', 'sse native', '<b>', ''])).toEqual(['sse-native', 'sse-native-2', 'b', 'x']);
});

it('wraps text to a width and cuts what fits no line', () => {
  expect(wrap('one two three', 9, '  ', '    ')).toEqual(['  one two', '    three']);
  expect(wrap(`a ${'x'.repeat(30)}`, 10).every((line) => line.length <= 10)).toBe(true);
});

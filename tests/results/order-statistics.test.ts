import { describe, expect, test } from 'vitest';
import { keyedRandom } from '../../scenarios/random.ts';
import { enoughFor, intervalRanks, quantileRank } from '../../harness/results/order-statistics.ts';

/** Made with SciPy 1.17.1: low = binom.ppf(0.025, n, q), absent when 0; high = binom.ppf(0.975, n, q) + 1, absent when above n. */
const scipy: [n: number, q: number, low: number | undefined, high: number | undefined][] = [
  [1, 0.5, undefined, undefined],
  [5, 0.5, undefined, undefined],
  [6, 0.5, 1, 6],
  [10, 0.5, 2, 9],
  [20, 0.95, 17, undefined],
  [59, 0.95, 52, undefined],
  [100, 0.5, 40, 61],
  [100, 0.95, 90, 100],
  [100, 0.99, 97, undefined],
  [368, 0.99, 360, 368],
  [369, 0.99, 361, 369],
  [500, 0.99, 490, 500],
  [1000, 0.99, 983, 997],
  [1000, 0.5, 469, 532],
  [10_000, 0.999, 9983, 9997],
  [40_000, 0.5, 19_804, 20_197],
  [1_000_000, 0.99, 989_805, 990_196],
  [10_000_000, 0.999, 9_989_804, 9_990_196],
];

describe('intervalRanks', () => {
  test.each(scipy)('n = %d, q = %d: ranks %s to %s, as SciPy has them', (n, q, low, high) => {
    expect(intervalRanks(n, q)).toEqual({ ...(low !== undefined && { low }), ...(high !== undefined && { high }) });
  });

  test.each([
    [50_000, 0.5, 24_781, 25_220],
    [2_000_000, 0.99, 1_979_724, 1_980_276],
    [1_000_000, 0.5, 499_020, 500_981],
  ])('n = %d, q = %d: the normal approximation is within 2 ranks of SciPy', (n, q, low, high) => {
    const found = intervalRanks(n, q);
    expect(Math.abs((found.low ?? 0) - low)).toBeLessThanOrEqual(2);
    expect(Math.abs((found.high ?? 0) - high)).toBeLessThanOrEqual(2);
  });

  test('the interval holds the true quantile in at least 95% of samples, and not in nearly all of them', () => {
    const random = keyedRandom('coverage');
    const trials = 4000;
    const { low = 0, high = 0 } = intervalRanks(200, 0.9);
    let held = 0;
    for (let trial = 0; trial < trials; trial += 1) {
      const values = Float64Array.from({ length: 200 }, () => random()).sort();
      if ((values[low - 1] as number) <= 0.9 && 0.9 <= (values[high - 1] as number)) held += 1;
    }
    // 95% to 97.5% by construction (ranks are whole); 4,000 trials have a standard error of 0.34%.
    expect(held / trials).toBeGreaterThan(0.94);
    expect(held / trials).toBeLessThan(0.985);
  });
});

test('quantileRank: nearest rank, and no rounding fault moves it', () => {
  expect(quantileRank(100, 0.07)).toBe(7);
  expect(quantileRank(1000, 0.99)).toBe(990);
  expect(quantileRank(1001, 0.99)).toBe(991);
  expect(quantileRank(4, 0.5)).toBe(2);
  expect(quantileRank(1, 0.001)).toBe(1);
  expect(quantileRank(3, 0.9999)).toBe(3);
});

test.each([
  [0.99, 999, false],
  [0.99, 1000, true],
  [0.95, 199, false],
  [0.95, 200, true],
  [0.9, 100, true],
  [0.999, 9_999, false],
  [0.999, 10_000, true],
  [0.5, 19, false],
  [0.5, 20, true],
  [0.01, 999, false],
])('p%d with n = %d is enough: %s', (q, n, enough) => {
  expect(enoughFor(n, q)).toBe(enough);
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { countsOf, distributionOf, mergeDistributions, quantileOf, shareAtOrBelow } from '../../harness/results/distribution.ts';

const valuesMs = fc.array(fc.double({ min: -2000, max: 4_000_000, noNaN: true }), { maxLength: 200 });
const nearestRank = (values: readonly number[], q: number): number =>
  values.toSorted((a, b) => a - b)[Math.max(0, Math.ceil(values.length * q - 1e-9) - 1)] ?? 0;

describe('distributionOf', () => {
  test('n, mean, minimum, maximum and negatives are exact to the microsecond', () => {
    const found = distributionOf([-1.5, -0.25, 0, 0.0004, 10, 100]);
    expect(found).toMatchObject({ n: 6, negatives: 2, minMs: -1.5, maxMs: 100 });
    expect(found.meanMs).toBeCloseTo(108.25 / 6, 9);
  });

  test('negatives keep their order and magnitude and are not clamped to 0', () => {
    const found = distributionOf([...Array.from({ length: 50 }, (_, i) => -(i + 1)), ...Array.from({ length: 50 }, (_, i) => i)]);
    expect(found.negatives).toBe(50);
    expect(quantileOf(found, 0.01)?.ms).toBe(-50);
    expect(quantileOf(found, 0.26)?.ms).toBeCloseTo(-25, 1);
    expect(quantileOf(found, 0.5)?.ms).toBe(-1);
    expect(quantileOf(found, 0.51)?.ms).toBe(0);
    expect(shareAtOrBelow(found, -1)).toBe(0.5);
  });

  test('the quantiles of 1 to 10,000 ms are known, each with its interval', () => {
    const found = distributionOf(Array.from({ length: 10_000 }, (_, i) => i + 1));
    for (const { q, ms, lowMs, highMs, enough } of found.quantiles) {
      expect(Math.abs(ms / (q * 10_000) - 1)).toBeLessThan(0.001);
      expect(enough).toBe(true);
      expect(lowMs).toBeLessThan(ms);
      expect(highMs).toBeGreaterThan(ms);
    }
    // Ranks 9,983 and 9,997, see order-statistics.test.ts.
    const p999 = quantileOf(found, 0.999);
    expect(Math.abs((p999?.lowMs ?? 0) / 9983 - 1)).toBeLessThan(0.001);
    expect(Math.abs((p999?.highMs ?? 0) / 9997 - 1)).toBeLessThan(0.001);
  });

  test('a quantile with too few values says so and has no upper end', () => {
    const p99 = quantileOf(distributionOf([1, 2, 3, 4, 5]), 0.99);
    expect(p99).toMatchObject({ ms: 5, enough: false });
    expect(p99?.highMs).toBeUndefined();
  });

  test('empty: no quantiles', () => {
    expect(distributionOf([])).toMatchObject({ n: 0, quantiles: [] });
    expect(quantileOf(distributionOf([]), 0.5)).toBeUndefined();
    expect(mergeDistributions([])).toMatchObject({ n: 0 });
  });

  test('values far above an hour and not finite ones', () => {
    expect(quantileOf(distributionOf([10 * 3_600_000]), 0.5)?.ms).toBe(36_000_000);
    expect(() => distributionOf([Number.NaN])).toThrow('finite number');
  });

  test('any quantile is within 0.1% or 1 us of the value at its nearest rank', () => {
    fc.assert(
      fc.property(
        valuesMs.filter((values) => values.length > 0),
        fc.double({ min: 0.001, max: 0.999, noNaN: true }),
        (values, q) => {
          const expected = nearestRank(values, q);
          const found = quantileOf(distributionOf(values), q)?.ms ?? Number.NaN;
          expect(Math.abs(found - expected)).toBeLessThanOrEqual(0.0011 + Math.abs(expected) * 0.001);
        },
      ),
    );
  });
});

describe('mergeDistributions', () => {
  test('is the same as having pooled the values, through JSON and back', () => {
    fc.assert(
      fc.property(fc.array(valuesMs, { maxLength: 5 }), (parts) => {
        const stored = parts.map((part) => JSON.parse(JSON.stringify(distributionOf(part))) as ReturnType<typeof distributionOf>);
        const merged = mergeDistributions(stored);
        const pooled = distributionOf(parts.flat());
        expect(countsOf(merged)).toEqual(countsOf(pooled));
        expect(merged.quantiles).toEqual(pooled.quantiles);
        expect({ ...merged, histogram: '', negativeHistogram: '' }).toEqual({ ...pooled, histogram: '', negativeHistogram: '' });
      }),
    );
  });

  test('the order of merging does not matter', () => {
    const parts = [[-3, 1, 2], [100, 2000.5], [0.001]].map(distributionOf);
    const forth = mergeDistributions(parts);
    expect(mergeDistributions(parts.toReversed())).toEqual(forth);
    expect(mergeDistributions([mergeDistributions(parts.slice(0, 2)), ...parts.slice(2)])).toEqual(forth);
  });

  test('a damaged distribution is refused', () => {
    expect(() => mergeDistributions([{ ...distributionOf([1, 2, 3]), n: 4 }])).toThrow('says n = 4, its histograms hold 3');
  });
});

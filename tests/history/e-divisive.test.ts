import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bestSplit, changePoints } from '../../harness/gate/history/e-divisive.ts';

/**
 * Index and distance as Apache Otava 0.8.0 has them (PyPI `apache-otava`; `PairDistanceCalculator(series).get_candidate_change_point(slice(0, len(series)))`), and
 * the change points of its `compute_change_points_orig(series, max_pvalue=0.05, seed=1)`.
 */
const otava = [
  {
    what: 'a step of 6%',
    values: [10.1, 9.8, 10.3, 10.0, 9.9, 10.2, 9.7, 10.4, 10.0, 10.1, 10.6, 10.9, 10.4, 10.7, 10.5, 11.0, 10.3, 10.8, 10.6, 10.7],
    split: { index: 10, distance: 3.42 },
    found: [{ index: 10, distance: 3.42 }],
  },
  {
    what: 'a step that is taken back',
    values: [5, 7, 6, 5, 8, 6, 7, 5, 6, 7, 12, 13, 11, 12, 14, 12, 13, 6, 7, 5, 6, 8, 7, 6],
    split: { index: 10, distance: 41.64705882352942 },
    found: [
      { index: 10, distance: 41.64705882352942 },
      { index: 17, distance: 34 },
    ],
  },
  { what: 'digits of pi', values: [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9], split: { index: 11, distance: 14.311111111111112 }, found: [] },
];

describe('E-divisive', () => {
  it.each(otava)('splits $what as Apache Otava does', ({ values, split, found }) => {
    const ours = bestSplit(values, 1);
    expect(ours?.index).toBe(split.index);
    expect(ours?.distance).toBeCloseTo(split.distance, 9);
    const points = changePoints(values, { alpha: 0.05, minSize: 1, permutations: 999, seed: 1 });
    expect(points.map(({ index }) => index)).toEqual(found.map(({ index }) => index));
    for (const [i, point] of points.entries()) expect(point.distance).toBeCloseTo(found[i]?.distance ?? Number.NaN, 9);
  });

  it('has the p of all permutations within binomial error', () => {
    // 288 of the 5,040 orders reach the distance of this one (counted in full, with Otava's calculator).
    const values = [1, 2, 1.5, 4, 5, 4.5, 6];
    expect(bestSplit(values, 1)?.distance).toBeCloseTo(8.571428571428571, 9);
    const permutations = 20_000;
    const [point] = changePoints(values, { alpha: 0.5, minSize: 3, permutations, seed: 7 });
    const exact = exactP(values, 3);
    expect(point?.index).toBe(3);
    expect(Math.abs((point?.p ?? 1) - exact.p)).toBeLessThan(4 * Math.sqrt((exact.p * (1 - exact.p)) / permutations));
    expect(exactP(values, 1).reached).toBe(288);
  });

  it('is the same whatever the unit and the level', () => {
    const series = fc.array(fc.integer({ min: 0, max: 1_000 }), { minLength: 6, maxLength: 20 });
    fc.assert(
      fc.property(series, fc.integer({ min: 1, max: 9 }), fc.integer({ min: -500, max: 500 }), (values, factor, shift) => {
        const plain = bestSplit(values, 2);
        const moved = bestSplit(
          values.map((value) => value * factor + shift),
          2,
        );
        expect(moved?.distance).toBeCloseTo((plain?.distance ?? 0) * factor, 6);
      }),
    );
  });

  it('never splits off fewer points than it is told', () => {
    const spike = [1, 1.1, 0.9, 1, 1.1, 0.9, 1, 1.1, 0.9, 50];
    expect(bestSplit(spike, 1)?.index).toBe(9);
    expect(bestSplit(spike, 5)?.index).toBe(5);
    expect(bestSplit(spike, 6)).toBeUndefined();
  });
});

function exactP(values: readonly number[], minSize: number): { p: number; reached: number } {
  const distance = bestSplit(values, minSize)?.distance ?? 0;
  let reached = 0;
  let all = 0;
  for (const order of orders(values)) {
    all += 1;
    if ((bestSplit(order, minSize)?.distance ?? 0) >= distance - 1e-9) reached += 1;
  }
  return { p: reached / all, reached };
}

function* orders(values: readonly number[]): Generator<number[]> {
  if (values.length === 0) yield [];
  for (const [i, first] of values.entries()) for (const rest of orders(values.toSpliced(i, 1))) yield [first, ...rest];
}

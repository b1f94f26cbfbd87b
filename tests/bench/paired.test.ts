import { expect, it } from 'vitest';
import { estimateOf, estimateOfRounds, isWithin } from '../../bench/paired.ts';

/** Differences of 1, 2, 3, ... in no order, on top of moods that both sides share. */
function estimate(count: number): ReturnType<typeof estimateOf> {
  const moods = Array.from({ length: count }, (_, i) => ((i * 7) % 5) * 100);
  const differences = Array.from({ length: count }, (_, i) => ((i + Math.floor(count / 2)) % count) + 1);
  return estimateOf(
    moods.map((mood, i) => mood + (differences[i] ?? 0)),
    moods,
  );
}

// Ranks of the 95% interval of a median, as in tables of the sign test.
it.each([
  [6, 3.5, 1, 6],
  [9, 5, 2, 8],
  [12, 6.5, 3, 10],
  [20, 10.5, 6, 15],
])('of %i blocks the median is %d, its interval %d to %d', (count, middle, low, high) => {
  expect(estimate(count)).toMatchObject({ middle, low, high });
});

it('five blocks or fewer decide nothing', () => {
  for (const count of [1, 5]) expect(isWithin(estimate(count), 1_000)).toBeUndefined();
});

it('a bound below the interval is missed, one above it met, and one inside it undecided', () => {
  expect([2.9, 3, 9.9, 10].map((bound) => isWithin(estimate(12), bound))).toEqual([false, undefined, undefined, true]);
});

it('rounds: the mean of their differences, and as far to either side as Student has it for so few', () => {
  const { middle, low, high, differences } = estimateOfRounds([11, 22, 33, 44], [10, 20, 30, 40]);
  expect(differences).toEqual([1, 2, 3, 4]);
  expect(middle).toBe(2.5);
  // t at 97.5% with 3 degrees of freedom, and the standard error of 1, 2, 3, 4.
  expect(high - middle).toBeCloseTo(3.182446 * Math.sqrt(5 / 3 / 4), 5);
  expect(middle - low).toBeCloseTo(high - middle, 12);
  expect(estimateOfRounds([1], [0])).toMatchObject({ middle: 1, low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY });
});

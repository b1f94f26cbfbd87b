import { expect, it } from 'vitest';
import { estimateOf, isWithin } from '../../bench/paired.ts';

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
])('of %i blocks the median is %d, its interval %d to %d', (count, median, low, high) => {
  expect(estimate(count)).toMatchObject({ median, low, high });
});

it('five blocks or fewer decide nothing', () => {
  for (const count of [1, 5]) expect(isWithin(estimate(count), 1_000)).toBeUndefined();
});

it('a bound below the interval is missed, one above it met, and one inside it undecided', () => {
  expect([2.9, 3, 9.9, 10].map((bound) => isWithin(estimate(12), bound))).toEqual([false, undefined, undefined, true]);
});

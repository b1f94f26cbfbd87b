import { expect, it } from 'vitest';
import { turnsOf } from '../../bench/slice-job.ts';

const shape = { warmUpMs: 2_000, sliceMs: 500, cycles: 6, ratePerSecond: 1_000 };
const sides = [0, 1, 2, 3];

it('in every cycle each server has one slice of its own, at the full rate, and the order changes', () => {
  const { edgesMs, arrivals, requestsOfCycle } = turnsOf(4, shape, 1);
  // The first cycle is for warming up, too.
  expect(edgesMs).toEqual([4_000, 6_000, 8_000, 10_000, 12_000, 14_000, 16_000]);
  expect(requestsOfCycle).toBe(500);
  const orders = edgesMs.slice(0, -1).map((fromMs) => {
    const slices = sides.map((side) => {
      const times = (arrivals[side] ?? []).map(({ atMs }) => atMs).filter((atMs) => atMs >= fromMs && atMs < fromMs + 2_000);
      expect(times).toHaveLength(500);
      const [first = 0] = times;
      expect(times).toEqual(Array.from({ length: 500 }, (_, i) => first + i));
      return (first - fromMs) / 500;
    });
    expect(slices.toSorted()).toEqual([0, 1, 2, 3]);
    return slices.join();
  });
  expect(new Set(orders).size).toBeGreaterThan(2);
});

it('warms all servers up at the same time, at half the rate and at moments of their own', () => {
  const { arrivals } = turnsOf(4, shape, 1);
  const early = sides.map((side) => (arrivals[side] ?? []).map(({ atMs }) => atMs).filter((atMs) => atMs < shape.warmUpMs));
  for (const times of early) expect(times).toHaveLength(1_000);
  expect(early.map(([first]) => first)).toEqual([0, 0.5, 1, 1.5]);
  expect(new Set(early.flat()).size).toBe(4_000);
});

it('arrivals rise, and the same seed gives the same turns', () => {
  const turns = turnsOf(3, shape, 7);
  for (const times of turns.arrivals) expect(times.every(({ atMs }, i) => i === 0 || atMs >= (times[i - 1]?.atMs ?? 0))).toBe(true);
  expect(turnsOf(3, shape, 7)).toEqual(turns);
  expect(turnsOf(3, shape, 8)).not.toEqual(turns);
});

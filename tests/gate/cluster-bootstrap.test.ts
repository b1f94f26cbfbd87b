import { describe, expect, test } from 'vitest';
import { clusterBootstrap, type PooledEpoch, type Tail, tailOf } from '../../harness/gate/statistics/cluster-bootstrap.ts';
import { lowerBound, upperBound } from '../../harness/gate/statistics/mean-effect.ts';
import { keyedRandom } from '../../scenarios/random.ts';

/** Four epochs of 20 values a side, written as start + (i * stride mod 20) * step. */
function epochsOf(sides: [start: number, stride: number, step: number][]): Tail[] {
  return sides.map(([start, stride, step]) =>
    tailOf(
      Array.from({ length: 20 }, (_, i) => start + ((i * stride) % 20) * step).sort((a, b) => a - b),
      0.9,
      10,
    ),
  );
}

const base = epochsOf([
  [10, 7, 0.5],
  [11, 3, 0.6],
  [9, 9, 0.7],
  [10.5, 11, 0.4],
]);
const head = epochsOf([
  [10.4, 7, 0.55],
  [11.8, 3, 0.6],
  [9.9, 9, 0.65],
  [10.1, 11, 0.5],
]);
const epochs = base.map((tail, epoch): PooledEpoch => ({ base: tail, head: head[epoch] as Tail }));

describe('cluster bootstrap', () => {
  test('the estimate is that of all values, the standard error that of all 256 ways to draw 4 epochs of 4', () => {
    const found = clusterBootstrap(epochs, { quantile: 0.9, seed: 1, replicates: 20_000 });
    expect(found.baseMs).toBeCloseTo(20, 12);
    expect(found.headMs).toBeCloseTo(20.8, 12);
    expect(found.mean).toBeCloseTo(0.03922071315328133, 12);
    // All 256 enumerated with itertools and NumPy: 0.020188, times sqrt(4 / 3). scipy.stats.bootstrap (SciPy 1.17.1, 20,000 resamples of the epochs' numbers) has 0.020140.
    expect(Math.abs(found.standardError / 0.02331074004533232 - 1)).toBeLessThan(0.02);
  });

  test('the same seed gives the same, another one nearly the same', () => {
    const once = clusterBootstrap(epochs, { quantile: 0.9, seed: 1 });
    expect(clusterBootstrap(epochs, { quantile: 0.9, seed: 1 })).toEqual(once);
    const other = clusterBootstrap(epochs, { quantile: 0.9, seed: 2 });
    expect(other.standardError).not.toBe(once.standardError);
    expect(Math.abs(other.standardError / once.standardError - 1)).toBeLessThan(0.15);
  });

  test('swapped sides flip the sign, and scaled values change nothing', () => {
    const once = clusterBootstrap(epochs, { quantile: 0.9, seed: 1 });
    const swapped = clusterBootstrap(
      epochs.map(({ base, head }) => ({ base: head, head: base })),
      { quantile: 0.9, seed: 1 },
    );
    expect(swapped.mean).toBeCloseTo(-once.mean, 12);
    expect(swapped.standardError).toBeCloseTo(once.standardError, 12);
    const scale = ({ n, slowestMs }: Tail): Tail => ({ n, slowestMs: slowestMs.map((ms) => 8 * ms) });
    const scaled = clusterBootstrap(
      epochs.map(({ base, head }) => ({ base: scale(base), head: scale(head) })),
      { quantile: 0.9, seed: 1 },
    );
    expect(scaled.mean).toBeCloseTo(once.mean, 12);
    expect(scaled.standardError).toBeCloseTo(once.standardError, 12);
  });

  test('a tail holds enough for every epoch drawn, and too short a one is refused with the numbers', () => {
    expect(tailOf([1, 2, 3, 4], 0.5, 8)).toEqual({ n: 4, slowestMs: [4, 3, 2, 1] });
    const short = tailOf(
      Array.from({ length: 1000 }, (_, i) => i),
      0.99,
      8,
    );
    expect(short.slowestMs.length).toBe(81);
    expect(short.slowestMs[0]).toBe(999);
    const cut: PooledEpoch = { base: { n: 100, slowestMs: [5] }, head: { n: 100, slowestMs: [5] } };
    expect(() => clusterBootstrap([cut, cut], { quantile: 0.95, seed: 1 })).toThrow('needs the 11 slowest, and 2 were kept');
  });

  test('p99 of 8 epochs of 500 values that share disturbances: an interval of 95% holds the truth in 90 to 99 of 100', () => {
    const random = keyedRandom('coverage');
    const trials = 400;
    let held = 0;
    const side = (): Tail => {
      const disturbance = 1 + 0.1 * (random() + random() - 1);
      return tailOf(Float64Array.from({ length: 500 }, () => -10 * Math.log(1 - random()) * disturbance).sort(), 0.99, 8);
    };
    for (let trial = 0; trial < trials; trial += 1) {
      const drawn = Array.from({ length: 8 }, () => ({ base: side(), head: side() }));
      const effect = clusterBootstrap(drawn, { quantile: 0.99, seed: trial, replicates: 200 });
      if (lowerBound(effect, 0.025) <= 0 && 0 <= upperBound(effect, 0.025)) held += 1;
    }
    expect(held / trials).toBeGreaterThan(0.9);
    expect(held / trials).toBeLessThan(0.99);
  });
});

import { expect } from 'vitest';
import { binomialLower, binomialUpper } from '../../harness/gate/statistics/binomial-bounds.ts';

/** Of a true rate at the bound, so many or more (or so few or fewer) come once in a thousand. */
const chance = 0.001;

/** `count` of `sets` do not contradict that the true rate is `rate` at most. */
export function atMost(count: number, sets: number, rate: number): void {
  expect(binomialLower(count, sets, chance), `${count} of ${sets}`).toBeLessThanOrEqual(rate);
}

/** `count` of `sets` do not contradict that the true rate is `rate` at least. */
export function atLeast(count: number, sets: number, rate: number): void {
  expect(binomialUpper(count, sets, chance), `${count} of ${sets}`).toBeGreaterThanOrEqual(rate);
}

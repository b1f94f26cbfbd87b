/** When users refresh. Pure. */
import { keyedRandom } from '../../scenarios/random.ts';

/**
 * `count` delays over `[0, horizonMs)`, one in each of so many equal parts, in a shuffled order: no part of the window is left out by chance, and none comes only
 * at the beginning of a run.
 */
export function spreadDelays(count: number, horizonMs: number, ...seed: (string | number)[]): number[] {
  const random = keyedRandom('delays', ...seed);
  const delays = Array.from({ length: count }, (_, index) => ((index + random()) / count) * horizonMs);
  for (let i = delays.length - 1; i > 0; i -= 1) {
    const j = Math.floor(random() * (i + 1));
    [delays[i], delays[j]] = [delays[j] ?? 0, delays[i] ?? 0];
  }
  return delays;
}

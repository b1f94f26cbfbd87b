import type { RunClock } from './drive/driver.ts';

/** A run's clock: 0 now, monotonic. `epochMs` is 0 on the wall clock, for tools that stamp wall-clock times. */
export function startRunClock(): RunClock & { epochMs: number } {
  const start = performance.now();
  return { now: () => performance.now() - start, epochMs: performance.timeOrigin + start };
}

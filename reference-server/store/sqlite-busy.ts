import { setTimeout as sleep } from 'node:timers/promises';
import { isBusy } from './sqlite-faults.ts';

const pauseMs = 5;

/**
 * Tries again, for `busyMs` at most, what fails because another connection has the file's lock. SQLite's own waiting would hold up the event loop: no request would be
 * answered meanwhile, and who holds the lock in this very process could never give it up. Throws what was thrown last.
 */
export async function whileBusy<T>(work: () => T, busyMs: number): Promise<T> {
  const untilMs = performance.now() + busyMs;
  for (;;) {
    try {
      return work();
    } catch (error) {
      if (!isBusy(error) || performance.now() >= untilMs) throw error;
    }
    await sleep(pauseMs);
  }
}

/** Time that a test moves by hand. */
import type { DeadlineClock, DeadlineTimer } from './deadline-clock.ts';

export interface VirtualClock extends DeadlineClock {
  /**
   * Moves time on by `ms`, calling what falls due on the way, in order, each at its own deadline, what was added on the way included.
   * Promise chains that a deadline set going run on before the next one.
   */
  advance(ms: number): Promise<void>;
  /** Deadlines not yet due. */
  pending(): number;
}

interface Pending {
  deadlineMs: number;
  order: number;
  callback: () => void;
}

/** Starts at `startMs`. Keeps the contract of `realClock`, except that time stands still between calls of `advance`. */
export function virtualClock(startMs = 0): VirtualClock {
  const pending = new Set<Pending>();
  let nowMs = startMs;
  let order = 0;
  let stopped = false;

  const earliest = (): Pending | undefined => {
    let found: Pending | undefined;
    for (const one of pending) {
      if (!found || one.deadlineMs < found.deadlineMs || (one.deadlineMs === found.deadlineMs && one.order < found.order)) found = one;
    }
    return found;
  };
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

  const at = (deadlineMs: number, callback: () => void): DeadlineTimer => {
    if (!Number.isFinite(deadlineMs)) throw new RangeError(`given the deadline ${deadlineMs}, expected a finite number of milliseconds on this clock`);
    order += 1;
    const one: Pending = { deadlineMs, order, callback };
    if (!stopped) pending.add(one);
    return { cancel: () => void pending.delete(one) };
  };

  return {
    now: () => nowMs,
    at,
    wait(deadlineMs) {
      if (deadlineMs <= nowMs) return undefined;
      return new Promise((resolve) => {
        at(deadlineMs, resolve);
      });
    },
    stop() {
      stopped = true;
      pending.clear();
    },
    async advance(ms) {
      if (!(ms >= 0)) throw new RangeError(`given ${ms} ms, expected a number from 0 up: time does not run back`);
      const untilMs = nowMs + ms;
      for (let next = earliest(); next !== undefined && next.deadlineMs <= untilMs; next = earliest()) {
        pending.delete(next);
        nowMs = Math.max(nowMs, next.deadlineMs);
        try {
          next.callback();
        } catch (error) {
          queueMicrotask(() => {
            throw error;
          });
        }
        await settle();
      }
      nowMs = Math.max(nowMs, untilMs);
      await settle();
    },
    pending: () => pending.size,
  };
}

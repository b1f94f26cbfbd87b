import type { DrawnHop, Exchange, HopRecord } from './exchange.ts';
import type { DeadlineClock } from './latency/deadline-clock.ts';

/** Runs one hop's part of an exchange and records it, whatever its outcome. */
export async function inHop<T>(exchange: Exchange, hop: DrawnHop, name: string, clock: DeadlineClock, part: (record: HopRecord) => Promise<T>): Promise<T> {
  const record: HopRecord = { hop, name, startMs: clock.now(), endMs: Number.NaN, intendedMs: exchange.draw.sharesMs[hop], outcome: 'ok' };
  exchange.hops.push(record);
  try {
    const slowMs = exchange.slowness?.take(hop) ?? 0;
    // Not waited for the draw, and so work as slow code is.
    if (slowMs > 0) await clock.wait(clock.now() + slowMs);
    return await part(record);
  } catch (error) {
    record.outcome = exchange.socket.destroyed ? 'aborted' : 'error';
    throw error;
  } finally {
    record.endMs = clock.now();
  }
}

/** Below this a wait of its own is not worth a timer: the share is waited together with the next one, to the same absolute time. */
const worthwhileMs = 1;

/**
 * Spends a share of the draw: waits until what was intended so far has passed since the arrival. Times are absolute, so errors do not add up.
 * Waiting for workers comes on top; real work does so, too, where the profile says `work: added`.
 */
export function spend(exchange: Exchange, shareMs: number, clock: DeadlineClock): Promise<void> | undefined {
  exchange.spentMs += shareMs;
  return shareMs < worthwhileMs ? undefined : waitUntilDue(exchange, clock);
}

/** Waits for what was intended so far, at the latest `atLeastMs` on the server's clock. Undefined: that has passed. */
export function waitUntilDue(exchange: Exchange, clock: DeadlineClock, atLeastMs = 0): Promise<void> | undefined {
  if (!exchange.workAdded) return clock.wait(Math.max(dueMs(exchange), atLeastMs));
  countWork(exchange, clock);
  const sinceMs = clock.now();
  return clock.wait(Math.max(dueMs(exchange), atLeastMs))?.then(() => {
    exchange.waitedMs += clock.now() - sinceMs;
  });
}

/**
 * `work: added`: all the time since the arrival that was not waited is work, whoever did it: so that slow code shows wherever it is.
 * `work: inside`: work is what its doers added up; it only tells overruns.
 */
export function countWork(exchange: Exchange, clock: DeadlineClock): void {
  if (exchange.workAdded) exchange.workMs = Math.max(0, clock.now() - exchange.arrivedMs - exchange.queuedMs - exchange.waitedMs);
}

/** When what was intended so far is over, on the server's clock. */
export function dueMs(exchange: Exchange): number {
  return exchange.arrivedMs + exchange.spentMs + exchange.queuedMs + (exchange.workAdded ? exchange.workMs : 0);
}

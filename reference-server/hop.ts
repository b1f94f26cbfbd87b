import type { Exchange, HopName, HopRecord } from './exchange.ts';
import type { DeadlineClock } from './latency/deadline-clock.ts';

/** Runs one hop's part of an exchange and records it, whatever its outcome. */
export async function inHop<T>(exchange: Exchange, hop: HopName, name: string, clock: DeadlineClock, part: () => Promise<T>): Promise<T> {
  const record: HopRecord = { hop, name, startMs: clock.now(), endMs: Number.NaN, intendedMs: exchange.draw.sharesMs[hop], outcome: 'ok' };
  exchange.hops.push(record);
  try {
    return await part();
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
  return shareMs < worthwhileMs ? undefined : clock.wait(dueMs(exchange));
}

/** When what was intended so far is over, on the server's clock. */
export function dueMs(exchange: Exchange): number {
  return exchange.arrivedMs + exchange.spentMs + exchange.queuedMs + (exchange.workAdded ? exchange.workMs : 0);
}

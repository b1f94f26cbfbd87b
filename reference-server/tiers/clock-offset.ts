import { newSpanId } from '../telemetry/ids.ts';

/** Names the monotonic clock of this process: times of another one mean nothing here. */
export const ownClock = newSpanId();

/** A sample is good for so long; clocks of two machines drift by some microseconds a second. */
const freshMs = 10_000;

/**
 * What another process' clock shows more than ours, as NTP finds it: of recent calls, the one whose way there and back was the shortest. It is off by at most half of
 * that way, however long the way of any other call is. Milliseconds.
 */
export class ClockOffset {
  #best: { clock: string; offsetMs: number; wayMs: number; atMs: number } | undefined;

  /** @param receivedMs when the callee received the call, on its clock; `sentMs` and `nowMs` are on ours */
  observe(clock: string, sentMs: number, nowMs: number, receivedMs: number, tookMs: number): void {
    const wayMs = Math.max(0, nowMs - sentMs - tookMs);
    const best = this.#best;
    if (best && best.clock === clock && best.wayMs < wayMs && nowMs - best.atMs < freshMs) return;
    this.#best = { clock, offsetMs: receivedMs - (sentMs + wayMs / 2), wayMs, atMs: nowMs };
  }

  /** A time of ours on the other clock; undefined before the first call. */
  there(ms: number): { clock: string; ms: number } | undefined {
    return this.#best && { clock: this.#best.clock, ms: ms + this.#best.offsetMs };
  }

  /** A time of the other clock on ours. Undefined: it is of another process than the one that is known. */
  here(clock: string, ms: number): number | undefined {
    return this.#best?.clock === clock ? ms - this.#best.offsetMs : undefined;
  }
}

import type { InferenceCapacity, LatencyProfile } from '../latency/profile.ts';

export interface Slot {
  /** Streams that hold a slot, this one included. */
  busy: number;
  /** Undefined: the profile has no bound. */
  capacity: InferenceCapacity | undefined;
  /** Time waited for it: exactly 0 when one was free. */
  waitedMs: number;
  release(): void;
}

export interface InferenceSlots {
  /** Neither a slot nor a place in the queue is free: `take` would reject. */
  full(): boolean;
  /** First come, first served. Undefined: the signal aborted while it waited. Rejects when the queue is full. */
  take(signal: AbortSignal): Promise<Slot | undefined>;
}

/** Inference slots as the profile in force has them. */
export function inferenceSlots(profile: () => LatencyProfile, nowMs: () => number): InferenceSlots {
  let busy = 0;
  const waiting: (() => void)[] = [];
  const release = (): void => {
    // The slot goes straight to the first in the queue, so that nobody steps in between.
    const next = waiting.shift();
    if (next) next();
    else busy -= 1;
  };
  const full = (): boolean => {
    const capacity = profile().inference;
    return capacity !== undefined && busy >= capacity.slots && waiting.length >= capacity.queue;
  };
  return {
    full,
    async take(signal) {
      const capacity = profile().inference;
      if (!capacity || busy < capacity.slots) {
        busy += 1;
        return { busy, capacity, waitedMs: 0, release };
      }
      if (full()) throw new Error('queue full');
      const sinceMs = nowMs();
      const got = await new Promise<boolean>((resolve) => {
        const mine = (): void => resolve(true);
        waiting.push(mine);
        signal.addEventListener(
          'abort',
          () => {
            const index = waiting.indexOf(mine);
            if (index >= 0) waiting.splice(index, 1);
            if (index >= 0) resolve(false);
          },
          { once: true },
        );
      });
      return got ? { busy, capacity, waitedMs: nowMs() - sinceMs, release } : undefined;
    },
  };
}

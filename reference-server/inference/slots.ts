import type { InferenceCapacity, LatencyProfile } from '../latency/profile.ts';
import type { PoolLoad } from '../telemetry/metrics-gauges.ts';

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
  /** Neither a slot nor a place in the queue is free, counting those that are kept. */
  full(): boolean;
  /** Keeps a place, in a slot or in the queue, for a stream that is not there yet. Call it only when it is not `full`. */
  keep(): InferencePlace;
  load(): PoolLoad;
}

/** A kept place: take it or give it up, once. */
export interface InferencePlace {
  /** First come, first served; `ready` is called at once when a slot is free. What it returns leaves the queue. */
  take(ready: (slot: Slot) => void): () => void;
  giveUp(): void;
}

function nothing(): void {}

/** Inference slots as the profile in force has them. */
export function inferenceSlots(profile: () => LatencyProfile, nowMs: () => number): InferenceSlots {
  let busy = 0;
  let kept = 0;
  const waiting: (() => void)[] = [];
  const release = (): void => {
    // The slot goes straight to the first in the queue, so that nobody steps in between.
    const next = waiting.shift();
    if (next) next();
    else busy -= 1;
  };
  const take = (ready: (slot: Slot) => void): (() => void) => {
    const capacity = profile().inference;
    if (!capacity || busy < capacity.slots) {
      busy += 1;
      ready({ busy, capacity, waitedMs: 0, release });
      return nothing;
    }
    const sinceMs = nowMs();
    const mine = (): void => ready({ busy, capacity, waitedMs: nowMs() - sinceMs, release });
    waiting.push(mine);
    return () => {
      const index = waiting.indexOf(mine);
      if (index >= 0) waiting.splice(index, 1);
    };
  };
  return {
    load() {
      const capacity = profile().inference;
      return { busy, waiting: waiting.length, ...(capacity && { limit: capacity.slots }) };
    },
    full() {
      const capacity = profile().inference;
      return capacity !== undefined && kept >= Math.max(0, capacity.slots - busy) + Math.max(0, capacity.queue - waiting.length);
    },
    keep() {
      kept += 1;
      return {
        take(ready) {
          kept -= 1;
          return take(ready);
        },
        giveUp() {
          kept -= 1;
        },
      };
    },
  };
}

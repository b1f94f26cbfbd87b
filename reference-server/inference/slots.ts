import type { InferenceCapacity, LatencyProfile } from '../latency/profile.ts';

export interface Slot {
  /** Streams that hold a slot, this one included. */
  busy: number;
  /** Undefined: the profile has no bound. */
  capacity: InferenceCapacity | undefined;
  release(): void;
}

/** Inference slots as the profile in force has them; first come, first served. Rejects when the queue is full. */
export function inferenceSlots(profile: () => LatencyProfile): { take(): Promise<Slot> } {
  let busy = 0;
  const waiting: (() => void)[] = [];
  const release = (): void => {
    busy -= 1;
    waiting.shift()?.();
  };
  return {
    async take() {
      const capacity = profile().inference;
      if (capacity && busy >= capacity.slots) {
        if (waiting.length >= capacity.queue) throw new Error('queue full');
        await new Promise<void>((resolve) => waiting.push(resolve));
      }
      busy += 1;
      return { busy, capacity, release };
    },
  };
}

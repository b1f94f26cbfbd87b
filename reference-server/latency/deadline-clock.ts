/** Monotonic time and one-shot deadlines on it: real, or virtual for tests. Milliseconds. */
export interface DeadlineClock {
  now(): number;
  /** Calls back once, never before `deadlineMs`; a deadline in the past fires in the next turn. */
  at(deadlineMs: number, callback: () => void): DeadlineTimer;
  /** Undefined when the deadline has passed: nothing to wait for. */
  wait(deadlineMs: number): Promise<void> | undefined;
  stop(): void;
}
export interface DeadlineTimer {
  cancel(): void;
}

export { type RealClockOptions, realClock } from './deadline-wheel.ts';
export { type VirtualClock, virtualClock } from './virtual-clock.ts';

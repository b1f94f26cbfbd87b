import { monitorEventLoopDelay } from 'node:perf_hooks';

const resolutionMs = 10;

/** How late the event loop ran its timers, in milliseconds, since the last reset. */
export interface LoopDelay {
  read(): { p50Ms: number; p99Ms: number; maxMs: number };
  reset(): void;
  stop(): void;
}

/** Node's histogram holds the time between two ticks of a 10 ms timer; the period itself is taken off, so an idle loop reads near 0. */
export function watchLoopDelay(): LoopDelay {
  const histogram = monitorEventLoopDelay({ resolution: resolutionMs });
  histogram.enable();
  const over = (nanoseconds: number): number => (Number.isFinite(nanoseconds) ? Math.max(0, nanoseconds / 1e6 - resolutionMs) : 0);
  return {
    read: () => (histogram.count === 0 ? { p50Ms: 0, p99Ms: 0, maxMs: 0 } : { p50Ms: over(histogram.percentile(50)), p99Ms: over(histogram.percentile(99)), maxMs: over(histogram.max) }),
    reset: () => histogram.reset(),
    stop: () => {
      histogram.disable();
    },
  };
}

import { monitorEventLoopDelay } from 'node:perf_hooks';

export interface OwnLoopDelay {
  start(): void;
  stop(): void;
  /** Undefined before there is anything to tell. */
  p99Seconds(): number | undefined;
}

const resolutionMs = 5;
/** A delay shows for at least so long, whoever scrapes how often. */
const windowMs = 5_000;

/** How long this process' event loop was held up, in a window that moves on. */
export function ownLoopDelay(): OwnLoopDelay {
  const histogram = monitorEventLoopDelay({ resolution: resolutionMs });
  let fromMs = performance.now();
  let before: number | undefined;
  const read = (): number | undefined => (histogram.count === 0 ? undefined : Math.max(0, histogram.percentile(99) / 1e9 - resolutionMs / 1_000));
  return {
    start: () => void histogram.enable(),
    stop: () => void histogram.disable(),
    p99Seconds() {
      const now = read();
      const shown = now === undefined || before === undefined ? (now ?? before) : Math.max(now, before);
      if (performance.now() - fromMs >= windowMs) {
        before = now;
        fromMs = performance.now();
        histogram.reset();
      }
      return shown;
    },
  };
}

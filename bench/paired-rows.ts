/** What the blocks of two sides are compared by, and how the difference is written. */
import { at, type Row } from './case.ts';
import type { DriveResult } from './drive-job.ts';
import { type Estimate, isWithin } from './paired.ts';

/** Microseconds of the server's CPU a request or stream, one value a block. */
export function cpuUs(results: readonly DriveResult[]): number[] {
  return results.map(({ serverCpu, totals }) => (serverCpu / totals.achievedPerSecond) * 1e6);
}

export function p99s(results: readonly DriveResult[]): number[] {
  return results.map(({ metrics }) => at(metrics.latency, 0.99));
}

/** Where the interval holds the bound, the blocks differ too much to decide it. */
export function metIfDecided(estimate: Estimate, bound: number): Pick<Row, 'met'> {
  const met = isWithin(estimate, bound);
  return met === undefined ? {} : { met };
}

export function estimateText({ middle, low, high }: Estimate, digits: number): string {
  return Number.isFinite(low) ? `${middle.toFixed(digits)} (95%: ${low.toFixed(digits)} to ${high.toFixed(digits)})` : middle.toFixed(digits);
}

/** Histogram boundaries, in seconds: one set for both sides of an operation, so that client and server can be laid over one another. */

/**
 * 1 ms to 30 s. Where the operations live, from 3 ms (a cached asset) to 5 s (a whole completion), a step is at most 15%, so that a quantile that is interpolated
 * inside a bucket is near the true one. Every objective is a boundary: 0.15, 0.7, 1, 1.5 and 5 s (`class-objectives.ts`). One set for all classes: only histograms
 * with the same boundaries can be added up.
 */
export const latencyBuckets: readonly number[] = [
  [0.001, 0.002],
  [0.003, 0.0034, 0.0039, 0.0044, 0.005, 0.0057, 0.0065, 0.0074, 0.0085, 0.0097],
  [0.011, 0.0125, 0.014, 0.016, 0.018, 0.0205, 0.0235, 0.027, 0.031, 0.035, 0.04, 0.045],
  [0.05, 0.056, 0.063, 0.07, 0.078, 0.087, 0.097, 0.108, 0.12, 0.135, 0.15],
  [0.17, 0.19, 0.215, 0.24, 0.27, 0.3, 0.335, 0.375, 0.42, 0.47, 0.525, 0.585, 0.64, 0.7],
  [0.8, 0.9, 1, 1.12, 1.25, 1.4, 1.5, 1.7, 1.95, 2.2, 2.45, 2.75, 3.1, 3.5, 3.95, 4.45, 5],
  [6, 7.5, 10, 15, 20, 30],
].flat();

/** For what has many series and is only looked at roughly: hops, queries, waiting. The objectives are among them. */
export const coarseBuckets: readonly number[] = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.4, 0.7, 1, 2.5, 5, 10];

/** What may be below zero: lateness and residuals. */
export const signedBuckets: readonly number[] = [-0.01, -0.001, 0, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1];

/** A boundary as the `le` label has it: a float, since Prometheus 3 and OpenMetrics have `1.0` where Prometheus 2 keeps what it is given. */
export function bucketLabel(boundSeconds: number): string {
  return Number.isInteger(boundSeconds) ? boundSeconds.toFixed(1) : String(boundSeconds);
}

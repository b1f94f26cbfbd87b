import type { GateMetric } from './types.ts';

/** Largest slowdown of each quantile that is no regression, and the difference that is none whatever its ratio. Where nothing else is said. */
export const defaultMargins = { p50: 0.05, p95: 0.1, p99: 0.25, floorMs: 0.3 } as const;

/**
 * The margin of a metric on the scale of effects: ln(1 + margin), or what the floor is at the base's level, whichever is larger. Below 6 ms a margin of 5% is less than
 * the floor of 0.3 ms.
 */
export function effectMargin({ margin, floorMs }: Pick<GateMetric, 'margin' | 'floorMs'>, baseMs: number): number {
  return Math.log1p(Math.max(margin, baseMs > 0 ? floorMs / baseMs : 0));
}

import { type BurnWindow, metricLabels as labels, recordedNames } from '../../scenarios/names.ts';
import { type Selector, series } from '../build/promql.ts';

/** How many times faster than allowed the budget of each promise goes, over the window. */
export function burnOver(window: BurnWindow, selector: Selector = {}): string {
  return `${series(recordedNames.badRatio[window], selector)} / on (${labels.latencyClass}, ${labels.slo}) ${recordedNames.budget}`;
}

export const { budgetLeft } = recordedNames;

/**
 * Seconds since the burn was last below 1, or there was no traffic: 0 while it is below, the whole range where it never was, nothing without traffic. It looks every 5 s.
 * @param burn of one series, without labels
 */
export function unhealthyFor(burn: string): string {
  const age = `time() - max_over_time(timestamp(((${burn} >= bool 1) or vector(0)) == 0)[$__range:5s])`;
  return `(${burn} < 1) * 0 or (${burn} >= 1) * 0 + (${age}) or (${burn} >= 1) * 0 + $__range_s`;
}

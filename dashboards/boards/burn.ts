import { type BurnWindow, metricLabels as labels, recordedNames } from '../../scenarios/names.ts';

/** How many times faster than allowed the budget of each promise goes, over the window. */
export function burnOver(window: BurnWindow): string {
  return `${recordedNames.badRatio[window]} / on (${labels.latencyClass}, ${labels.slo}) ${recordedNames.budget}`;
}

export const { budgetLeft } = recordedNames;

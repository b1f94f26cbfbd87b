import { shipped } from '../../scenarios/index.ts';
import { validityLimits } from '../../scenarios/validity-limits.ts';
import type { Objective } from '../../scenarios/types.ts';
import type { Limit } from './panel.ts';

/** Beyond these a run is invalid, in the units of the panels. */
export const validity = {
  scheduleLagSeconds: validityLimits.scheduleLagP99Ms / 1_000,
  scheduleLagShareOfMedian: validityLimits.scheduleLagShareOfMedian,
  droppedRatio: validityLimits.droppedRatio,
  loopDelaySeconds: validityLimits.loopDelayP99Ms / 1_000,
} as const;

/** As texts write a share: 0.001 is 0.1%. */
export function percent(ratio: number): string {
  return `${Number((100 * ratio).toFixed(3))}%`;
}

/** As texts write a short time: 0.01 is 10 ms. */
export function millis(seconds: number): string {
  return `${Number((1_000 * seconds).toFixed(3))} ms`;
}

/**
 * What a scenario's objective allows, in seconds (ratios as they are): the lines in panels come from there. The first that fits.
 * Throws where there is none, so that no panel loses its line unseen.
 */
export function boundOf(scenario: string, wanted: Partial<Objective>): number {
  const objectives = shipped[scenario]?.objectives ?? [];
  const found = objectives.find((objective) => Object.entries(wanted).every(([key, value]) => objective[key as keyof Objective] === value));
  const bound = found?.max ?? found?.min;
  if (bound === undefined) throw new Error(`scenario "${scenario}" has no objective like ${JSON.stringify(wanted)}`);
  return wanted.metric?.endsWith('Ratio') ? bound : bound / 1_000;
}

/** Beyond the bound it is bad. */
export function limitsOf(scenario: string, wanted: Partial<Objective>): Limit[] {
  return [{ from: boundOf(scenario, wanted), colour: 'bad' }];
}

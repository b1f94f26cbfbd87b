import { shipped } from '../../scenarios/index.ts';
import type { Objective } from '../../scenarios/types.ts';
import type { Limit } from './panel.ts';

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

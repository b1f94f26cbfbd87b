import { classObjectives } from '../../scenarios/class-objectives.ts';
import type { LatencyClass } from '../../scenarios/types.ts';
import type { Limit } from '../build/panel.ts';

/** What the service promises of the class, as the line of a panel in seconds. */
export function classLimits(latencyClass: LatencyClass): Limit[] {
  return [{ from: classObjectives[latencyClass].latency.maxMs / 1_000, colour: 'bad' }];
}

export function firstEventLimits(): Limit[] {
  const { firstEvent } = classObjectives.completion;
  if (!firstEvent) throw new Error('completions have no promise for their first event');
  return [{ from: firstEvent.maxMs / 1_000, colour: 'bad' }];
}

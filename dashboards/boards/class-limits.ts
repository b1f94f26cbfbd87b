import { classObjectives } from '../../scenarios/class-objectives.ts';
import type { LatencyClass } from '../../scenarios/types.ts';
import type { Limit } from '../build/panel.ts';

const [strictest] = Object.values(classObjectives)
  .map((objectives) => objectives.availability)
  .sort((one, other) => one.allowedRatio - other.allowedRatio);
if (!strictest) throw new Error('no latency class has a promise of availability');
/** Of all classes together: what the strictest of them promises. */
export const availability = strictest;

export const availabilityLimits: readonly Limit[] = [{ from: availability.allowedRatio, colour: 'bad' }];

/** What the service promises of the class, as the line of a panel in seconds. */
export function classLimits(latencyClass: LatencyClass): Limit[] {
  return [{ from: classObjectives[latencyClass].latency.maxMs / 1_000, colour: 'bad' }];
}

export function firstEventLimits(): Limit[] {
  const { firstEvent } = classObjectives.completion;
  if (!firstEvent) throw new Error('completions have no promise for their first event');
  return [{ from: firstEvent.maxMs / 1_000, colour: 'bad' }];
}

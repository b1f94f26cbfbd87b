/**
 * Our own driver. Open model: a request's latency counts from when the schedule said it should leave, whatever the server or this process did meanwhile.
 * It never retries. `sentAtMs` is when a request left the schedule and the queue for a connection: opening one is part of it (`connectMs`).
 * A step whose parent did not end ok is not sent; the journey then has that outcome.
 */
import { graphFaults } from '../../plan/journey-graph.ts';
import type { Leg } from '../../plan/plan.ts';
import { resolveStep } from '../../../scenarios/request.ts';
import type { Driver } from '../driver.ts';
import { LegDrive } from './leg-drive.ts';

export const nativeDriver: Driver = {
  name: 'native',
  refuse(leg) {
    const faults = faultsOf(leg);
    return faults.length > 0 ? faults.join('; ') : undefined;
  },
  drive(leg, context) {
    return new LegDrive(leg, context).run();
  },
};

function faultsOf(leg: Leg): string[] {
  const faults = leg.scenario.journeys.flatMap(graphFaults);
  for (const journey of leg.scenario.journeys) {
    for (const step of journey.steps) {
      if ('workMs' in step) continue;
      try {
        resolveStep(step);
      } catch (error) {
        faults.push(error instanceof Error ? error.message : String(error));
      }
    }
  }
  if (leg.load.kind === 'closed' && !(leg.load.vus >= 1)) faults.push(`load.vus: ${leg.load.vus}; expected 1 or more`);
  return faults;
}

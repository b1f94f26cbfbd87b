/** A lower rate where the pilot shows that the machine cannot deliver the one there is. Pure. */
import type { EpochShape } from './epoch-plan.ts';
import type { EpochRecord } from './epoch-record.ts';
import { type FittedEpoch, fitEpoch } from './fit-epoch.ts';

/** The noise of one epoch is no reason. */
const invalidBefore = 2;

export interface EasedLoad extends Pick<FittedEpoch, 'samplesOf'> {
  shape: EpochShape;
  /** One line a scenario. */
  notes: string[];
}

/**
 * Half the rate for each scenario whose load was not delivered in 2 epochs of `records`, by whosever fault: all of them are of one rate. Undefined: no such scenario, or
 * something else is wrong, which a lower rate does not mend.
 * @param longestMs of an epoch's measured part; undefined: as `fitEpoch` has it
 */
export function easeLoad(shape: EpochShape, records: readonly Pick<EpochRecord, 'faults'>[], longestMs: number | undefined): EasedLoad | undefined {
  if (records.some(({ faults }) => faults.some(({ kind }) => kind !== 'load'))) return undefined;
  const times = (name: string): number => records.filter(({ faults }) => faults.some(({ scenario }) => scenario === name)).length;
  const isLate = ({ loaded }: EpochShape['scenarios'][number]): boolean => times(loaded.scenario.name) >= invalidBefore;
  if (!shape.scenarios.some(isLate)) return undefined;
  const scenarios = shape.scenarios.map((part) => (isLate(part) ? { ...part, load: { ...part.load, ratePerSecond: part.load.ratePerSecond / 2 } } : part));
  const { durationMs, samplesOf, notes } = fitEpoch(scenarios, shape.samplesEach, longestMs);
  const lowered = scenarios
    .filter((_, index) => shape.scenarios[index] !== scenarios[index])
    .map(
      ({ loaded, load }) =>
        `${loaded.scenario.name}: ${load.ratePerSecond}/s a side instead of ${2 * load.ratePerSecond}/s, which this machine did not deliver in time`,
    );
  return { shape: { ...shape, scenarios, durationMs }, samplesOf, notes: [...lowered, ...notes] };
}

/** Whether an epoch can be judged at all. Pure. */
import type { ValidityCheck } from '../../results/run-file.ts';
import type { SideName } from '../types.ts';
import type { EpochFault, EpochRecord, ScenarioCounts } from './epoch-record.ts';

const names: readonly SideName[] = ['base', 'head'];
/** Checks of the driver itself, which both sides share. */
const ofTheDriver: ReadonlySet<ValidityCheck['name']> = new Set(['scheduleLag', 'loopDelay', 'achieved']);

/** What the counts and checks of both sides say against the epoch; the faults that are in the record already are not repeated. */
export function epochFaults({ sides, faults }: Pick<EpochRecord, 'sides' | 'faults'>): EpochFault[] {
  if (faults.some(({ kind }) => kind === 'broken')) return [];
  return names.flatMap((side) => sides[side].scenarios.flatMap((scenario) => scenarioFaults(side, scenario)));
}

function scenarioFaults(side: SideName, { scenario, counts, checks, errors }: ScenarioCounts): EpochFault[] {
  const sent = counts.ok + counts.failed + counts.timeout + counts.aborted;
  const [worst] = errors;
  const onlyDropped = sent === 0 && counts.dropped > 0;
  if (counts.ok === 0 && counts.aborted === 0 && !onlyDropped) {
    const why = worst ? `, most often: ${worst.example}` : '';
    return [{ side, kind: 'broken', text: `${scenario}: none of ${sent} requests was answered ok${why}` }];
  }
  // What was dropped because the side let too much pile up was not sent either: that is no fault of the driver.
  const piledUp = checks.some(({ name }) => name === 'dropped');
  return checks
    .filter(({ name }) => !(piledUp && name === 'achieved'))
    .map(({ name, text }): EpochFault => {
      if (ofTheDriver.has(name)) return { kind: 'load', scenario, text: `${scenario}, driving ${side}: ${text}` };
      if (name === 'dropped') return { side, kind: 'load', scenario, text: `${scenario}: it cannot take the offered load: ${text}` };
      return { side, kind: 'load', scenario, text: `${scenario}: ${text}` };
    });
}

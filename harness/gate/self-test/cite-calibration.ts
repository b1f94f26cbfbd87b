/** What a gate says of the calibration that is at hand. */
import { relative } from 'node:path';
import type { Machine } from '../../results/run-file.ts';
import type { CalibrationCited } from '../gate-file.ts';
import { calibrationPath, type CalibrationPart, readCalibration } from './calibration-file.ts';

/** The gate it is cited in. */
export interface CitingGate {
  machine: Machine;
  plumbline: string;
  draws: 'keyed' | 'independent';
}

/** Undefined: there is none for such draws. Of another machine or version it says so, and nothing else. Throws UsageError `bad_calibration`. */
export async function citedCalibration(cwd: string, given: string | undefined, gate: CitingGate): Promise<CalibrationCited | undefined> {
  const path = calibrationPath(cwd, given);
  const part = (await readCalibration(path))?.parts.find(({ draws }) => draws === gate.draws);
  return part && { file: relative(cwd, path), text: citation(part, gate) };
}

/** Pure. */
export function citation(part: CalibrationPart, { machine, plumbline }: Pick<CitingGate, 'machine' | 'plumbline'>): string {
  if (JSON.stringify(part.machine) !== JSON.stringify(machine)) {
    const { cpu, cores, node } = part.machine;
    return `is of another machine (${cpu}, ${cores} cores, Node ${node}) and says nothing of this one`;
  }
  if (part.plumbline !== plumbline) return `is of plumbline ${part.plumbline} and says nothing of ${plumbline}`;
  const none = part.injections.find(({ expected }) => expected === 'none');
  if (!none) return 'has no epochs without a change: nothing is known of false alarms';
  const { resampled, bound } = none;
  const alarms = `on this machine: ${bound.count} false ${bound.count === 1 ? 'alarm' : 'alarms'} in ${bound.sets} sets`;
  const atMost = bound.bound === undefined ? '' : `, at most ${(100 * bound.bound).toFixed(bound.bound < 0.1 ? 1 : 0)}% (95% bound)`;
  const drawn = resampled.sets === 0 ? '' : `; ${((100 * resampled.fail) / resampled.sets).toFixed(2)}% of ${resampled.sets} resampled ones`;
  return `${alarms}${atMost}${drawn}; the reference server, ${part.draws} draws`;
}

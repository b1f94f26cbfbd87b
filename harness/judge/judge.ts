import type { Objective } from '../../scenarios/types.ts';
import type { LegMeasurement, LegResult } from '../results/run-file.ts';
import { judgeObjectives } from './objectives.ts';
import { judgeValidity } from './validity.ts';

/** From what was measured to a judged leg. */
export function toLegResult(measurement: LegMeasurement, objectives: readonly Objective[]): LegResult {
  return { ...measurement, validity: judgeValidity(measurement), objectives: judgeObjectives(measurement, objectives) };
}

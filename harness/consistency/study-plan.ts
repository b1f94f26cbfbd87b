/** A study as a plan: a leg for each cell, one after another. Pure. */
import type { Scenario } from '../../scenarios/types.ts';
import type { Study } from '../../scenarios/study-types.ts';
import { assemblePlan, type PlanRequest } from '../plan/make-plan.ts';
import type { Leg, Plan } from '../plan/plan.ts';
import type { Cell } from './cells.ts';

export interface StudyPlan {
  plan: Plan;
  /** By leg id. */
  cells: Map<string, Cell>;
}

/** @param file that the study came from */
export function studyPlan(
  study: Study,
  file: string,
  cells: readonly Cell[],
  request: Pick<PlanRequest, 'seed' | 'target' | 'maxRequests' | 'startedAt'>,
): StudyPlan {
  const byLeg = new Map<string, Cell>();
  const stages = cells.map((cell): Leg[] => {
    const id = `${study.name}/${cell.name}`;
    byLeg.set(id, cell);
    return [legOf(study, file, id)];
  });
  return { plan: assemblePlan(stages, request), cells: byLeg };
}

function legOf(study: Study, scenarioFile: string, id: string): Leg {
  const load = { kind: 'poisson', ratePerSecond: study.ratePerSecond } as const;
  const durationMs = (study.count / study.ratePerSecond) * 1_000;
  const scenario: Scenario = {
    name: study.name,
    description: study.description,
    load,
    durationMs,
    users: study.users,
    ...(study.setup && { setup: study.setup }),
    ...(study.variables && { variables: study.variables }),
    ...(study.headers && { headers: study.headers }),
    journeys: [{ name: study.name, steps: [...study.channels.map(({ write }) => write), study.read] }],
    objectives: [],
    timeoutMs: study.timeoutMs,
  };
  return { id, scenario, scenarioFile, driver: 'native', load, warmupMs: 0, durationMs, maxInFlight: 10_000, timeoutMs: study.timeoutMs, users: study.users };
}

/** A scenario made ready to run: everything that is the same for each arrival, worked out once. */
import { baggageKeys } from '../../../scenarios/names.ts';
import { isWork, parentsOf, resolveStep } from '../../../scenarios/request.ts';
import type { ResolvedStep } from '../../../scenarios/request.ts';
import type { Journey, Scenario } from '../../../scenarios/types.ts';

export interface PreparedStep {
  id: string;
  index: number;
  parents: number[];
  children: number[];
  delayMs: number;
  /** Either work or a request. */
  workMs: number | undefined;
  request: PreparedRequest | undefined;
}

export interface PreparedRequest {
  resolved: ResolvedStep;
  baggage: string;
  /** Names the body of a plain response as wanted: a capture reads it. */
  needsBody: boolean;
  hasCaptures: boolean;
}

export interface PreparedJourney {
  journey: Journey;
  steps: PreparedStep[];
  roots: number[];
  isBrowser: boolean;
}

/** Throws for an operation that is neither known nor described; the graph must be sound. */
export function prepareJourney(journey: Journey, scenario: Scenario, runId: string): PreparedJourney {
  const parents = parentsOf(journey);
  const indexOf = new Map(journey.steps.map((step, index) => [step.id, index]));
  const steps = journey.steps.map((step, index): PreparedStep => {
    const prepared: PreparedStep = {
      id: step.id,
      index,
      parents: (parents.get(step.id) ?? []).map((id) => indexOf.get(id) ?? -1).filter((parent) => parent !== -1),
      children: [],
      delayMs: step.delayMs ?? 0,
      workMs: undefined,
      request: undefined,
    };
    if (isWork(step)) {
      prepared.workMs = step.workMs;
    } else {
      const captures = Object.values(step.capture ?? {});
      prepared.request = {
        resolved: resolveStep(step),
        baggage: baggageOf(runId, scenario.name, step.id),
        needsBody: captures.some((where) => where.startsWith('body.')),
        hasCaptures: captures.length > 0,
      };
    }
    return prepared;
  });
  for (const step of steps) {
    // A parent that is named twice counts once.
    step.parents = [...new Set(step.parents)];
    for (const parent of step.parents) steps[parent]?.children.push(step.index);
  }
  return { journey, steps, roots: steps.filter((step) => step.parents.length === 0).map((step) => step.index), isBrowser: journey.connections === 'browser' };
}

export function baggageOf(runId: string, scenario: string, step: string): string {
  const pairs = [
    [baggageKeys.run, runId],
    [baggageKeys.scenario, scenario],
    [baggageKeys.step, step],
  ] as const;
  return pairs.map(([key, value]) => `${key}=${encodeURIComponent(value)}`).join(',');
}

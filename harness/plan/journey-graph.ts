/** Arithmetic of a journey's graph: no clock, no I/O. */
import { parentsOf } from '../../scenarios/request.ts';
import type { Journey, Step } from '../../scenarios/types.ts';

/** Every fault of the graph, each with its path; empty when it is sound. */
export function graphFaults(journey: Journey): string[] {
  const faults: string[] = [];
  const where = `journey "${journey.name}"`;
  if (journey.steps.length === 0) faults.push(`${where}: has no steps`);
  const seen = new Set<string>();
  for (const [index, step] of journey.steps.entries()) {
    if (seen.has(step.id)) faults.push(`${where} steps[${index}].id: "${step.id}" is used twice; ids are unique in a journey`);
    seen.add(step.id);
  }
  for (const [index, step] of journey.steps.entries()) {
    for (const parent of step.after ?? []) {
      if (!seen.has(parent)) faults.push(`${where} steps[${index}].after: no step "${parent}"; there are: ${[...seen].join(', ')}`);
    }
    if (step.delayMs !== undefined && !(step.delayMs >= 0)) faults.push(`${where} steps[${index}].delayMs: ${step.delayMs}; expected 0 or more`);
    if ('workMs' in step && !(step.workMs >= 0)) faults.push(`${where} steps[${index}].workMs: ${step.workMs}; expected 0 or more`);
  }
  for (const [name, steps] of Object.entries(journey.milestones ?? {})) {
    if (steps.length === 0) faults.push(`${where} milestones.${name}: names no steps`);
    for (const step of steps) {
      if (!seen.has(step)) faults.push(`${where} milestones.${name}: no step "${step}"`);
    }
  }
  const cycle = stepsInCycles(journey);
  if (cycle.length > 0) faults.push(`${where}: these steps can never start, they wait for one another: ${cycle.join(', ')}`);
  return faults;
}

/** Ids of the steps that can never start: those on a cycle and those behind one. Unknown parents are ignored. */
function stepsInCycles(journey: Journey): string[] {
  const parents = new Map<string, readonly string[]>();
  let previous: string | undefined;
  for (const step of journey.steps) {
    // An id that is used twice is its own fault, and the second is not a cycle with the first.
    const implied = previous === undefined || previous === step.id ? [] : [previous];
    parents.set(step.id, step.after ?? implied);
    previous = step.id;
  }
  const left = new Set(parents.keys());
  for (let removed = true; removed; ) {
    removed = false;
    for (const id of left) {
      if ((parents.get(id) ?? []).some((parent) => left.has(parent))) continue;
      left.delete(id);
      removed = true;
    }
  }
  return [...left];
}

/**
 * When each step ends if nothing has to wait for a connection: milliseconds from the journey's start, given each step's own duration.
 * The graph must be sound. A step starts when its last parent has ended plus its delay.
 */
export function endsWithoutQueues(journey: Journey, durationMs: (step: Step) => number): Map<string, number> {
  const parents = parentsOf(journey);
  const byId = new Map(journey.steps.map((step) => [step.id, step]));
  const ends = new Map<string, number>();
  const endOf = (id: string): number => {
    const known = ends.get(id);
    if (known !== undefined) return known;
    const step = byId.get(id);
    if (!step) throw new Error(`journey "${journey.name}": no step "${id}"`);
    let startMs = 0;
    for (const parent of parents.get(id) ?? []) startMs = Math.max(startMs, endOf(parent));
    const endMs = startMs + (step.delayMs ?? 0) + durationMs(step);
    ends.set(id, endMs);
    return endMs;
  };
  for (const step of journey.steps) endOf(step.id);
  return ends;
}

/** Each milestone whose steps have all ended: when the last of them did, on the clock of `endsMs`. */
export function milestonesOf(journey: Journey, endsMs: ReadonlyMap<string, number>): Record<string, number> {
  const reached: Record<string, number> = {};
  for (const [name, steps] of Object.entries(journey.milestones ?? {})) {
    let latest = Number.NEGATIVE_INFINITY;
    for (const step of steps) latest = Math.max(latest, endsMs.get(step) ?? Number.POSITIVE_INFINITY);
    if (Number.isFinite(latest)) reached[name] = latest;
  }
  return reached;
}

/** The chain that determined the end: from a root to the step that ended last, each link the parent that ended last (of equals the one named first). */
export function criticalPathOf(journey: Journey, endsMs: ReadonlyMap<string, number>): string[] {
  const parents = parentsOf(journey);
  let last = latestOf([...endsMs.keys()], endsMs);
  const path: string[] = [];
  while (last !== undefined) {
    path.unshift(last);
    last = latestOf(parents.get(last) ?? [], endsMs);
  }
  return path;
}

/** The parent that ended last, of equals the one named first; undefined when none has ended. */
function latestOf(ids: readonly string[], endsMs: ReadonlyMap<string, number>): string | undefined {
  let latest: string | undefined;
  let latestMs = Number.NEGATIVE_INFINITY;
  for (const id of ids) {
    const endMs = endsMs.get(id);
    if (endMs === undefined || endMs <= latestMs) continue;
    latest = id;
    latestMs = endMs;
  }
  return latest;
}

/** A journey as k6 can run it: levels of requests, one batch each. Pure. */
import { isWork, parentsOf } from '../request.ts';
import type { Journey, RequestStep } from '../types.ts';

export interface Level {
  /** Slept before the batch: the longest delay plus declared client work that lies between the level before and any request of this one. */
  waitMs: number;
  requests: LevelRequest[];
}

export interface LevelRequest {
  step: RequestStep;
  /** The requests that must have gone well, work steps between them left out. */
  parents: string[];
  /** The deepest of them. */
  parentStep?: string;
}

interface Place {
  level: number;
  /** Client work and delays since that level. */
  waitMs: number;
  requests: string[];
}

/**
 * A request is one level below the deepest request that it waits for; work steps hold no level of their own, their time is waited.
 * A batch ends with its slowest request, so a level starts no earlier than a browser's would, and often later.
 * Throws on a parent that does not exist and on a circle.
 */
export function levelsOf(journey: Journey): Level[] {
  const known = worked.get(journey);
  if (known) return known;
  const levels = workOut(journey);
  worked.set(journey, levels);
  return levels;
}

/** Each virtual user asks several times. */
const worked = new WeakMap<Journey, Level[]>();

function workOut(journey: Journey): Level[] {
  const steps = new Map(journey.steps.map((step) => [step.id, step]));
  const parents = parentsOf(journey);
  const levels: Level[] = [];
  const places = new Map<string, Place>();
  const open = new Set<string>();

  const placeOf = (id: string): Place => {
    const known = places.get(id);
    if (known) return known;
    const step = steps.get(id);
    if (!step) throw new Error(`journey "${journey.name}": a step waits for "${id}", which is not one of its steps`);
    if (open.has(id)) throw new Error(`journey "${journey.name}": step "${id}" waits for itself`);
    open.add(id);
    const before = (parents.get(id) ?? []).map(placeOf);
    open.delete(id);
    const level = Math.max(-1, ...before.map((place) => place.level));
    const deepest = before.filter((place) => place.level === level);
    const waitMs = Math.max(0, ...deepest.map((place) => place.waitMs)) + (step.delayMs ?? 0);
    // The deepest first, so that it is the parent which is named.
    const requests = [...new Set([...deepest, ...before].flatMap((place) => place.requests))];
    if (isWork(step)) {
      const place: Place = { level, waitMs: waitMs + step.workMs, requests };
      places.set(id, place);
      return place;
    }
    const own = levels[level + 1] ?? { waitMs: 0, requests: [] };
    levels[level + 1] = own;
    own.waitMs = Math.max(own.waitMs, waitMs);
    const [parentStep] = requests;
    own.requests.push(parentStep === undefined ? { step, parents: requests } : { step, parents: requests, parentStep });
    const place: Place = { level: level + 1, waitMs: 0, requests: [id] };
    places.set(id, place);
    return place;
  };

  for (const step of journey.steps) placeOf(step.id);
  const order = new Map(journey.steps.map((step, index) => [step.id, index]));
  for (const level of levels) level.requests.sort((a, b) => (order.get(a.step.id) ?? 0) - (order.get(b.step.id) ?? 0));
  return levels;
}

/**
 * A scenario's requests as one endless sequence for a generator that knows connections and no journeys. Pure.
 * A request is handed out when its parents have ended well, of whichever arrival; when none is ready the next arrival begins, so that no connection ever waits.
 * Delays and declared client work take no time here: it is a closed loop.
 */
import { isWork, journeyOf, parentsOf, type ResolvedStep, requestVariables, resolveStep, type Variables } from '../request.ts';
import type { Journey, Scenario } from '../types.ts';

export interface SpreadRequest {
  arrival: number;
  journey: string;
  resolved: ResolvedStep;
  parentStep: string | undefined;
  /** The user's, those captured so far, and those that every request has. */
  variables: Variables;
  key: string;
}

export interface Spread {
  next(): SpreadRequest;
  /** It ended: with `ok` what depends on it may go, else not, since a user would not get there. */
  ended(request: SpreadRequest, ok: boolean, found: Variables): void;
  /** It never reached the server, and is the next to be handed out. */
  giveBack(request: SpreadRequest): void;
}

interface Going {
  arrival: number;
  journey: Journey;
  variables: Variables;
  parentsLeft: Map<string, number>;
  /** Requests ready or under way; at 0 the journey is over. */
  active: number;
}

/** Throws for a journey that has no request. */
export function spread(scenario: Scenario, seed: number, users: readonly Variables[]): Spread {
  const ready: { going: Going; step: string; parentStep: string | undefined }[] = [];
  const going = new Map<number, Going>();
  const returned: SpreadRequest[] = [];
  const shapes = new Map(scenario.journeys.map((journey) => [journey, shapeOf(journey)]));
  let arrivals = 0;

  const start = (): void => {
    const arrival = arrivals;
    arrivals += 1;
    const journey = journeyOf(scenario, seed, arrival);
    const shape = shapes.get(journey);
    if (!shape) return;
    const one: Going = {
      arrival,
      journey,
      variables: users[arrival % users.length] ?? {},
      parentsLeft: new Map([...shape.parents].map(([id, parents]) => [id, parents.length])),
      active: 0,
    };
    going.set(arrival, one);
    for (const [id, parents] of shape.parents) if (parents.length === 0) open(one, id, undefined);
  };

  const open = (one: Going, id: string, parentStep: string | undefined): void => {
    const shape = shapes.get(one.journey);
    if (shape?.work.has(id)) release(one, id, parentStep);
    else {
      one.active += 1;
      ready.push({ going: one, step: id, parentStep });
    }
  };

  const release = (one: Going, id: string, parentStep: string | undefined): void => {
    for (const child of shapes.get(one.journey)?.children.get(id) ?? []) {
      const left = (one.parentsLeft.get(child) ?? 0) - 1;
      one.parentsLeft.set(child, left);
      if (left === 0) open(one, child, parentStep);
    }
  };

  return {
    next() {
      const back = returned.pop();
      if (back) return back;
      while (ready.length === 0) start();
      const { going: one, step, parentStep } = ready.shift() as (typeof ready)[number];
      const resolved = shapes.get(one.journey)?.resolved.get(step);
      if (!resolved) throw new Error(`journey "${one.journey.name}" has no request step "${step}"`);
      const variables = requestVariables(one.variables, seed, scenario.name, one.arrival, step);
      return { arrival: one.arrival, journey: one.journey.name, resolved, parentStep, variables, key: variables['key'] ?? '' };
    },
    ended(request, ok, found) {
      const one = going.get(request.arrival);
      if (!one) return;
      if (ok) {
        one.variables = { ...one.variables, ...found };
        release(one, request.resolved.step.id, request.resolved.step.id);
      }
      one.active -= 1;
      if (one.active === 0) going.delete(request.arrival);
    },
    giveBack: (request) => returned.push(request),
  };
}

interface Shape {
  parents: Map<string, readonly string[]>;
  children: Map<string, string[]>;
  resolved: Map<string, ResolvedStep>;
  work: Set<string>;
}

function shapeOf(journey: Journey): Shape {
  const shape: Shape = { parents: new Map(), children: new Map(), resolved: new Map(), work: new Set() };
  for (const step of journey.steps) {
    if (isWork(step)) shape.work.add(step.id);
    else shape.resolved.set(step.id, resolveStep(step));
  }
  for (const [id, parents] of parentsOf(journey)) {
    const once = [...new Set(parents)];
    shape.parents.set(id, once);
    for (const parent of once) shape.children.set(parent, [...(shape.children.get(parent) ?? []), id]);
  }
  if (shape.resolved.size === 0) throw new Error(`journey "${journey.name}" has no request`);
  return shape;
}

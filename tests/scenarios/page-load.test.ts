import { expect, it } from 'vitest';
import { endsWithoutQueues, milestonesOf } from '../../harness/plan/journey-graph.ts';
import { drawRequest } from '../../reference-server/latency/draw.ts';
import { loadProfile } from '../../reference-server/latency/profile.ts';
import { isWork, parentsOf, requestKey, resolveStep } from '../../scenarios/request.ts';
import scenario from '../../scenarios/page-load.ts';
import type { Journey, Step } from '../../scenarios/types.ts';

/** What a request takes over its draw on loopback, HTTP/2 with TLS, on a machine that is not busy: the lower quartile of docs/page-load.md. */
const transportMs = 5;
const loads = 200;
const profile = loadProfile('observed');
const journey = scenario.journeys[0] as Journey;

function durations(arrival: number, workFactor: number): (step: Step) => number {
  return (step) => {
    if (isWork(step)) return step.workMs * workFactor;
    return drawRequest(profile, { name: resolveStep(step).operation }, requestKey(1, scenario.name, arrival, step.id)).totalMs + transportMs;
  };
}

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return ((sorted[Math.ceil(sorted.length / 2) - 1] as number) + (sorted[Math.floor(sorted.length / 2)] as number)) / 2;
}

type Ends = (arrival: number) => ReadonlyMap<string, number>;
function medians(ends: Ends, count = loads): { domContentLoaded: number; load: number } {
  const reached = Array.from({ length: count }, (_, arrival) => milestonesOf(journey, ends(arrival)));
  return { domContentLoaded: median(reached.map((one) => one['domContentLoaded'] as number)), load: median(reached.map((one) => one['load'] as number)) };
}

const unlimited =
  (workFactor: number): Ends =>
  (arrival) =>
    endsWithoutQueues(journey, durations(arrival, workFactor));

/** The same graph where an origin carries so many requests at once, first come first served; work steps hold no connection. */
function endsWithConnections(arrival: number, perOrigin: number): Map<string, number> {
  const durationOf = durations(arrival, 1);
  const parents = parentsOf(journey);
  const left = new Map(journey.steps.map((step) => [step.id, parents.get(step.id)?.length ?? 0]));
  const ends = new Map<string, number>();
  const busy = new Map<string, number>();
  const waiting = new Map<string, Step[]>();
  const events: { atMs: number; happen: () => void }[] = [];
  let nowMs = 0;
  const at = (atMs: number, happen: () => void): void => {
    events.push({ atMs, happen });
  };
  const end = (step: Step): void => {
    ends.set(step.id, nowMs);
    for (const child of journey.steps) {
      if (!parents.get(child.id)?.includes(step.id)) continue;
      const count = (left.get(child.id) ?? 0) - 1;
      left.set(child.id, count);
      if (count === 0) at(nowMs + (child.delayMs ?? 0), () => begin(child));
    }
  };
  const begin = (step: Step): void => {
    if (isWork(step)) {
      at(nowMs + step.workMs, () => end(step));
      return;
    }
    const { origin } = resolveStep(step);
    const queue = waiting.get(origin) ?? [];
    waiting.set(origin, queue);
    if ((busy.get(origin) ?? 0) >= perOrigin) {
      queue.push(step);
      return;
    }
    busy.set(origin, (busy.get(origin) ?? 0) + 1);
    at(nowMs + durationOf(step), () => {
      busy.set(origin, (busy.get(origin) ?? 0) - 1);
      end(step);
      const next = queue.shift();
      if (next) begin(next);
    });
  };
  for (const step of journey.steps) if (left.get(step.id) === 0) at(step.delayMs ?? 0, () => begin(step));
  while (events.length > 0) {
    let first = 0;
    for (let index = 1; index < events.length; index += 1) if ((events[index]?.atMs ?? 0) < (events[first]?.atMs ?? 0)) first = index;
    const [event] = events.splice(first, 1);
    nowMs = event?.atMs ?? nowMs;
    event?.happen();
  }
  return ends;
}

it('takes 1.7 s to DOMContentLoaded and 2.3 s to load on HTTP/2 and observed, medians within 5%', () => {
  const { domContentLoaded, load } = medians(unlimited(1));
  expect(Math.abs(domContentLoaded - 1_700)).toBeLessThan(0.05 * 1_700);
  expect(Math.abs(load - 2_300)).toBeLessThan(0.05 * 2_300);
});

it('would miss both with a tenth more client work', () => {
  const { domContentLoaded, load } = medians(unlimited(1.1));
  expect(domContentLoaded).toBeGreaterThan(1.05 * 1_700);
  expect(load).toBeGreaterThan(1.05 * 2_300);
});

it('is slower with the six connections an origin of HTTP/1.1', () => {
  const six = medians((arrival) => endsWithConnections(arrival, 6), 20);
  const h2 = medians(unlimited(1), 20);
  expect(six.load).toBeGreaterThan(1.2 * h2.load);
  expect(six.domContentLoaded).toBeGreaterThanOrEqual(h2.domContentLoaded);
});

it('the simulation with connections enough for all is the arithmetic without queues', () => {
  expect(Object.fromEntries(endsWithConnections(7, 1_000))).toEqual(Object.fromEntries(unlimited(1)(7)));
});

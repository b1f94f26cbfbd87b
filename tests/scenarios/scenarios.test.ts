import { describe, expect, it } from 'vitest';
import { scenarioFaults } from '../../harness/plan/validate-scenario.ts';
import { enoughFor } from '../../harness/results/order-statistics.ts';
import { shipped } from '../../scenarios/index.ts';
import { operationsByName, origins } from '../../scenarios/operations.ts';
import { buildRequest, isWork, requestVariables, resolveStep } from '../../scenarios/request.ts';
import type { Objective, RequestStep, Scenario } from '../../scenarios/types.ts';

const requestsOf = (scenario: Scenario): RequestStep[] => scenario.journeys.flatMap(({ steps }) => steps.filter((step): step is RequestStep => !isWork(step)));

/** Samples that the default load gives an objective. */
function expectedSamples(scenario: Scenario, objective: Objective): number {
  const { load } = scenario;
  if (load.kind !== 'constant') throw new Error(`${scenario.name} has no constant rate`);
  const arrivals = (load.ratePerSecond * scenario.durationMs) / 1_000;
  const weights = scenario.journeys.reduce((sum, journey) => sum + (journey.weight ?? 1), 0);
  const perArrival = scenario.journeys.reduce((sum, journey) => {
    const count = journey.steps.filter((step) => {
      if (isWork(step)) return false;
      const { operation, latencyClass } = resolveStep(step);
      return (
        (objective.operation === undefined || operation === objective.operation) &&
        (objective.latencyClass === undefined || latencyClass === objective.latencyClass)
      );
    }).length;
    return sum + ((journey.weight ?? 1) / weights) * (objective.metric === 'milestone' ? 1 : count);
  }, 0);
  return arrivals * perArrival;
}

describe.each(Object.entries(shipped))('the scenario %s', (name, scenario) => {
  it('is valid, is named as its file, and is plain data', () => {
    expect(scenarioFaults(scenario)).toEqual([]);
    expect(scenario.name).toBe(name);
    expect(JSON.parse(JSON.stringify(scenario))).toEqual(scenario);
  });

  it('uses operations of the table only, as they are', () => {
    for (const step of [...(scenario.setup ?? []), ...requestsOf(scenario)]) {
      expect(operationsByName.has(step.operation), step.operation).toBe(true);
      expect(step.path, step.id).toBeUndefined();
      expect(step.method, step.id).toBeUndefined();
    }
  });

  it('fills every variable, from its setup or from a step before', () => {
    const variables: Record<string, string> = { ...scenario.variables, user: '0', uuid: 'u' };
    for (const step of scenario.setup ?? []) {
      buildRequest(resolveStep(step), scenario, requestVariables(variables, 1, name, 0, step.id));
      for (const variable of Object.keys(step.capture ?? {})) variables[variable] = `value-of-${variable}`;
    }
    for (const journey of scenario.journeys) {
      const mine = { ...variables };
      for (const step of journey.steps) {
        if (isWork(step)) continue;
        const built = buildRequest(resolveStep(step), scenario, requestVariables(mine, 1, name, 0, step.id));
        expect(`${built.path} ${built.body ?? ''}`).not.toMatch(/\{\{|%7B/);
        for (const variable of Object.keys(step.capture ?? {})) mine[variable] = `value-of-${variable}`;
      }
    }
  });

  it('has objectives that its default load can decide', () => {
    expect(scenario.objectives.length).toBeGreaterThan(0);
    for (const objective of scenario.objectives) {
      if (objective.quantile === undefined) continue;
      const samples = Math.floor(expectedSamples(scenario, objective));
      expect(enoughFor(samples, objective.quantile), `${JSON.stringify(objective)} with ${samples} samples`).toBe(true);
    }
  });
});

it('an objective that would need more samples is noticed', () => {
  const { sse } = shipped as { sse: Scenario };
  const short = { ...sse, durationMs: 20_000 };
  expect(expectedSamples(short, { metric: 'ttft', operation: 'chat.completion', quantile: 0.95, max: 1 })).toBe(160);
  expect(enoughFor(160, 0.95)).toBe(false);
});

describe('page-load', () => {
  const scenario = shipped['page-load'] as Scenario;
  const steps = scenario.journeys[0]?.steps ?? [];
  const requests = requestsOf(scenario);

  it('is one browser journey of about 250 requests with unique ids', () => {
    expect(scenario.journeys).toHaveLength(1);
    expect(scenario.journeys[0]?.connections).toBe('browser');
    expect(requests.length).toBeGreaterThanOrEqual(240);
    expect(requests.length).toBeLessThanOrEqual(260);
    expect(new Set(steps.map(({ id }) => id)).size).toBe(steps.length);
  });

  it('goes to all six origins, by their host names', () => {
    expect(scenario.origins).toEqual(origins);
    const counts = new Map<string, number>();
    for (const step of requests) counts.set(resolveStep(step).origin, (counts.get(resolveStep(step).origin) ?? 0) + 1);
    expect([...counts.keys()].toSorted()).toEqual(Object.keys(origins).toSorted());
    expect(counts.get('app')).toBeGreaterThan(100);
    expect(counts.get('assets')).toBeGreaterThan(60);
  });

  it('names each static asset once', () => {
    const names = requests.flatMap((step) => step.params?.['asset'] ?? []);
    expect(new Set(names).size).toBe(names.length);
  });

  it('reads with every operation that a page reads with', () => {
    const used = new Set(requests.map((step) => step.operation));
    const notAtLoad = ['chat.files.download'];
    const reads = [...operationsByName.values()].filter(({ method, name }) => method === 'GET' && !notAtLoad.includes(name)).map(({ name }) => name);
    expect(reads.filter((name) => !used.has(name))).toEqual([]);
  });

  it('has neither third parties nor what comes after it in its milestones', () => {
    const { domContentLoaded = [], load = [] } = scenario.journeys[0]?.milestones ?? {};
    const thirdParty = requests.filter((step) => step.operation.startsWith('ingest.')).map(({ id }) => id);
    expect(load.filter((id) => thirdParty.includes(id))).toEqual([]);
    expect(domContentLoaded.every((id) => load.includes(id))).toBe(true);
    expect(load).toHaveLength(steps.length - thirdParty.length);
  });

  it('sends the session to the application only', () => {
    for (const step of requests) {
      const toApp = resolveStep(step).origin === 'app';
      expect('cookie' in (step.headers ?? {}), step.id).toBe(toApp);
    }
  });
});

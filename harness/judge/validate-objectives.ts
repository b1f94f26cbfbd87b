import { suggestion } from '../../scenarios/nearest-name.ts';
import { isWork, resolveStep } from '../../scenarios/request.ts';
import type { Objective, Scenario } from '../../scenarios/types.ts';
import type { Fault } from '../plan/validate-scenario.ts';
import { isRatioMetric } from './text.ts';

const latencyMetrics: readonly string[] = ['latency', 'serviceTime', 'ttfb', 'ttft', 'tpot', 'maxGap', 'residual'];
const streamMetrics: readonly string[] = ['ttft', 'tpot', 'maxGap'];
const metrics: readonly string[] = [...latencyMetrics, 'errorRatio', 'goodputRatio', 'achievedRatio', 'milestone'];
const keys: readonly string[] = ['metric', 'operation', 'latencyClass', 'milestone', 'quantile', 'max', 'min'] satisfies (keyof Objective)[];

interface Covered {
  operation: string;
  latencyClass: string | undefined;
  stream: boolean;
}

/** Every fault of the scenario's objectives, each with its path. The rest of the scenario is taken as valid, so steps that cannot be resolved are left out here. */
export function validateObjectives(scenario: Scenario): Fault[] {
  const operations = operationsOf(scenario);
  const milestones = new Set(scenario.journeys.flatMap((journey) => Object.keys(journey.milestones ?? {})));
  return scenario.objectives.flatMap((objective, index) => {
    const faults: Fault[] = [];
    const fault = (key: string, message: string): void => {
      faults.push({ path: `/objectives/${index}${key === '' ? '' : `/${key}`}`, message });
    };
    shapeFaults(objective, fault);
    targetFaults(objective, operations, milestones, fault);
    return faults;
  });
}

type Report = (key: string, message: string) => void;

function shapeFaults(objective: Objective, fault: Report): void {
  const { metric, quantile, min, max } = objective;
  for (const key of Object.keys(objective)) if (!keys.includes(key)) fault(key, `unknown, expected one of ${keys.join(', ')}${suggestion(key, keys)}`);
  if (!metrics.includes(metric)) {
    fault('metric', `given ${JSON.stringify(metric)}, expected one of ${metrics.join(', ')}${suggestion(String(metric), metrics)}`);
    return;
  }
  const ratio = isRatioMetric(metric);
  if (ratio && quantile !== undefined) fault('quantile', `${metric} is one number and has no quantiles: leave it out`);
  if (!ratio) {
    if (quantile === undefined) fault('quantile', `needed for ${metric}, for example 0.95 for p95`);
    else if (typeof quantile !== 'number' || !(quantile > 0 && quantile < 1))
      fault('quantile', `given ${JSON.stringify(quantile)}, expected a number between 0 and 1, for example 0.95 for p95`);
  }
  if (min === undefined && max === undefined) fault('', 'has neither "max" nor "min": give the bound');
  for (const [key, bound] of [
    ['min', min],
    ['max', max],
  ] as const) {
    if (bound === undefined) continue;
    if (typeof bound !== 'number' || !Number.isFinite(bound))
      fault(key, `given ${JSON.stringify(bound)}, expected a ${ratio ? 'number from 0 to 1' : 'number of milliseconds'}`);
    else if (ratio && (bound < 0 || bound > 1)) fault(key, `given ${bound}, expected a share from 0 to 1, for example 0.001 for 0.1%`);
    else if (!ratio && metric !== 'residual' && bound < 0) fault(key, `given ${bound}, expected milliseconds of 0 or more`);
  }
  if (typeof min === 'number' && typeof max === 'number' && min > max) fault('min', `given ${min}, which is above max, ${max}`);
}

function targetFaults(objective: Objective, operations: readonly Covered[], milestones: ReadonlySet<string>, fault: Report): void {
  const { metric, operation, latencyClass, milestone } = objective;
  if (metric === 'milestone') {
    if (milestone === undefined) fault('milestone', `needed, one of ${list(milestones)}`);
    else if (!milestones.has(milestone))
      fault('milestone', `given ${JSON.stringify(milestone)}, the journeys have ${list(milestones)}${suggestion(milestone, milestones)}`);
  } else if (milestone !== undefined) fault('milestone', `only with metric "milestone", given with ${JSON.stringify(metric)}`);
  if (metric === 'milestone' || metric === 'achievedRatio') {
    for (const key of ['operation', 'latencyClass'] as const) if (objective[key] !== undefined) fault(key, `${metric} is of the whole scenario: leave it out`);
    return;
  }
  const ofOperation = operation === undefined ? operations : operations.filter((known) => known.operation === operation);
  if (operation !== undefined && ofOperation.length === 0) {
    const names = operations.map((known) => known.operation);
    fault(
      'operation',
      `given ${JSON.stringify(operation)}, the journeys have ${list(names)}${suggestion(operation, [...names, ...operations.flatMap((known) => known.latencyClass ?? [])])}`,
    );
  }
  const classes = operations.flatMap((known) => known.latencyClass ?? []);
  if (latencyClass !== undefined && !classes.includes(latencyClass))
    fault('latencyClass', `given ${JSON.stringify(latencyClass)}, the operations of the journeys are of ${list(classes)}${suggestion(latencyClass, classes)}`);
  else if (latencyClass !== undefined && ofOperation.length > 0 && !ofOperation.some((known) => known.latencyClass === latencyClass)) {
    fault('latencyClass', `given ${JSON.stringify(latencyClass)}, but ${operation} is of ${list(ofOperation.flatMap((known) => known.latencyClass ?? []))}`);
  }
  const covered = ofOperation.filter((known) => latencyClass === undefined || known.latencyClass === latencyClass);
  if (streamMetrics.includes(metric) && covered.length > 0 && !covered.some(({ stream }) => stream))
    fault('metric', `${metric} is of streams, and nothing that this covers is one`);
}

function operationsOf(scenario: Scenario): Covered[] {
  return scenario.journeys.flatMap((journey) =>
    journey.steps.flatMap((step) => {
      if (isWork(step)) return [];
      try {
        const { operation, latencyClass, stream } = resolveStep(step);
        return [{ operation, latencyClass, stream: stream !== undefined }];
      } catch {
        return [];
      }
    }),
  );
}

function list(names: Iterable<string>): string {
  const unique = [...new Set(names)].toSorted();
  return unique.length === 0 ? 'none' : unique.join(', ');
}

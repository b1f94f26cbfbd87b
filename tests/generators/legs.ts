/** Scenarios for the drivers' tests, and driving them. */
import type { Driver } from '../../harness/drive/driver.ts';
import type { RequestStep, Scenario } from '../../scenarios/types.ts';
import { type Driven, driveLeg, type DriveOptions, legOf } from '../support/driven.ts';

/** One journey of these steps, unless the changes say otherwise. */
export function scenarioOf(steps: Scenario['journeys'][number]['steps'], changes: Partial<Scenario> = {}): Scenario {
  return {
    name: 'known',
    description: 'Known times.',
    load: { kind: 'constant', ratePerSecond: 20 },
    durationMs: 1_000,
    journeys: [{ name: 'only', steps }],
    objectives: [],
    ...changes,
  };
}

export function getStep(id: string, path: string, changes: Partial<RequestStep> = {}): RequestStep {
  return { id, operation: `known.${id}`, method: 'GET', path, latencyClass: 'metadata', ...changes };
}

/** Drives one leg. The scenario is in no file: a driver is given it as it was loaded. */
export function drive(driver: Driver, scenario: Scenario, targetUrl: string, options: DriveOptions = {}): Promise<Driven> {
  return driveLeg(driver, legOf(driver.name, scenario, '/in/no/file.ts', options.leg), targetUrl, options);
}

export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;
}

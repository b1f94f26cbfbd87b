/** Legs, plans and contexts for the drivers' tests. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DriveContext, Driver, DriveReport, LiveFigures } from '../../harness/drive/driver.ts';
import type { Leg, Plan } from '../../harness/plan/plan.ts';
import type { DriverName, JourneySample, Sample } from '../../harness/sample.ts';
import type { RequestStep, Scenario } from '../../scenarios/types.ts';

export const seed = 7;

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

export interface Driven {
  requests: Sample[];
  journeys: JourneySample[];
  report: DriveReport;
  figures: LiveFigures[];
  /** `performance.now()` at the run's start. */
  startMs: number;
}

/** Writes the scenario into a file of its own (k6 loads it) and drives one leg of it. */
export async function drive(
  driver: Driver,
  scenario: Scenario,
  targetUrl: string,
  options: {
    users?: Record<string, string>[];
    signal?: AbortSignal;
    leg?: Partial<Leg>;
    plan?: Partial<Plan>;
    onSample?: (sample: Sample) => void;
    scenarioText?: string;
  } = {},
): Promise<Driven> {
  const folder = await mkdtemp(join(tmpdir(), 'plumbline my scenario '));
  const scenarioFile = join(folder, 'my.scenario.ts');
  const text =
    options.scenarioText ??
    `import type { Scenario } from 'plumbline-bench';\nconst scenario: Scenario = ${JSON.stringify(scenario)};\nexport default scenario;\n`;
  await writeFile(scenarioFile, text);
  const leg = legOf(driver.name, scenario, scenarioFile, options.leg);
  const plan: Plan = {
    runId: 'run-1',
    seed,
    target: { url: targetUrl, protocol: 'http/1.1', insecureTls: false },
    stages: [[leg]],
    ...options.plan,
  };
  const startMs = performance.now();
  const clock = { now: () => performance.now() - startMs };
  const requests: Sample[] = [];
  const journeys: JourneySample[] = [];
  const figures: LiveFigures[] = [];
  const context: DriveContext = {
    plan,
    clock,
    users: options.users ?? [{}],
    signal: options.signal ?? new AbortController().signal,
    emit(sample) {
      if (sample.kind === 'journey') {
        journeys.push(sample);
        return;
      }
      requests.push(sample);
      options.onSample?.(sample);
    },
    progress: (live) => figures.push(live),
  };
  try {
    const report = await driver.drive(leg, context);
    return { requests, journeys, report, figures, startMs };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export function legOf(driver: DriverName, scenario: Scenario, scenarioFile: string, changes: Partial<Leg> = {}): Leg {
  return {
    id: `${scenario.name}/${driver}`,
    scenario,
    scenarioFile,
    driver,
    load: scenario.load,
    warmupMs: scenario.warmupMs ?? 0,
    durationMs: scenario.durationMs,
    maxInFlight: scenario.maxInFlight ?? 10_000,
    timeoutMs: scenario.timeoutMs ?? 30_000,
    users: scenario.users ?? 1,
    ...changes,
  };
}

export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;
}

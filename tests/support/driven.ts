/** Drives one leg with any driver against any URL, and keeps what it told. */
import type { Driver, DriveReport, LiveFigures } from '../../harness/drive/driver.ts';
import type { Leg, Plan } from '../../harness/plan/plan.ts';
import type { DriverName, JourneySample, Sample } from '../../harness/sample.ts';
import type { Scenario } from '../../scenarios/types.ts';

export interface Driven {
  requests: Sample[];
  journeys: JourneySample[];
  report: DriveReport;
  figures: LiveFigures[];
  /** `performance.now()` at the run's start. */
  startMs: number;
}

export interface DriveOptions {
  leg?: Partial<Leg>;
  plan?: Partial<Plan>;
  users?: Record<string, string>[];
  signal?: AbortSignal;
  onSample?: (sample: Sample) => void;
}

/** Seed of every plan that does not say otherwise. */
export const seed = 7;

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

export function planOf(url: string, leg: Leg, changes: Partial<Plan> = {}): Plan {
  return { runId: 'run-1', seed, target: { url, protocol: 'http/1.1', insecureTls: false }, stages: [[leg]], ...changes };
}

/** The `leg` of the options is in the leg already. */
export async function driveLeg(driver: Driver, leg: Leg, url: string, options: Omit<DriveOptions, 'leg'> = {}): Promise<Driven> {
  const startMs = performance.now();
  const requests: Sample[] = [];
  const journeys: JourneySample[] = [];
  const figures: LiveFigures[] = [];
  const report = await driver.drive(leg, {
    plan: planOf(url, leg, options.plan),
    clock: { now: () => performance.now() - startMs },
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
  });
  return { requests, journeys, report, figures, startMs };
}

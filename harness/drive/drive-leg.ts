import type { Leg, Plan } from '../plan/plan.ts';
import { createLegRecorder, type DeclaredQuantiles, type LiveState } from '../record/recorder.ts';
import type { LegMeasurement } from '../results/run-file.ts';
import type { SampleWriter } from '../results/samples.ts';
import type { AnySample } from '../sample.ts';
import type { Driver, RunClock } from './driver.ts';
import { makeUsers } from './users.ts';

/** Who watches: called a few times a second for each leg under way. */
export interface LegView {
  start(leg: Leg, plan: Plan): void;
  update(leg: Leg, live: LiveState, elapsedMs: number): void;
  end(leg: Leg): void;
  /** Every sample as it comes, on the driver's event loop. */
  sample?(leg: Leg, sample: AnySample): void;
}

export interface LegParts {
  plan: Plan;
  drivers: ReadonlyMap<string, Driver>;
  clock: RunClock;
  samples: SampleWriter;
  declared: DeclaredQuantiles;
  view: LegView;
  signal: AbortSignal;
  /** Called when the plan's request budget is spent. */
  overBudget(): void;
}

const updateEveryMs = 250;

/**
 * Makes the users and drives one leg. What is warm-up or not is the driver's word in each sample. What it resolves to sums the leg up, which takes up to 100 ms of the
 * event loop: to be called when no other leg is driven on it any more.
 */
export async function driveLeg(leg: Leg, parts: LegParts): Promise<() => LegMeasurement> {
  const { plan, clock, samples, view, signal } = parts;
  const driver = parts.drivers.get(leg.driver);
  if (!driver) throw new Error(`no driver "${leg.driver}"`);
  const users = await makeUsers(leg, plan, signal);
  const recorder = createLegRecorder(leg, { seed: plan.seed, journeys: driver.withoutJourneys !== true });
  const startMs = clock.now();
  view.start(leg, plan);
  const timer = setInterval(() => view.update(leg, recorder.live(clock.now()), clock.now() - startMs), updateEveryMs);
  try {
    const report = await driver.drive(leg, {
      plan,
      clock,
      users,
      signal,
      emit(sample) {
        recorder.add(sample);
        samples.write(sample);
        view.sample?.(leg, sample);
      },
      progress(figures) {
        recorder.progress(figures);
        if (plan.maxRequests !== undefined && figures.sent >= plan.maxRequests) parts.overBudget();
      },
    });
    return () => recorder.finish(report, parts.declared);
  } finally {
    clearInterval(timer);
    view.end(leg);
  }
}

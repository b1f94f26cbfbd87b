/** From a plumbline load to k6's scenarios option. Pure. */
import { resolveStep } from '../request.ts';
import type { LatencyClass, Load, Scenario } from '../types.ts';
import { levelsOf } from './levels.ts';
import type { LegSettings } from './settings.ts';

export type Executor =
  | { executor: 'constant-arrival-rate'; rate: number; timeUnit: string; duration: string; preAllocatedVUs: number; maxVUs: number; gracefulStop: string }
  | {
      executor: 'ramping-arrival-rate';
      startRate: number;
      timeUnit: string;
      stages: { target: number; duration: string }[];
      preAllocatedVUs: number;
      maxVUs: number;
      gracefulStop: string;
    }
  | { executor: 'constant-vus'; vus: number; duration: string; gracefulStop: string };

/** Why k6 cannot produce these arrivals; undefined when it can. */
export function refuseLoad(load: Load): string | undefined {
  if (load.kind === 'poisson') return 'k6 has no Poisson arrivals: use the native driver, or a constant or ramping rate';
  return undefined;
}

/** k6 takes whole rates only: a fraction is written as so many in 1,000 seconds. */
function scaleOf(rates: number[]): { factor: number; timeUnit: string } {
  return rates.every((rate) => Number.isInteger(rate)) ? { factor: 1, timeUnit: '1s' } : { factor: 1_000, timeUnit: '1000s' };
}

/** Guesses of how long a request holds its virtual user, for sizing only; the reference server's `observed` profile with room for a slower one. */
const holdMs: Record<LatencyClass, number> = { static: 100, metadata: 300, crud: 800, completion: 6_000 };

/** The longest of the scenario's journeys, guessed. */
export function expectedJourneyMs(scenario: Scenario): number {
  const perJourney = scenario.journeys.map((journey) =>
    levelsOf(journey).reduce(
      (sum, level) => sum + level.waitMs + Math.max(...level.requests.map(({ step }) => holdMs[resolveStep(step).latencyClass ?? 'crud'])),
      0,
    ),
  );
  return Math.max(...perJourney);
}

/**
 * Virtual users made before the start: k6 drops an arrival that finds none free, and making one in mid-run is slow.
 * A third more than the guess needs, and never more than the cap: k6 takes them in turn, and at 500/s and 20 ms each 400 of them took p95 from 24 to 192 ms.
 */
function vusFor(scenario: Scenario, peakRatePerSecond: number, maxVus: number): { preAllocatedVUs: number; maxVUs: number } {
  const needed = Math.ceil((peakRatePerSecond * expectedJourneyMs(scenario) * 1.3) / 1_000) + 5;
  const preAllocatedVUs = Math.min(needed, maxVus);
  return { preAllocatedVUs, maxVUs: Math.max(preAllocatedVUs, Math.min(maxVus, needed * 4)) };
}

/** Throws where `refuseLoad` gives a reason. The warm-up comes first, at the load's first rate. */
export function executorOf(scenario: Scenario, settings: LegSettings): Executor {
  const { load, warmupMs, durationMs, timeoutMs } = settings;
  const reason = refuseLoad(load);
  if (reason !== undefined || load.kind === 'poisson') throw new Error(reason);
  const duration = `${warmupMs + durationMs}ms`;
  const gracefulStop = `${Math.ceil(timeoutMs + expectedJourneyMs(scenario))}ms`;
  if (load.kind === 'closed') return { executor: 'constant-vus', vus: load.vus, duration, gracefulStop };
  if (load.kind === 'constant') {
    const { factor, timeUnit } = scaleOf([load.ratePerSecond]);
    const rate = Math.round(load.ratePerSecond * factor);
    return { executor: 'constant-arrival-rate', rate, timeUnit, duration, ...vusFor(scenario, load.ratePerSecond, settings.maxVus), gracefulStop };
  }
  const rates = [load.startRatePerSecond, ...load.stages.map((stage) => stage.ratePerSecond)];
  const { factor, timeUnit } = scaleOf(rates);
  const stages = load.stages.map((stage) => ({ target: Math.round(stage.ratePerSecond * factor), duration: `${stage.durationMs}ms` }));
  const startRate = Math.round(load.startRatePerSecond * factor);
  if (warmupMs > 0) stages.unshift({ target: startRate, duration: `${warmupMs}ms` });
  return { executor: 'ramping-arrival-rate', startRate, timeUnit, stages, ...vusFor(scenario, Math.max(...rates), settings.maxVus), gracefulStop };
}

/** How long an epoch is, and how many samples of each operation it can have. Pure. */
import type { Scenario } from '../../../scenarios/types.ts';
import type { EpochShape } from './epoch-plan.ts';
import { kindCount } from './mix.ts';

export interface FittedEpoch {
  durationMs: number;
  /** Of each operation of a scenario, an epoch and side: what a metric needs to decide. */
  samplesOf: Map<string, number>;
  /** One line for each scenario that gets fewer than were wanted. */
  notes: string[];
}

/** Where nobody says how long: an epoch ends with its samples, or here. */
const longestMs = 60_000;
/** Where page loads are all there is: some twenty of them. */
const pagesMs = 20_000;
/** With fewer, p95 is one value or two. */
export const fewestSamples = 20;

/**
 * As long as the slowest scenario needs for `samples` of each kind of journey, at most `durationMs` (else 60 s). What does not fit is less for each: fewer samples make
 * an epoch's figures wider, and the epochs show how wide, so that nothing passes for it. Page loads ask for no time: a page has some 250 requests, and its operations
 * decide only where there are `samples` of them all the same.
 */
export function fitEpoch(scenarios: EpochShape['scenarios'], samples: number, durationMs: number | undefined): FittedEpoch {
  const counted = scenarios.filter(({ loaded }) => !isOfPages(loaded.scenario));
  const neededMs = counted.map(({ loaded, load }) => (samples * kindCount(loaded.scenario) * 1_000) / load.ratePerSecond);
  const fitted = Math.min(durationMs ?? longestMs, neededMs.length === 0 ? (durationMs ?? pagesMs) : Math.max(...neededMs));
  const samplesOf = new Map(scenarios.map(({ loaded }) => [loaded.scenario.name, samples]));
  const notes: string[] = [];
  for (const { loaded, load } of counted) {
    const { name } = loaded.scenario;
    const there = Math.floor((load.ratePerSecond * fitted) / 1_000 / kindCount(loaded.scenario) + 1e-9);
    if (there >= samples) continue;
    samplesOf.set(name, Math.max(fewestSamples, there));
    notes.push(
      `${name}: ${there} samples of each operation an epoch and side instead of ${samples}, at ${load.ratePerSecond}/s in ${Math.round(fitted / 1_000)} s`,
    );
  }
  return { durationMs: fitted, samplesOf, notes };
}

export function isOfPages({ journeys }: Pick<Scenario, 'journeys'>): boolean {
  return journeys.some(({ connections }) => connections === 'browser');
}

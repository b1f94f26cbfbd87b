/** Everything one epoch will do, decided before a process is started. Pure. */
import { isWork, resolveStep } from '../../../scenarios/request.ts';
import { keyedRandom } from '../../../scenarios/random.ts';
import type { Scenario } from '../../../scenarios/types.ts';
import type { LoadedScenario } from '../../plan/load-scenario.ts';
import type { TimetableEntry } from '../../plan/plan.ts';
import type { Draws } from '../draws.ts';
import type { SideName } from '../types.ts';
import { evenMix } from './mix.ts';
import { type Interleaving, pairedTimetable } from './timetable.ts';

export interface GateLoad {
  /** Journeys a second that each side gets on average, by scenario. */
  ratePerSecond: number;
  interleaving: Interleaving;
}

export interface EpochShape {
  scenarios: readonly { loaded: LoadedScenario; load: GateLoad }[];
  /** Of each operation, a side. */
  samplesEach: number;
  warmupMs: number;
  durationMs: number;
  blockMs: number;
  /** Keyed: both sides get the same request keys, so that a server whose draws are keyed draws the same for both. */
  draws: Draws;
  /** Of an epoch and side, set-up included; what is due beyond it is dropped, and makes the epoch invalid. Absent: no budget. */
  maxRequests?: number;
  /** Of the requests, that are sampled: their spans tell the hops of sides that export them. Absent: none is. */
  spanShare?: number;
}

export interface EpochLeg {
  loaded: LoadedScenario;
  load: GateLoad;
  warmupMs: number;
  durationMs: number;
  timetable: Record<SideName, TimetableEntry[]>;
}

export interface EpochPlan {
  index: number;
  /** Of the requests of each side. */
  seeds: Record<SideName, number>;
  startOrder: readonly SideName[];
  setupOrder: readonly SideName[];
  /** Who has the first turn, in the warm-up and in the measured part. */
  firstTurn: SideName;
  legs: EpochLeg[];
}

export function planEpoch(shape: EpochShape, gateSeed: number, index: number): EpochPlan {
  const random = keyedRandom(gateSeed, 'epoch', index);
  const seed = Math.floor(random() * 2 ** 31);
  const order = (): readonly SideName[] => (random() < 0.5 ? ['base', 'head'] : ['head', 'base']);
  const startOrder = order();
  const setupOrder = order();
  const firstTurn = random() < 0.5 ? 'base' : 'head';
  const mixes = shape.scenarios.map(({ loaded, load }) => {
    const chance = keyedRandom(gateSeed, 'epoch', index, loaded.scenario.name);
    return { loaded, load, chance, measured: evenMix(loaded.scenario, shape.samplesEach, (load.ratePerSecond * shape.durationMs) / 1_000, chance) };
  });
  const { durationMs } = shape;
  const legs = mixes.map(({ loaded, load, chance, measured }): EpochLeg => {
    const warmup = evenMix(loaded.scenario, Number.POSITIVE_INFINITY, (load.ratePerSecond * shape.warmupMs) / 1_000, chance);
    const stretch = { interleaving: load.interleaving, blockMs: shape.blockMs, first: firstTurn, random: chance } as const;
    const before = pairedTimetable({ ...stretch, journeys: warmup, durationMs: shape.warmupMs });
    const during = pairedTimetable({ ...stretch, journeys: measured, durationMs });
    const timetable = (side: SideName): TimetableEntry[] => [
      ...before[side],
      ...during[side].map(({ atMs, journey }) => ({ atMs: atMs + shape.warmupMs, journey })),
    ];
    return { loaded, load, warmupMs: shape.warmupMs, durationMs, timetable: { base: timetable('base'), head: timetable('head') } };
  });
  return {
    index,
    // The other half of the numbers: never the seed of a base.
    seeds: { base: seed, head: shape.draws === 'keyed' ? seed : seed + 2 ** 31 },
    startOrder,
    setupOrder,
    firstTurn,
    legs,
  };
}

/** Blocks are for requests that are much shorter than one; streams and page loads are not. */
export function interleavingOf(scenario: Scenario): Interleaving {
  const long = scenario.journeys.some(
    ({ steps, connections }) => connections === 'browser' || steps.some((step) => !isWork(step) && resolveStep(step).stream !== undefined),
  );
  return long ? 'arrivals' : 'blocks';
}

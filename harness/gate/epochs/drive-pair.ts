/** Drives both sides of an epoch at the same time, in step with one another. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunClock, Users } from '../../drive/driver.ts';
import { nativeDriver } from '../../drive/native/driver.ts';
import { makeUsers, SetupError } from '../../drive/users.ts';
import type { Leg, Plan } from '../../plan/plan.ts';
import { targetOf } from '../../plan/target.ts';
import { createLegRecorder } from '../../record/recorder.ts';
import type { LegMeasurement } from '../../results/run-file.ts';
import { SideFault, type RunningSide } from '../sides/side.ts';
import type { SideName } from '../types.ts';
import type { EpochPlan } from './epoch-plan.ts';
import { SideTally } from './side-tally.ts';

/** Enough for six legs to arm their timers. */
const startAheadMs = 150;
const sides: readonly SideName[] = ['base', 'head'];

export interface PairParts {
  runId: string;
  running: Record<SideName, RunningSide>;
  clock: RunClock;
  signal: AbortSignal;
  maxRequests?: number;
  /** Of the requests, whose spans are to be sent. Absent: of none. */
  spanShare?: number;
  /** Called when the measured part begins and when it ends. */
  onEdge(edge: 'begin' | 'end'): Promise<void>;
}

export interface Driven {
  tally: SideTally;
  measurements: LegMeasurement[];
}

/** Throws SideFault, stage `run`, when the set-up of a side goes wrong. */
export async function drivePair(plan: EpochPlan, parts: PairParts): Promise<Record<SideName, Driven>> {
  const { clock, signal } = parts;
  const users = new Map<Leg, Users>();
  const legs: Record<SideName, { leg: Leg; plan: Plan }[]> = { base: [], head: [] };
  for (const side of plan.setupOrder) {
    legs[side] = legsOf(plan, side, parts);
    for (const { leg, plan: sidePlan } of legs[side]) {
      users.set(
        leg,
        await makeUsers(leg, sidePlan, signal).catch((error: unknown) => {
          throw error instanceof SetupError ? new SideFault(side, 'run', error.message) : error;
        }),
      );
    }
  }
  const startAtMs = clock.now() + startAheadMs;
  const nothing = (): Driven => ({ tally: new SideTally({ keepsTraces: parts.spanShare !== undefined }), measurements: [] });
  const driven: Record<SideName, Driven> = { base: nothing(), head: nothing() };
  /** Summing up a leg takes up to 100 ms of the loop that others still drive on. */
  const sumUps: (() => void)[] = [];
  const drive = async (side: SideName, given: Leg, sidePlan: Plan): Promise<void> => {
    const leg: Leg = { ...given, ...(given.timetable && { timetable: { ...given.timetable, startAtMs } }) };
    const recorder = createLegRecorder(leg, { seed: sidePlan.seed, journeys: false });
    const report = await nativeDriver.drive(leg, {
      plan: sidePlan,
      clock,
      users: users.get(given) ?? [],
      signal,
      emit(sample) {
        recorder.add(sample);
        driven[side].tally.add(leg, sample);
      },
      progress: (figures) => recorder.progress(figures),
    });
    sumUps.push(() => driven[side].measurements.push(recorder.finish(report)));
  };
  const [first] = plan.legs;
  const edges = async (): Promise<void> => {
    for (const [edge, atMs] of [
      ['begin', first?.warmupMs ?? 0],
      ['end', (first?.warmupMs ?? 0) + (first?.durationMs ?? 0)],
    ] as const) {
      await sleep(Math.max(0, startAtMs + atMs - clock.now()), undefined, { signal }).catch(() => undefined);
      await parts.onEdge(edge);
    }
  };
  await Promise.all([edges(), ...sides.flatMap((side) => legs[side].map(({ leg, plan: sidePlan }) => drive(side, leg, sidePlan)))]);
  for (const sumUp of sumUps) sumUp();
  return driven;
}

/** One plan a side: its request budget and its trace ids are its own. */
function legsOf(plan: EpochPlan, side: SideName, { runId, running, maxRequests, spanShare = 0 }: PairParts): { leg: Leg; plan: Plan }[] {
  const target = targetOf(new URL(running[side].url), 'http/1.1');
  const sidePlan: Plan = {
    runId: `${runId}-${side}`,
    seed: plan.seeds[side],
    target,
    stages: [],
    traceSampleRatio: spanShare,
    ...(maxRequests !== undefined && { maxRequests }),
  };
  return plan.legs.map(({ loaded, load, warmupMs, durationMs, timetable }) => ({
    plan: sidePlan,
    leg: {
      id: `${loaded.scenario.name}/native`,
      scenario: loaded.scenario,
      scenarioFile: loaded.file,
      driver: 'native',
      load: { kind: 'constant', ratePerSecond: 2 * load.ratePerSecond },
      warmupMs,
      durationMs,
      maxInFlight: loaded.scenario.maxInFlight ?? 10_000,
      timeoutMs: loaded.scenario.timeoutMs ?? 30_000,
      users: loaded.scenario.users ?? 1,
      timetable: { startAtMs: 0, arrivals: timetable[side] },
    },
  }));
}

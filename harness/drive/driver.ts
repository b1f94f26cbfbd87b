import type { Leg, Plan } from '../plan/plan.ts';
import type { AnySample } from '../sample.ts';

/** The run's clock: milliseconds from the run's start, monotonic. */
export interface RunClock {
  now(): number;
}

/** Variables of the users that `setup` made; arrival i is user i mod length. Never empty. */
export type Users = readonly Readonly<Record<string, string>>[];

export interface DriveContext {
  plan: Plan;
  clock: RunClock;
  users: Users;
  /** Aborts: stop sending, let go of what is in flight within 2 s (outcome `aborted`), resolve. */
  signal: AbortSignal;
  emit(sample: AnySample): void;
  /** Live figures, at least once a second. */
  progress(figures: LiveFigures): void;
}

export interface LiveFigures {
  inFlight: number;
  /** Due so far. */
  scheduled: number;
  sent: number;
  ended: number;
}

/** What a driver knows about itself at the end. */
export interface DriveReport {
  model: 'open' | 'closed';
  /** Measured phase, from and to, ms from the run's start. */
  measuredFromMs: number;
  measuredToMs: number;
  /** Arrivals (journeys) due in the measured phase; absent in a closed loop. */
  scheduledArrivals?: number;
  /** The driver's own loop delay in the measured phase (absent for a program of its own). */
  loopDelay?: { p50Ms: number; p99Ms: number; maxMs: number };
  cpuMs?: number;
  connectionsOpened?: Record<string, number>;
  /** What this driver cannot measure, and why: shown as "not available". */
  notAvailable: { metric: string; reason: string }[];
  tool: { name: string; version: string };
  interrupted: boolean;
}

export interface Driver {
  name: Leg['driver'];
  /** It knows no journeys and emits no JourneySample: nobody need keep requests until one comes. */
  withoutJourneys?: true;
  /** Refuses a leg it cannot run, with the reason, before anything is sent; undefined when it can. */
  refuse(leg: Leg, plan: Plan): string | undefined;
  drive(leg: Leg, context: DriveContext): Promise<DriveReport>;
}

import type { Objective } from '../../scenarios/types.ts';
import type { Machine } from '../results/run-file.ts';
import type { Draws } from './draws.ts';
import type { Decision, ErrorEpochs, GateVerdict, MetricEpochs, SideName } from './types.ts';

export const gateSchema = 'plumbline.gate/1' satisfies GateFile['schema'];
export const gateFileName = 'gate.json';

/**
 * `results/<gate-id>/gate.json`: what a gate measured and what came of it. `metrics` (every epoch's d), `errors`, `hardLimits`, `plan` and `epochs` are enough to
 * compute the verdict again. Milliseconds unless named otherwise; absent means not available.
 */
export interface GateFile {
  schema: 'plumbline.gate/1';
  gateId: string;
  /** ISO 8601, wall clock. */
  startedAt: string;
  durationMs: number;
  /** Stopped by a signal; what was measured until then is here. */
  interrupted: boolean;
  /** Version of plumbline. */
  plumbline: string;
  machine: Machine;
  seed: number;
  sides: Record<SideName, GateSide>;
  /** Of the reference server, the same on both sides unless the profiles are what is compared. */
  profile?: { name: string; seed: number; hash: string };
  /** Names, in the order in which they were given. */
  scenarios: string[];
  plan: GatePlan;
  /** What the pilot A/A said before the first epoch. Absent: there was none. */
  pilot?: GatePilot;
  epochs: EpochSummary[];
  /** Gating and advisory ones; index i of their arrays is the i-th valid epoch. */
  metrics: MetricEpochs[];
  /** Index i of their arrays as in `metrics`. */
  errors: ErrorEpochs[];
  hops: HopEpochs[];
  hardLimits: HardLimitResult[];
  /** What the acceptance file did; absent: none was given or found. */
  acceptance?: AcceptanceResult;
  /** Of the last look. Absent: there were not enough valid epochs for one. */
  decision?: Decision;
  /** The calibration on this machine that this gate leans on. Absent: there is none. */
  calibration?: CalibrationCited;
  /** Recorded epochs that were judged again: their directories. Absent: measured live. */
  recordedFrom?: string[];
  /** Operations that only head has, and of recorded epochs in what they were judged otherwise than when they were measured: one line each. Absent: none. */
  notes?: string[];
  /** Why there was nothing to compare with (the base cannot be started: a first pull request). The verdict is then `inconclusive`. Absent: there was a base. */
  noBase?: string;
  verdict: GateConclusion;
}

export interface GateConclusion {
  verdict: GateVerdict;
  /** One line each, the worst first, with the number and the bound. */
  reasons: string[];
}

export interface GateSide {
  /** As the user gave it: `git:main`, `image:shop:1.4`, `cmd:node server.js`. */
  label: string;
  kind: 'git' | 'image' | 'command' | 'profile' | 'url' | 'recorded';
  /** Full hash, of a git side. */
  commit?: string;
  /** As the server or the image tells it. */
  version?: string;
}

export interface GatePlan {
  /** Keyed: a pair of requests has the same draw on both sides, as all valid epochs show. */
  draws: Draws;
  /** Why they are independent though both sides got the same request keys. Absent: they are keyed, or were not to be. */
  drawsWhy?: string;
  looksAtEpochs: number[];
  alphaFail: number;
  alphaPass: number;
  /** Of each gating operation, an epoch and side. */
  samplesEach: number;
  maxMinutes?: number;
  /** How arrivals are given to the sides: blocks in random order, or each at random. */
  interleaving: string;
}

export interface GatePilot {
  epochs: number;
  durationMs: number;
  expectedMinutes: number;
  /** One line each: what is no condition of a pass, and the change that it could see. */
  notes: string[];
}

export interface EpochSummary {
  index: number;
  seed: number;
  /** Which side was started first. */
  first: SideName;
  startedAt: string;
  durationMs: number;
  valid: boolean;
  /** Why it is invalid, each with its side. */
  reasons: string[];
  /** Path of the epoch record below the gate's directory. */
  file?: string;
  /** CPU of the server of each side, ms a request. */
  cpuMsPerRequest?: Partial<Record<SideName, number>>;
}

/** Own time of one hop (what it spent itself, without the hops inside it) for one operation; index i is the i-th valid epoch. */
export interface HopEpochs {
  scenario: string;
  operation: string;
  hop: string;
  /** Median over the requests of the epoch. */
  baseMs: number[];
  headMs: number[];
  /** Mean over them: what a tail changes and the median does not show. */
  baseMeanMs: number[];
  headMeanMs: number[];
}

/**
 * `broken`: head breaks it and base does not, which fails the gate. `broken by both`: said, and no fault of the change. `too few`: head has too few values to tell, since they
 * are few or the limit is within their interval, which keeps the gate from passing. `not measured`: an objective of the scenario that a gate does not measure; said.
 */
export interface HardLimitResult {
  scenario: string;
  objective: Objective;
  /** As a threshold: `p95(crud) <= 700ms`. */
  text: string;
  outcome: 'met' | 'broken' | 'broken by both' | 'too few' | 'not measured';
  /** Over all valid epochs: ms, or a share. */
  base?: number;
  head?: number;
  reason?: string;
}

export interface AcceptanceResult {
  file: string;
  applied: AppliedAcceptance[];
  /** One line each. */
  expired: string[];
  /** Entries that no metric of this gate needs: one line each. */
  unused: string[];
}

/** An entry that lets a metric through that is slower than its margin. */
export interface AppliedAcceptance {
  scenario: string;
  metricId: string;
  reason: string;
  owner: string;
  /** Last day on which it counts, `2026-12-31`. */
  expires: string;
  /** Largest change that is accepted, as a ratio. Absent: any. */
  upTo?: number;
  /** What the metric's margin is without it. */
  margin: number;
}

export interface CalibrationCited {
  file: string;
  /** `on this machine: 0 false alarms in 60 sets`. */
  text: string;
}

/** Contract of the gate's stages. Plain data: everything in it goes to gate.json as it is. */
import type { PooledEpoch } from './statistics/cluster-bootstrap.ts';
import type { ErrorCount } from './statistics/stratified-errors.ts';

export type SideName = 'base' | 'head';
/** `invalid`: load not delivered, a side broken: never passes. */
export type GateVerdict = 'pass' | 'fail' | 'inconclusive' | 'invalid';

export type Scope = { kind: 'operation' | 'class'; name: string } | { kind: 'all' };
/** What is compared. ms: latency (from the intended send time), ttft, tpot, maxGap, streamTotal. `cpu`: server CPU ms a request. `throughput`: achieved requests a second (higher is better: its d is negated). */
export type Measure = 'latency' | 'ttft' | 'tpot' | 'maxGap' | 'streamTotal' | 'milestone' | 'cpu' | 'throughput';

/** One comparison: `crud.list latency p95`. */
export interface GateMetric {
  /** Stable: `chat.conversations.list latency p95`, `class crud latency p99`. */
  id: string;
  scenario: string;
  scope: Scope;
  measure: Measure;
  /** Absent for cpu and throughput. */
  quantile?: number;
  /** Largest slowdown that is no regression, as a ratio: 0.05. */
  margin: number;
  /** Differences under this are no regression, whatever their ratio: 0.3. */
  floorMs: number;
  /** Why it does not decide (too few samples, URL sides, accepted): printed with the change it could have seen. */
  advisory?: string;
  /** Why its bound is no condition of a pass (A/A spread too wide for its margin). It still fails the gate, as one of all that are tested. */
  failsOnly?: string;
  /** It is advisory because an entry of the acceptance file lets any change of it through. */
  accepted?: true;
  /** It is advisory because base does not know its operation: 404 or 405 to all requests, where head answers ok. */
  headOnly?: true;
}

/** A metric with what the epochs say about it; index i of each array is epoch i. */
export interface MetricEpochs extends GateMetric {
  /** d = ln(head / base), one an epoch; positive: head is slower. Pooled quantiles (p99 by class): the cluster bootstrap's input is in `pooled` instead. */
  effects: number[];
  baseMs: number[];
  headMs: number[];
  samplesEach: number;
  /** Quantiles pooled over epochs (p99 of a class): the tails of each epoch. `effects` are then each epoch's own, without which none fails. */
  pooled?: PooledEpoch[];
}

/** Failed and all requests of one operation; index i is epoch i, as in `MetricEpochs`. */
export interface ErrorEpochs {
  scenario: string;
  operation: string;
  base: ErrorCount[];
  head: ErrorCount[];
  /** Base does not know it: head's errors are judged against none. */
  headOnly?: true;
  /** Kinds of error that head has had before base had them. */
  newKinds: NewKind[];
}

export interface NewKind {
  kind: string;
  /** Of head's requests, until base had it too. */
  count: number;
  /** The same; index i is epoch i. */
  byEpoch: number[];
  /** Epoch in which base has it as well: from then on it is new no more. Absent: never. */
  knownFrom?: number;
}

export interface ErrorJudgement {
  scenario: string;
  operation: string;
  /** One-sided, of "head fails more often", with its worst epoch and without: exact, stratified by epoch; before and after Holm. Absent: no request failed. */
  p?: number;
  pHolm?: number;
  /** Upper bound of how much more of head's requests fail than of base's: a share. Absent: no requests were counted. */
  increaseHigh?: number;
  /** pass: the bound is under the error margin. inconclusive: no difference was found, and none that large is ruled out. */
  verdict: 'pass' | 'fail' | 'inconclusive';
}

export interface MetricJudgement extends GateMetric {
  verdict: 'pass' | 'fail' | 'inconclusive';
  /** exp(mean d) - 1. */
  change: number;
  /** Interval of the change at the level of this look: each end is a one-sided bound at alphaPass, so that `changeHigh` is what was ruled out. Infinite below two epochs. */
  changeLow: number;
  changeHigh: number;
  baseMs: number;
  headMs: number;
  /** One-sided p of "slower", before and after Holm. */
  p?: number;
  pHolm?: number;
  /** The smallest change that this many epochs tell from none with 80% probability, at this spread and this look's level shared by all gating tests. */
  detectableChange: number;
  epochs: number;
  samplesEach: number;
}

export interface Decision {
  verdict: 'pass' | 'fail' | 'inconclusive';
  epochs: number;
  /** 1 for the first look; 0 between looks: estimates only, nothing but a new kind of error decides. */
  look: number;
  alphaFail: number;
  alphaPass: number;
  metrics: MetricJudgement[];
  errors: ErrorJudgement[];
  /** Upper bound of how much more of head's requests fail than of base's, over all operations: a share. Absent: no requests were counted. */
  errorIncreaseHigh?: number;
}

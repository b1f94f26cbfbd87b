/** Contract of the gate's stages. Plain data: everything in it goes to gate.json as it is. File: harness/gate/types.ts (helper G1 lands it first; change it only with a word in the commit, and keep the others compiling). */

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
  /** Why it does not decide (A/A spread too wide for its margin, URL sides): printed with the change it could have seen. */
  advisory?: string;
}

/** A metric with what the epochs say about it; index i of each array is epoch i. */
export interface MetricEpochs extends GateMetric {
  /** d = ln(head / base), one an epoch; positive: head is slower. Pooled quantiles (p99 by class): the cluster bootstrap's input is in `pooled` instead. */
  effects: number[];
  baseMs: number[];
  headMs: number[];
  samplesEach: number;
}

export interface MetricJudgement extends GateMetric {
  verdict: 'pass' | 'fail' | 'inconclusive';
  /** exp(mean d) - 1. */
  change: number;
  /** Two-sided interval of the change at the level of this look. */
  changeLow: number;
  changeHigh: number;
  baseMs: number;
  headMs: number;
  /** One-sided p of "slower", before and after Holm. */
  p?: number;
  pHolm?: number;
  /** The smallest change that this many epochs could have told from none, at this spread. */
  detectableChange: number;
  epochs: number;
  samplesEach: number;
}

export interface Decision {
  verdict: 'pass' | 'fail' | 'inconclusive';
  epochs: number;
  look: number;
  alphaFail: number;
  alphaPass: number;
  metrics: MetricJudgement[];
}

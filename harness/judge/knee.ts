import { enoughFor } from '../results/order-statistics.ts';
import { quantileOf } from '../results/distribution.ts';
import type { LegMeasurement, MetricName } from '../results/run-file.ts';
import { formatMs, formatRatio, quantileName } from './text.ts';
import { validityLimits } from '../../scenarios/validity-limits.ts';

/** One step of load, held for a while at one rate of arrivals. Absent: the driver cannot tell. */
export interface LoadStep {
  ratePerSecond: number;
  offeredPerSecond: number;
  achievedPerSecond: number;
  n: number;
  p50Ms: number;
  p95Ms: number;
  p99Ms: number;
  errorRatio: number;
  droppedRatio: number;
  scheduleLagP99Ms?: number;
  loopDelayP99Ms?: number;
}

export interface KneePolicy {
  startPerSecond: number;
  /** Rates are multiplied (or divided) by it until one holds and one does not. Default 2. */
  factor: number;
  /** Bisection ends when the rate that does not hold is at most this much above the one that does. Default 0.1. */
  precision: number;
  maxSteps: number;
  minPerSecond: number;
  maxPerSecond: number;
  /** The latency knee: above the first so many times that of the lowest rate, and at least `latencyMarginMs` above it (noise on a fast server is no knee). */
  latencyFactor: number;
  latencyMarginMs: number;
  /** A bound of the scenario's own on the same quantile, besides the knee. */
  latencyLimitMs?: number;
  errorRatio: number;
  achievedRatio: number;
  /** How often a rate must fail before it counts as failing; a single success settles it. Default 1. */
  confirmRuns: number;
}

export const defaultKneePolicy: KneePolicy = {
  startPerSecond: 50,
  factor: 2,
  precision: 0.1,
  maxSteps: 16,
  minPerSecond: 0.1,
  maxPerSecond: 100_000,
  latencyFactor: 3,
  latencyMarginMs: 20,
  errorRatio: 0.01,
  achievedRatio: 0.95,
  confirmRuns: 1,
};

/** What gave way, with the number. `generator`: the load was not delivered, so this rate says nothing about the server. */
export interface GaveWay {
  side: 'generator' | 'server';
  what: 'scheduleLag' | 'loopDelay' | 'inFlightCap' | 'errors' | 'achieved' | 'latency';
  ratePerSecond: number;
  value: number;
  limit: number;
  text: string;
}

export type NextStep =
  | { kind: 'step'; ratePerSecond: number }
  | {
      kind: 'done';
      /** The highest rate that held below the first that did not; absent when none held. */
      heldPerSecond?: number;
      /** Absent when nothing gave way up to `maxPerSecond`. */
      gaveWay?: GaveWay;
      /**
       * `found`: within the precision. `ceiling`: held at the maximum. `floor`: did not hold at the minimum. `steps`: out of steps, the bracket is what is known.
       * `budget`, `interrupted`, `failed`: ended from outside, with what was known by then (`kneeSoFar`).
       */
      reason: 'found' | 'ceiling' | 'floor' | 'steps' | EarlyEnd;
      text: string;
    };

/** Why no further step was taken: the request budget, a signal, or a step that could not be driven. */
export type EarlyEnd = 'budget' | 'interrupted' | 'failed';

/** Up by the factor until something gives way (down, if the first rate does not hold), then bisection on a geometric scale. Pure: the history is all it knows. */
export function nextStep(history: readonly LoadStep[], policy: KneePolicy): NextStep {
  if (history.length === 0) return { kind: 'step', ratePerSecond: clampRate(policy.startPerSecond, policy) };
  const { judged, failing, holding, gaveWay } = bracketOf(history, policy);
  const unsettled = judged.find(({ failures, held }) => !held && failures.length < policy.confirmRuns);
  const done = (reason: Extract<NextStep, { kind: 'done' }>['reason']): NextStep => ({
    kind: 'done',
    ...(holding && { heldPerSecond: holding.ratePerSecond }),
    ...(gaveWay && { gaveWay }),
    reason,
    text: textOf(reason, holding?.ratePerSecond, gaveWay),
  });
  const bracketed = holding && failing && failing.ratePerSecond <= holding.ratePerSecond * (1 + policy.precision);
  if (bracketed && unsettled === undefined) return done('found');
  if (history.length >= policy.maxSteps) return done('steps');
  if (unsettled) return { kind: 'step', ratePerSecond: unsettled.ratePerSecond };
  if (failing === undefined) {
    const highest = holding?.ratePerSecond ?? policy.startPerSecond;
    return highest >= policy.maxPerSecond ? done('ceiling') : { kind: 'step', ratePerSecond: clampRate(highest * policy.factor, policy) };
  }
  if (holding === undefined) {
    return failing.ratePerSecond <= policy.minPerSecond
      ? done('floor')
      : { kind: 'step', ratePerSecond: clampRate(failing.ratePerSecond / policy.factor, policy) };
  }
  const middle = clampRate(Math.sqrt(holding.ratePerSecond * failing.ratePerSecond), policy);
  // At low rates rounding may leave no rate between the two.
  return middle > holding.ratePerSecond && middle < failing.ratePerSecond ? { kind: 'step', ratePerSecond: middle } : done('found');
}

/** The end of a search that something outside stopped: what the steps until then say. */
export function kneeSoFar(history: readonly LoadStep[], policy: KneePolicy, reason: EarlyEnd, why: string): Extract<NextStep, { kind: 'done' }> {
  if (history.length === 0) return { kind: 'done', reason, text: `${why}; no step was measured` };
  const { holding, gaveWay } = bracketOf(history, policy);
  return {
    kind: 'done',
    ...(holding && { heldPerSecond: holding.ratePerSecond }),
    ...(gaveWay && { gaveWay }),
    reason,
    text: `${why}; so far ${textOf(reason, holding?.ratePerSecond, gaveWay)}`,
  };
}

/** What gave way in this step; undefined: it held. The baseline is the step with the lowest rate. */
export function judgeStep(step: LoadStep, baseline: LoadStep, policy: KneePolicy): GaveWay | undefined {
  const { ratePerSecond } = step;
  const gave = (side: GaveWay['side'], what: GaveWay['what'], value: number, limit: number, text: string): GaveWay => ({
    side,
    what,
    ratePerSecond,
    value,
    limit,
    text,
  });
  const lagLimitMs = Math.max(validityLimits.scheduleLagP99Ms, validityLimits.scheduleLagShareOfMedian * step.p50Ms);
  const { scheduleLagP99Ms: lagMs, loopDelayP99Ms: loopMs } = step;
  if (lagMs !== undefined && lagMs > lagLimitMs)
    return gave('generator', 'scheduleLag', lagMs, lagLimitMs, `schedule lag p99 ${formatMs(lagMs)}, limit ${formatMs(lagLimitMs)}`);
  if (loopMs !== undefined && loopMs > validityLimits.loopDelayP99Ms) {
    return gave(
      'generator',
      'loopDelay',
      loopMs,
      validityLimits.loopDelayP99Ms,
      `loop delay of the driver p99 ${formatMs(loopMs)}, limit ${formatMs(validityLimits.loopDelayP99Ms)}`,
    );
  }
  if (step.errorRatio > policy.errorRatio) {
    return gave(
      'server',
      'errors',
      step.errorRatio,
      policy.errorRatio,
      `${formatRatio(step.errorRatio)} of requests failed, limit ${formatRatio(policy.errorRatio)}`,
    );
  }
  const latency = latencyGaveWay(step, baseline, policy);
  if (latency) return gave('server', 'latency', latency.value, latency.limit, latency.text);
  if (step.droppedRatio > validityLimits.droppedRatio) {
    const text = `${formatRatio(step.droppedRatio)} dropped at the cap of requests in flight while latency held: raise maxInFlight`;
    return gave('generator', 'inFlightCap', step.droppedRatio, validityLimits.droppedRatio, text);
  }
  const achieved = step.offeredPerSecond > 0 ? step.achievedPerSecond / step.offeredPerSecond : 1;
  if (achieved < policy.achievedRatio) {
    return gave(
      'server',
      'achieved',
      achieved,
      policy.achievedRatio,
      `${formatRatio(achieved)} of the offered rate was reached, at least ${formatRatio(policy.achievedRatio)}`,
    );
  }
  return undefined;
}

/** By the highest quantile that both steps have enough requests for. */
function latencyGaveWay(step: LoadStep, baseline: LoadStep, policy: KneePolicy): { value: number; limit: number; text: string } | undefined {
  const n = Math.min(step.n, baseline.n);
  const [q, value, base] = enoughFor(n, 0.99)
    ? [0.99, step.p99Ms, baseline.p99Ms]
    : enoughFor(n, 0.95)
      ? [0.95, step.p95Ms, baseline.p95Ms]
      : [0.5, step.p50Ms, baseline.p50Ms];
  const knee = Math.max(base * policy.latencyFactor, base + policy.latencyMarginMs);
  const limit = Math.min(knee, policy.latencyLimitMs ?? Number.POSITIVE_INFINITY);
  if (value <= limit) return undefined;
  const why = limit < knee ? 'the objective' : `${policy.latencyFactor} times that at ${baseline.ratePerSecond}/s`;
  return { value, limit, text: `latency ${quantileName(q)} ${formatMs(value)}, limit ${formatMs(limit)} (${why})` };
}

/** The figures of a leg that held one rate. */
export function loadStepOf(ratePerSecond: number, leg: LegMeasurement): LoadStep {
  const { totals, all, driverReport } = leg;
  const at = (metric: MetricName, q: number): number | undefined => all[metric] && quantileOf(all[metric], q)?.ms;
  const due = Object.values(totals.counts).reduce((sum, count) => sum + count, 0);
  const lagMs = at('scheduleLag', 0.99);
  return {
    ratePerSecond,
    offeredPerSecond: totals.offeredPerSecond ?? totals.achievedPerSecond,
    achievedPerSecond: totals.achievedPerSecond,
    n: all.latency?.n ?? 0,
    p50Ms: at('latency', 0.5) ?? 0,
    p95Ms: at('latency', 0.95) ?? 0,
    p99Ms: at('latency', 0.99) ?? 0,
    errorRatio: totals.errorRatio,
    droppedRatio: due > 0 ? totals.counts.dropped / due : 0,
    ...(lagMs !== undefined && { scheduleLagP99Ms: lagMs }),
    ...(driverReport.loopDelay && { loopDelayP99Ms: driverReport.loopDelay.p99Ms }),
  };
}

interface JudgedRate {
  ratePerSecond: number;
  held: boolean;
  failures: GaveWay[];
}

/** The highest rate that held below the first that did not, and what gave way there. */
function bracketOf(
  history: readonly LoadStep[],
  policy: KneePolicy,
): { judged: JudgedRate[]; failing: JudgedRate | undefined; holding: JudgedRate | undefined; gaveWay: GaveWay | undefined } {
  const judged = judgeRates(history, policy);
  const failing = judged.find(({ held }) => !held);
  const holding = judged.filter(({ ratePerSecond }) => failing === undefined || ratePerSecond < failing.ratePerSecond).at(-1);
  return { judged, failing, holding, gaveWay: failing?.failures.at(-1) };
}

/** Rates in ascending order. */
function judgeRates(history: readonly LoadStep[], policy: KneePolicy): JudgedRate[] {
  const baseline = history.reduce((lowest, step) => (step.ratePerSecond < lowest.ratePerSecond ? step : lowest));
  const rates = new Map<number, JudgedRate>();
  for (const step of history) {
    const rate = rates.get(step.ratePerSecond) ?? { ratePerSecond: step.ratePerSecond, held: false, failures: [] };
    rates.set(step.ratePerSecond, rate);
    const gaveWay = judgeStep(step, baseline, policy);
    if (gaveWay) rate.failures.push(gaveWay);
    else rate.held = true;
  }
  return [...rates.values()].toSorted((a, b) => a.ratePerSecond - b.ratePerSecond);
}

/** Three significant digits: rates are for people. */
function clampRate(ratePerSecond: number, { minPerSecond, maxPerSecond }: KneePolicy): number {
  return Math.min(maxPerSecond, Math.max(minPerSecond, Number(ratePerSecond.toPrecision(3))));
}

function textOf(reason: Extract<NextStep, { kind: 'done' }>['reason'], heldPerSecond: number | undefined, gaveWay: GaveWay | undefined): string {
  const first = gaveWay ? `at ${gaveWay.ratePerSecond}/s the ${gaveWay.side} gave way first: ${gaveWay.text}` : 'nothing gave way';
  const blame = gaveWay?.side === 'generator' ? '; the server may hold more than this generator can send' : '';
  if (reason === 'floor' || heldPerSecond === undefined) return `no rate held; ${first}${blame}`;
  if (reason === 'ceiling') return `held ${heldPerSecond}/s, the highest rate to try; ${first}`;
  return `holds ${heldPerSecond}/s; ${first}${blame}${reason === 'steps' ? ' (out of steps: the knee lies between the two)' : ''}`;
}

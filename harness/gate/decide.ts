import { type DecisionRule, gateRule, looksWith } from './decision-rule.ts';
import { coverageOf, isBounding } from './coverage.ts';
import { estimateMetric, type MetricEstimate } from './estimate-metric.ts';
import { hasNewKind, judgeErrors } from './judge-errors.ts';
import { effectMargin } from './margins.ts';
import { detectableEffect, lowerBound, type MeanEffect, meanEffect, slowerP, upperBound } from './statistics/mean-effect.ts';
import type { Decision, ErrorEpochs, MetricEpochs, MetricJudgement } from './types.ts';

/** What was measured: all epochs there are, of which a look takes the first so many. */
export interface Evidence {
  metrics: readonly MetricEpochs[];
  errors: readonly ErrorEpochs[];
  /** Of the bootstrap. */
  seed: string | number;
  /** What the first epochs say of a metric; absent: `estimateMetric`. Whoever judges thousands of sets of the same epochs has a quicker way to the same. */
  estimate?: (metric: MetricEpochs, epochs: number) => MetricEstimate;
}

/**
 * p of "head is slower". Of a quantile that is pooled over epochs the larger one of the bootstrap's and of the t test on what each epoch tells by itself: where a tail is
 * restless the bootstrap of a few epochs is too narrow, and a few slow epochs make the pooled quantile theirs.
 */
function slowerOf({ pooled, effects }: MetricEpochs, effect: MeanEffect, epochs: number): number {
  const p = slowerP(effect);
  return pooled ? Math.max(p, slowerP(meanEffect(effects.slice(0, epochs).filter(Number.isFinite)))) : p;
}

/**
 * The verdict after the first `epochs` epochs, at look number `look` (0: between looks, estimates only).
 * fail: a new kind of error; an operation with more errors, or a metric that is slower, at alphaFail after correction for all of them, the metric by its margin at least.
 * pass: the upper bound of every metric that is a condition of it, at alphaPass, is under its margin, and so is that of the errors; and these metrics are enough to say it
 * of every operation (`coverageOf`). Otherwise inconclusive: also where data are missing.
 */
export function decide(evidence: Evidence, { epochs, look }: { epochs: number; look: number }, rule: DecisionRule = gateRule): Decision {
  const { alphaFail, alphaPass } = rule;
  const estimates = evidence.metrics.map((metric) => {
    const { effect, baseMs, headMs } = evidence.estimate?.(metric, epochs) ?? estimateMetric(metric, epochs, evidence.seed);
    return { metric, effect, baseMs, headMs, margin: effectMargin(metric, baseMs), p: slowerOf(metric, effect, epochs) };
  });
  const gating = estimates.filter(({ metric }) => metric.advisory === undefined);
  const errors = judgeErrors(evidence.errors, epochs, alphaPass);
  const erring = errors.operations.filter(({ p }) => p !== undefined);
  const adjusted = rule.correct([...gating.map(({ p }) => p), ...erring.map(({ p }) => p ?? 1)]);
  const tests = Math.max(1, adjusted.length);
  const pHolmOf = new Map([...gating, ...erring].map((tested, index) => [tested, adjusted[index] ?? 1]));
  const deciding = look > 0;

  const metrics = estimates.map((one): MetricJudgement => {
    const { metric, effect, margin } = one;
    const pHolm = pHolmOf.get(one);
    const high = upperBound(effect, alphaPass);
    const slower = (pHolm ?? Math.min(1, one.p * (tests + 1))) <= alphaFail && (!rule.failsFromMargin || effect.mean >= margin);
    const { effects, baseMs, headMs, samplesEach, pooled, ...plain } = metric;
    return {
      ...plain,
      verdict: !deciding ? 'inconclusive' : slower ? 'fail' : effect.n === epochs && high < margin ? 'pass' : 'inconclusive',
      change: Math.expm1(effect.mean),
      changeLow: Math.expm1(lowerBound(effect, alphaPass)),
      changeHigh: Math.expm1(high),
      baseMs: one.baseMs,
      headMs: one.headMs,
      p: one.p,
      ...(pHolm !== undefined && { pHolm }),
      detectableChange: Math.expm1(detectableEffect(effect, alphaFail / tests)),
      epochs: effect.n,
      samplesEach,
    };
  });

  const errorJudgements = errors.operations.map((one) => {
    const { scenario, operation, p, newKind, increaseHigh } = one;
    const pHolm = pHolmOf.get(one);
    const worse = newKind || (deciding && pHolm !== undefined && pHolm <= alphaFail);
    const bounded = deciding && increaseHigh !== undefined && increaseHigh < rule.errorMargin;
    const verdict = worse ? ('fail' as const) : bounded ? ('pass' as const) : ('inconclusive' as const);
    return {
      ...{ scenario, operation, verdict },
      ...(p !== undefined && { p }),
      ...(pHolm !== undefined && { pHolm }),
      ...(increaseHigh !== undefined && { increaseHigh }),
    };
  });

  const gatingVerdicts = metrics.filter(({ advisory }) => advisory === undefined).map(({ verdict }) => verdict);
  const bounding = metrics.filter(isBounding);
  const errorsBounded = errors.increaseHigh === undefined || errors.increaseHigh < rule.errorMargin;
  const failed = gatingVerdicts.includes('fail') || errorJudgements.some(({ verdict }) => verdict === 'fail');
  const enough = bounding.length > 0 && coverageOf(metrics).inTheWay.length === 0;
  const passed = deciding && enough && bounding.every(({ verdict }) => verdict === 'pass') && errorsBounded;
  return {
    verdict: failed ? 'fail' : passed ? 'pass' : 'inconclusive',
    epochs,
    look,
    alphaFail,
    alphaPass,
    metrics,
    errors: errorJudgements,
    ...(errors.increaseHigh !== undefined && { errorIncreaseHigh: errors.increaseHigh }),
  };
}

/**
 * Look by look over `epochs` epochs, up to the first verdict; that of the last look when there was none. Undefined: too few epochs for a look (and no new kind of error).
 * `ended`: no more epochs will come (`looksWith`). For recorded epochs and for simulations; a live gate may call it after each epoch and gets the same.
 */
export function decideByLooks(evidence: Evidence, { epochs, ended }: { epochs: number; ended: boolean }, rule: DecisionRule = gateRule): Decision | undefined {
  let decision: Decision | undefined;
  const looks = looksWith(epochs, ended, rule);
  // A new kind of error ends a live gate between looks, and recorded epochs are to end where they did.
  for (let at = 1; at <= epochs; at += 1) {
    const look = looks.indexOf(at) + 1;
    if (look > 0) decision = decide(evidence, { epochs: at, look }, rule);
    else if (evidence.errors.some(({ newKinds }) => hasNewKind(newKinds, at))) return decide(evidence, { epochs: at, look: 0 }, rule);
    if (decision && decision.verdict !== 'inconclusive') return decision;
  }
  return decision;
}

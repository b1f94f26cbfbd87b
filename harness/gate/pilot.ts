import { type DecisionRule, gateRule } from './decision-rule.ts';
import type { Draws } from './draws.ts';
import { type PilotSpread, pilotSpreads } from './pilot-spreads.ts';
import { studentCritical, studentUpperTail } from './statistics/student-t.ts';
import type { MetricEpochs } from './types.ts';

export interface PilotOptions {
  draws: Draws;
  /** Samples of the pilot itself, of each operation, an epoch and side. */
  samplesEach: number;
  /** Numbers of samples that the gate may take, the pilot's first. Default: keyed, the pilot's; independent, the pilot's and doublings of it, up to 1,600. */
  samplesToChooseFrom?: readonly number[];
  /** What one epoch can have, where that is limited. */
  mostSamples?: number;
  /** How long an epoch with so many samples takes. */
  epochSeconds: (samplesEach: number) => number;
  maxMinutes?: number;
}

export interface PilotPlan {
  samplesEach: number;
  /** The look at which a gate without a change is expected to pass, in epochs. */
  epochs: number;
  expectedMinutes: number;
  /** Up to the last look that fits: what an inconclusive gate takes. */
  longestMinutes: number;
  /** False: not even the first look fits into the time. */
  fits: boolean;
  metrics: PilotMetric[];
}

export interface PilotMetric {
  id: string;
  /** Standard deviation of d from epoch to epoch, with the planned samples. */
  spread: number;
  /** First look, in epochs, at which it alone passes in nine gates of ten without a change; absent when no look that fits is enough. */
  epochsNeeded?: number;
  /** As in `MetricJudgement`, after the last look that fits. */
  detectableChange: number;
  /** What the gate is to take over as the metric's `failsOnly`: why it cannot be a condition of a pass. */
  failsOnly?: string;
}

/**
 * What epochs of base against base say of the gate to come: how many samples and epochs it needs, and which metrics cannot resolve their margin in the time there is.
 * Planned is the first look at which nine of ten gates without a change pass. The widest metrics are demoted until 98 of a hundred pass at the last
 * one that fits: they are then no condition of a pass, and fail as before. With independent draws the variance is taken to fall with the number of samples; with keyed ones nothing is promised of more samples.
 * More samples than the pilot's are taken only where the gate then fits into its time; where nobody says how long, all its looks into an hour.
 */
export function planFromPilot(metrics: readonly MetricEpochs[], options: PilotOptions, rule: DecisionRule = gateRule): PilotPlan {
  const measured = pilotSpreads(metrics.filter(({ advisory }) => advisory === undefined));
  const choices = options.samplesToChooseFrom ?? choicesOf(options);
  const plans = choices.map((samplesEach) => {
    const share = options.draws === 'independent' ? options.samplesEach / samplesEach : 1;
    const planned = measured.map((one) => ({ ...one, spread: one.spread * Math.sqrt(share) }));
    return planWith(samplesEach, planned, options, rule);
  });
  const mostMinutes = options.maxMinutes ?? untoldMinutes;
  const open = plans.filter(({ fits, longestMinutes }, index) => index === 0 || (fits && longestMinutes <= mostMinutes));
  const [best] = open.toSorted((a, b) => demoted(a) - demoted(b) || a.expectedMinutes - b.expectedMinutes);
  if (!best) throw new RangeError('no number of samples to choose from: give at least one');
  return best;
}

/** With so many, 8 epochs of independent draws are enough on a quiet machine. */
const mostSamplesEver = 1_600;
const untoldMinutes = 60;

function choicesOf({ draws, samplesEach, mostSamples = mostSamplesEver }: PilotOptions): number[] {
  const choices = [samplesEach];
  const most = Math.min(mostSamples, mostSamplesEver);
  for (let more = 2 * samplesEach; draws === 'independent' && more <= most; more *= 2) choices.push(more);
  return choices;
}

function demoted({ metrics }: PilotPlan): number {
  return metrics.filter(({ failsOnly }) => failsOnly !== undefined).length;
}

type Timing = Pick<PilotOptions, 'epochSeconds' | 'maxMinutes'>;

function planWith(
  samplesEach: number,
  measured: readonly PilotSpread[],
  { epochSeconds, maxMinutes = Number.POSITIVE_INFINITY }: Timing,
  rule: DecisionRule,
): PilotPlan {
  const minutesOf = (epochs: number): number => (epochs * epochSeconds(samplesEach)) / 60;
  const [first = 0] = rule.looksAtEpochs;
  const fitting = rule.looksAtEpochs.filter((look) => minutesOf(look) <= maxMinutes);
  const looks = fitting.length > 0 ? fitting : [first];
  const last = looks.at(-1) ?? first;
  const missAt = (look: number, { spread, margin }: PilotSpread): number => {
    const standardError = spread / Math.sqrt(look);
    return standardError === 0 ? 0 : studentUpperTail(margin / standardError - studentCritical(rule.alphaPass, look - 1), asNormal);
  };
  const missOfAll = (look: number, all: readonly PilotSpread[]): number => all.reduce((sum, one) => sum + missAt(look, one), 0);

  const gating = measured.toSorted((a, b) => missAt(last, a) - missAt(last, b));
  while (missOfAll(last, gating) > missAtLast) gating.pop();
  const epochs = looks.find((look) => missOfAll(look, gating) <= missPlanned) ?? last;
  const tests = Math.max(1, measured.length);
  const metrics = measured.map((one): PilotMetric => {
    const { id, spread, margin } = one;
    const epochsNeeded = looks.find((look) => missAt(look, one) <= missPlanned);
    const seen = (studentCritical(rule.alphaFail / tests, last - 1) + studentCritical(0.2, last - 1)) * (spread / Math.sqrt(last));
    const detectableChange = Math.expm1(seen);
    const failsOnly = `it varies by ${percent(spread)} from epoch to epoch without a change: too much to rule out ${percent(Math.expm1(margin))} in ${last} epochs, which could see ${percent(detectableChange)}`;
    return { id, spread, ...(epochsNeeded !== undefined && { epochsNeeded }), detectableChange, ...(!gating.includes(one) && { failsOnly }) };
  });
  return { samplesEach, epochs, expectedMinutes: minutesOf(epochs), longestMinutes: minutesOf(last), fits: fitting.length > 0, metrics };
}

/** Probability that a gate without a change does not pass at the look that is planned for it. */
const missPlanned = 0.1;
/**
 * The same at its last look, after which it is inconclusive. Spreads are estimates, and epochs have a mean of their own by chance: on a recorded pool, planning for 10% left 28% of
 * the sets inconclusive, planning for 2% 10% (docs/gate.md).
 */
const missAtLast = 0.02;
/** Degrees of freedom at which t is normal to all digits that matter here. */
const asNormal = 1e6;

function percent(ratio: number): string {
  return `${Number((100 * ratio).toPrecision(2))}%`;
}

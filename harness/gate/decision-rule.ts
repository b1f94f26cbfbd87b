import { holm } from './statistics/holm.ts';

/** How a gate decides. A rule is data, so that a simulation can show what each part of it is there for. */
export interface DecisionRule {
  /** Epochs after which the verdict may be given, ascending. Their number is what the alphas are shared among. */
  looksAtEpochs: readonly number[];
  /** Probability of a false alarm, at each look, over all gating metrics and operations together. */
  alphaFail: number;
  /** Probability, at each look, that a metric's bound lies below what is true. */
  alphaPass: number;
  /** Adjusts the p of all gating metrics and operations for their number. */
  correct: (ps: readonly number[]) => number[];
  /** Whether a metric fails only where its estimate reaches the margin, too; a small slowdown that is certain is then no failure. */
  failsFromMargin: boolean;
  /** A pass needs the errors of head bounded to at most this much more of all requests than those of base: a share. */
  errorMargin: number;
}

export const gateRule: DecisionRule = {
  looksAtEpochs: [8, 16, 24, 32],
  alphaFail: 0.005,
  alphaPass: 0.0125,
  correct: holm,
  failsFromMargin: true,
  errorMargin: 0.005,
};

/**
 * The numbers of epochs at which to look when so many are there. `ended` (the time is up, or the epochs were recorded): what lies behind the last look counts as well, as
 * one look more, as long as there are no more looks than the rule has, which is what the alphas were shared among. The time of that look must not depend on the figures.
 */
export function looksWith(epochs: number, ended: boolean, { looksAtEpochs }: Pick<DecisionRule, 'looksAtEpochs'>): number[] {
  const looks = looksAtEpochs.filter((look) => look <= epochs);
  const last = looks.at(-1);
  return ended && last !== undefined && last < epochs && looks.length < looksAtEpochs.length ? [...looks, epochs] : looks;
}

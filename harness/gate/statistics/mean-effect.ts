import { studentCritical, studentUpperTail } from './student-t.ts';

/** An estimated effect (log ratio, positive: head is slower) with what t tests and bounds need. */
export interface MeanEffect {
  /** Epochs: the independent units. */
  n: number;
  mean: number;
  standardError: number;
}

/** Mean and its standard error; with fewer than two values the standard error is infinite: one epoch says nothing of the spread. */
export function meanEffect(effects: readonly number[]): MeanEffect {
  const n = effects.length;
  if (n === 0) return { n, mean: 0, standardError: Number.POSITIVE_INFINITY };
  let sum = 0;
  for (const effect of effects) sum += effect;
  const mean = sum / n;
  if (n < 2) return { n, mean, standardError: Number.POSITIVE_INFINITY };
  let squares = 0;
  for (const effect of effects) squares += (effect - mean) ** 2;
  return { n, mean, standardError: Math.sqrt(squares / (n - 1) / n) };
}

/** One-sided p of "head is slower" (the mean effect is above 0): Student's t with n - 1 degrees of freedom; without any spread that of a sign test, in which all epochs agree. */
export function slowerP({ n, mean, standardError }: MeanEffect): number {
  if (n < 2) return 1;
  // A constant profile, or one value that all epochs share: so many epochs are no proof beyond theirs.
  if (standardError === 0) return mean > 0 ? 2 ** -n : 1;
  return studentUpperTail(mean / standardError, n - 1);
}

/** Upper confidence bound of the mean effect, exceeded with probability `alpha`; infinite below two values. It under the margin is one side of a TOST. */
export function upperBound({ n, mean, standardError }: MeanEffect, alpha: number): number {
  if (n < 2) return Number.POSITIVE_INFINITY;
  return mean + studentCritical(alpha, n - 1) * standardError;
}

/** Lower confidence bound, the counterpart of `upperBound`. */
export function lowerBound({ n, mean, standardError }: MeanEffect, alpha: number): number {
  if (n < 2) return Number.NEGATIVE_INFINITY;
  return mean - studentCritical(alpha, n - 1) * standardError;
}

/** The effect that a one-sided t test at `alpha` finds with 80% probability, at the spread that was seen. */
export function detectableEffect({ n, standardError }: MeanEffect, alpha: number): number {
  if (n < 2) return Number.POSITIVE_INFINITY;
  return (studentCritical(alpha, n - 1) + studentCritical(0.2, n - 1)) * standardError;
}

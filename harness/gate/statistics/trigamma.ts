/**
 * Second derivative of ln gamma, for x above 0: the variance of the logarithm of a chi-squared with 2x degrees of freedom. Recurrence up to 12, then the asymptotic
 * series (Abramowitz and Stegun, 6.4.6 and 6.4.12).
 */
export function trigamma(x: number): number {
  if (x < 12) return 1 / (x * x) + trigamma(x + 1);
  return 1 / x + 1 / (2 * x ** 2) + 1 / (6 * x ** 3) - 1 / (30 * x ** 5) + 1 / (42 * x ** 7) - 1 / (30 * x ** 9);
}

import cdf from '@stdlib/stats-base-dists-t-cdf';
import quantile from '@stdlib/stats-base-dists-t-quantile';

/** P(T > t) for Student's t with `degrees` of freedom. Exact in the far tail too: small p are what a correction for many metrics needs. */
export function studentUpperTail(t: number, degrees: number): number {
  return cdf(-t, degrees);
}

const known = new Map<string, number>();

/** The value that T exceeds with probability `alpha`, in (0, 1). Remembered: a gate asks for the same few again and again. */
export function studentCritical(alpha: number, degrees: number): number {
  const key = `${alpha}:${degrees}`;
  const found = known.get(key);
  if (found !== undefined) return found;
  if (known.size > 10_000) known.clear();
  const value = -quantile(alpha, degrees);
  known.set(key, value);
  return value;
}

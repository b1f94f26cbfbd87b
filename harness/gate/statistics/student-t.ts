import { studentAt, studentBelow } from './distributions.ts';

/** P(T > t) for Student's t with `degrees` of freedom. Exact in the far tail too: small p are what a correction for many metrics needs. */
export function studentUpperTail(t: number, degrees: number): number {
  return studentBelow(-t, degrees);
}

const known = new Map<number, number[]>();

/** The value that T exceeds with probability `alpha`, in (0, 1). Remembered: a gate asks for the same few again and again. */
export function studentCritical(alpha: number, degrees: number): number {
  if (known.size > 1_000) known.clear();
  const byDegrees = known.get(alpha) ?? [];
  known.set(alpha, byDegrees);
  const value = byDegrees[degrees] ?? -studentAt(alpha, degrees);
  byDegrees[degrees] = value;
  return value;
}

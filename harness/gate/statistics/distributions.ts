import { createRequire } from 'node:module';
import type betaCdf from '@stdlib/stats-base-dists-beta-cdf';
import type betaQuantile from '@stdlib/stats-base-dists-beta-quantile';
import type studentCdf from '@stdlib/stats-base-dists-t-cdf';
import type studentQuantile from '@stdlib/stats-base-dists-t-quantile';

/**
 * Distributions of @stdlib, each loaded when it is first asked for: they are two hundred small modules, and every command of the CLI would wait for them at its start.
 * CommonJS, so that they can be had without a promise.
 */
const require = createRequire(import.meta.url);

let loadedBetaCdf: typeof betaCdf | undefined;
let loadedBetaQuantile: typeof betaQuantile | undefined;
let loadedStudentCdf: typeof studentCdf | undefined;
let loadedStudentQuantile: typeof studentQuantile | undefined;

/** P(B <= x) for Beta(a, b). */
export function betaBelow(x: number, a: number, b: number): number {
  loadedBetaCdf ??= require('@stdlib/stats-base-dists-beta-cdf') as typeof betaCdf;
  return loadedBetaCdf(x, a, b);
}

/** The value that Beta(a, b) is under with probability p. */
export function betaAt(p: number, a: number, b: number): number {
  loadedBetaQuantile ??= require('@stdlib/stats-base-dists-beta-quantile') as typeof betaQuantile;
  return loadedBetaQuantile(p, a, b);
}

/** P(T <= t) for Student's t. */
export function studentBelow(t: number, degrees: number): number {
  loadedStudentCdf ??= require('@stdlib/stats-base-dists-t-cdf') as typeof studentCdf;
  return loadedStudentCdf(t, degrees);
}

/** The value that Student's t is under with probability p. */
export function studentAt(p: number, degrees: number): number {
  loadedStudentQuantile ??= require('@stdlib/stats-base-dists-t-quantile') as typeof studentQuantile;
  return loadedStudentQuantile(p, degrees);
}

import { expect } from 'vitest';
import { exitCodeOf } from '../../harness/judge/verdict.ts';
import type { RunFile } from '../../harness/results/run-file.ts';

/**
 * For runs that must pass, on a machine that may be busy: the exit code is the verdict's, and all that may keep the run from passing is that its load was not
 * delivered. A leg whose load was delivered meets every objective.
 */
export function expectPassUnlessUndelivered(run: RunFile, code: number | null): void {
  const { verdict, reasons } = run.verdict;
  expect(code, reasons.join('\n')).toBe(exitCodeOf(verdict));
  const delivered = run.legs.filter((leg) => leg.validity.valid);
  const missed = delivered.flatMap((leg) =>
    leg.objectives
      .filter((result) => result.judged !== false && result.verdict !== 'pass')
      .map((result) => `${leg.id}: ${result.text} (${result.reason ?? ''})`),
  );
  expect(missed).toEqual([]);
  expect(verdict, reasons.join('\n')).toBe(delivered.length === run.legs.length ? 'pass' : 'invalid');
  expect(run.legs.filter((leg) => leg.failure !== undefined).map((leg) => leg.failure)).toEqual([]);
}

import { binomialLower, binomialUpper } from './statistics/binomial-bounds.ts';
import { type ErrorCount, moreErrorsP } from './statistics/stratified-errors.ts';
import type { ErrorEpochs } from './types.ts';

interface JudgedErrors {
  operations: OperationP[];
  /** Upper bound of head's error ratio minus base's, over all operations; absent when no requests were counted. */
  increaseHigh?: number;
}

interface OperationP {
  scenario: string;
  operation: string;
  newKind: boolean;
  p?: number;
}

/**
 * Errors of the first `epochs` epochs. The bound is head's upper one minus base's lower one, each exact at half of alpha: it holds whatever their ratios are, and is
 * wider than need be.
 */
export function judgeErrors(errors: readonly ErrorEpochs[], epochs: number, alpha: number): JudgedErrors {
  const operations = errors.map(({ scenario, operation, base, head, newKinds }) => {
    const p = moreErrorsP(base.slice(0, epochs), head.slice(0, epochs));
    return { scenario, operation, newKind: newKinds.length > 0, ...(p !== undefined && { p }) };
  });
  const base = total(errors.flatMap((one) => one.base.slice(0, epochs)));
  const head = total(errors.flatMap((one) => one.head.slice(0, epochs)));
  if (base[1] === 0 || head[1] === 0) return { operations };
  return { operations, increaseHigh: binomialUpper(head[0], head[1], alpha / 2) - binomialLower(base[0], base[1], alpha / 2) };
}

function total(counts: readonly ErrorCount[]): ErrorCount {
  return counts.reduce(([failed, requests], [f, r]): ErrorCount => [failed + f, requests + r], [0, 0]);
}

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
  /** The same bound, of this operation alone. */
  increaseHigh?: number;
}

/** A single request may fail by chance in a way of its own: a kind counts from the second on, in whichever epoch. */
const fewestOfNewKind = 2;

/** Whether head has a kind of error, in the first `epochs` epochs, that base has in none of them. */
export function hasNewKind(newKinds: ErrorEpochs['newKinds'], epochs: number): boolean {
  return newKinds.some(
    ({ byEpoch, knownFrom }) =>
      (knownFrom === undefined || knownFrom >= epochs) && byEpoch.slice(0, epochs).reduce((sum, count) => sum + count, 0) >= fewestOfNewKind,
  );
}

/**
 * Errors of the first `epochs` epochs. The bound is head's upper one minus base's lower one, each exact at half of alpha: it holds whatever their ratios are, and is
 * wider than need be.
 */
export function judgeErrors(errors: readonly ErrorEpochs[], epochs: number, alpha: number): JudgedErrors {
  const operations = errors.map(({ scenario, operation, base, head, newKinds }) => {
    const looked = { base: base.slice(0, epochs), head: head.slice(0, epochs) };
    const p = moreErrorsP(looked.base, looked.head);
    const increaseHigh = boundOf(looked.base, looked.head, alpha);
    return { scenario, operation, newKind: hasNewKind(newKinds, epochs), ...(p !== undefined && { p }), ...(increaseHigh !== undefined && { increaseHigh }) };
  });
  const [base, head] = (['base', 'head'] as const).map((side) => errors.flatMap((one) => one[side].slice(0, epochs)));
  const increaseHigh = boundOf(base ?? [], head ?? [], alpha);
  return { operations, ...(increaseHigh !== undefined && { increaseHigh }) };
}

function boundOf(ofBase: readonly ErrorCount[], ofHead: readonly ErrorCount[], alpha: number): number | undefined {
  const base = total(ofBase);
  const head = total(ofHead);
  if (base[1] === 0 || head[1] === 0) return undefined;
  return binomialUpper(head[0], head[1], alpha / 2) - binomialLower(base[0], base[1], alpha / 2);
}

function total(counts: readonly ErrorCount[]): ErrorCount {
  return counts.reduce(([failed, requests], [f, r]): ErrorCount => [failed + f, requests + r], [0, 0]);
}

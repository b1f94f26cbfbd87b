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
 * Errors of the first `epochs` epochs. p is the larger of that of all of them and that without head's worst: requests of one epoch share its luck, and what went wrong in a
 * single one is no more than that epoch. The bound is head's upper one minus base's lower one, each exact at half of alpha: it holds whatever their ratios are, and is wider
 * than need be. Of an operation that base does not know, base's are taken as none: head's errors are then the change's.
 */
export function judgeErrors(errors: readonly ErrorEpochs[], epochs: number, alpha: number): JudgedErrors {
  const known = errors.map((one) => (one.headOnly ? { ...one, base: one.base.map(([, requests]): ErrorCount => [0, requests]) } : one));
  const operations = known.map(({ scenario, operation, base, head, newKinds }) => {
    const looked = { base: base.slice(0, epochs), head: head.slice(0, epochs) };
    const p = moreErrorsAgain(looked.base, looked.head);
    const increaseHigh = boundOf(looked.base, looked.head, alpha);
    return { scenario, operation, newKind: hasNewKind(newKinds, epochs), ...(p !== undefined && { p }), ...(increaseHigh !== undefined && { increaseHigh }) };
  });
  const [base, head] = (['base', 'head'] as const).map((side) => known.flatMap((one) => one[side].slice(0, epochs)));
  const increaseHigh = boundOf(base ?? [], head ?? [], alpha);
  return { operations, ...(increaseHigh !== undefined && { increaseHigh }) };
}

function moreErrorsAgain(base: readonly ErrorCount[], head: readonly ErrorCount[]): number | undefined {
  const p = moreErrorsP(base, head);
  if (p === undefined) return undefined;
  const more = head.map((count, epoch) => ratioOf(count) - ratioOf(base[epoch] ?? [0, 0]));
  const worst = more.indexOf(Math.max(...more));
  const others = moreErrorsP(base.toSpliced(worst, 1), head.toSpliced(worst, 1));
  return Math.max(p, others ?? 1);
}

function ratioOf([failed, requests]: ErrorCount): number {
  return requests === 0 ? 0 : failed / requests;
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

/** What the epochs that do not count say all the same: one that head alone spoils is left out of the figures in head's favour. Pure. */
import type { EpochFault, EpochRecord } from './epochs/epoch-record.ts';
import type { GateConclusion } from './gate-file.ts';

/** With more of all epochs invalid, those that are left are a choice. */
const largestInvalidShare = 0.25;
/** So many more of head's alone than of base's alone are chance; with more nothing passes. */
const mostMoreOfHead = 1;

/** Faults of one side and of nobody else. */
export function isOnlyOf(side: NonNullable<EpochFault['side']>, { faults }: Pick<EpochRecord, 'faults'>): boolean {
  return faults.length > 0 && faults.every((fault) => fault.side === side);
}

/**
 * Why the gate does not pass, whatever the valid epochs say; undefined: nothing in the way. fail: head spoils more epochs than base by an exact sign test. It is judged
 * once, at the end, beside the looks.
 */
export function judgeInvalidEpochs(records: readonly Pick<EpochRecord, 'faults'>[], alphaFail: number): GateConclusion | undefined {
  const invalid = records.filter(({ faults }) => faults.length > 0).length;
  const ofHead = records.filter((record) => isOnlyOf('head', record)).length;
  const ofBase = records.filter((record) => isOnlyOf('base', record)).length;
  const counts = `${ofHead} of ${records.length} epochs were invalid by head alone, ${ofBase} by base alone`;
  if (signTestP(ofHead, ofBase) <= alphaFail) return { verdict: 'fail', reasons: [`${counts}: more than chance`] };
  if (invalid > largestInvalidShare * records.length)
    return { verdict: 'invalid', reasons: [`${invalid} of ${records.length} epochs were invalid, more than a quarter: the others are a choice`] };
  if (ofHead - ofBase > mostMoreOfHead) return { verdict: 'inconclusive', reasons: [`${counts}: what they would have shown is left out`] };
  return undefined;
}

/** Probability of `more` or more heads in as many throws of a coin as both counts together. */
export function signTestP(more: number, less: number): number {
  const throws = more + less;
  let ways = 1;
  let sum = 0;
  for (let k = 0; k <= throws; k += 1) {
    if (k >= more) sum += ways;
    ways *= (throws - k) / (k + 1);
  }
  return sum / 2 ** throws;
}

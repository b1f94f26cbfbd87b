/** From epochs and the decision to what the gate says. Pure: nothing passes for lack of data. */
import type { EpochFault, EpochRecord } from './epochs/epoch-record.ts';
import type { GateConclusion } from './gate-file.ts';
import { coverageOf, isBounding } from './coverage.ts';
import { gateRule } from './decision-rule.ts';
import { isOnlyOf, judgeInvalidEpochs } from './invalid-epochs.ts';
import type { Decision } from './types.ts';

/** So many invalid epochs in a row, and the machine or a side cannot do it. */
export const mostInvalidInARow = 3;

export interface Concluded extends GateConclusion {
  noBase?: string;
}

/**
 * Why no more epochs are worth running; undefined: go on. A side that breaks under load ends the gate at once: base, and there is nothing to compare with; head, and the
 * change broke it. One that does not get as far as the load is started again, in another epoch and on another port: a taken port or a slow machine is no change of head's.
 * The second time in a row it is broken. A load that was not delivered is tried again.
 */
export function endedByFaults(records: readonly EpochRecord[]): Concluded | undefined {
  const faults = records.at(-1)?.faults ?? [];
  const before = records.at(-2)?.faults ?? [];
  const brokenIn = (list: readonly EpochFault[], side: EpochFault['side']): EpochFault | undefined =>
    list.find((fault) => fault.kind === 'broken' && fault.side === side);
  const broken = (side: EpochFault['side']): EpochFault | undefined => {
    const fault = brokenIn(faults, side);
    return fault?.beforeLoad && !brokenIn(before, side) ? undefined : fault;
  };
  const base = broken('base');
  const head = broken('head');
  // It has never answered anything: a first change has nothing to be compared with.
  if (base && records.every(({ sides }) => sides.base.requests === 0))
    return { verdict: 'inconclusive', reasons: [`base cannot be started: ${base.text}`], noBase: base.text };
  if (base) return { verdict: 'invalid', reasons: [`base is broken: ${base.text}`, ...(head ? [`head is broken: ${head.text}`] : [])] };
  if (head) return { verdict: 'fail', reasons: [`head is broken, and base is not: ${head.text}`] };
  const latest = records.slice(-mostInvalidInARow);
  if (latest.length < mostInvalidInARow || latest.some((record) => record.faults.length === 0)) return undefined;
  // What one side alone cannot take, time and again, is that side's.
  const onlyHead = latest.every((record) => isOnlyOf('head', record));
  const reasons = [...new Set(latest.flatMap((record) => record.faults.map(({ side, text }) => (side === undefined ? text : `${side}: ${text}`))))];
  if (onlyHead) return { verdict: 'fail', reasons };
  return { verdict: 'invalid', reasons: [`${mostInvalidInARow} epochs in a row were invalid`, ...reasons] };
}

/** What was not compared because neither side ever answered it: it would pass unseen. */
export function neverAnswered(records: readonly EpochRecord[]): string[] {
  const answered = new Map<string, boolean>();
  for (const { sides } of records) {
    for (const side of [sides.base, sides.head]) {
      for (const { scenario, operations } of side.scenarios) {
        for (const [operation, [failed, requests]] of Object.entries(operations)) {
          const key = `${scenario}: ${operation}`;
          answered.set(key, (answered.get(key) ?? false) || failed < requests);
        }
      }
    }
  }
  return [...answered].filter(([, ok]) => !ok).map(([key]) => `${key} was answered ok by neither side`);
}

/** @param decision of the last look; undefined when there were too few valid epochs */
export function conclude(records: readonly EpochRecord[], decision: Decision | undefined, interrupted: boolean): GateConclusion {
  const valid = records.filter(({ faults }) => faults.length === 0).length;
  if (decision?.verdict === 'fail') return { verdict: 'fail', reasons: failures(decision) };
  const unanswered = neverAnswered(records);
  if (unanswered.length > 0) return { verdict: 'invalid', reasons: unanswered };
  if (interrupted) return { verdict: 'invalid', reasons: [`interrupted after ${valid} valid epochs: what was measured until then is kept`] };
  const invalid = judgeInvalidEpochs(records, decision?.alphaFail ?? gateRule.alphaFail);
  if (invalid?.verdict === 'fail') return invalid;
  if (!decision) return { verdict: 'inconclusive', reasons: [`${valid} valid epochs are too few for a verdict`] };
  if (invalid?.verdict === 'invalid' || (invalid && decision.verdict === 'pass')) return invalid;
  const gating = decision.metrics.filter(isBounding);
  const { inTheWay } = coverageOf(decision.metrics);
  if (decision.verdict === 'pass') return { verdict: 'pass', reasons: [`${gating.length} of ${gating.length} metrics passed after ${decision.epochs} epochs`] };
  const open = gating.filter(({ verdict }) => verdict !== 'pass');
  if (decision.metrics.every(({ advisory }) => advisory !== undefined))
    return { verdict: 'inconclusive', reasons: ['every metric is advisory: nothing decides'] };
  return {
    verdict: 'inconclusive',
    reasons: [
      ...inTheWay,
      `${open.length} of ${gating.length} metrics could not be told after ${decision.epochs} epochs`,
      ...open.slice(0, 5).map(({ id, changeHigh, margin }) => `${id}: up to ${percentOf(changeHigh)} slower, margin ${percentOf(margin)}`),
    ],
  };
}

function failures({ metrics, errors }: Decision): string[] {
  return [
    ...metrics
      .filter(({ verdict, advisory }) => verdict === 'fail' && advisory === undefined)
      .toSorted((a, b) => b.change - a.change)
      .map(({ id, change, changeLow, changeHigh }) => `${id}: ${percentOf(change)} slower (${percentOf(changeLow)} to ${percentOf(changeHigh)})`),
    ...errors.filter(({ verdict }) => verdict === 'fail').map(({ scenario, operation }) => `${scenario}: ${operation} fails more often, or in a new way`),
  ];
}

function percentOf(ratio: number): string {
  return Number.isFinite(ratio) ? `${(ratio * 100).toFixed(1)}%` : 'any amount';
}

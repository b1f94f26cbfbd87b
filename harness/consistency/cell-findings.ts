/** From what a cell recorded to what it found. Pure: decided by the history alone. */
import type { CellFindings, LossCurve } from '../results/findings.ts';
import { exactShare } from './binomial.ts';
import { type Cell, cellText } from './cells.ts';
import { duplicates } from './checker/duplicates.ts';
import { lostUpdates } from './checker/lost-updates.ts';
import { monotonicReads } from './checker/monotonic-reads.ts';
import { readYourWrites } from './checker/read-your-writes.ts';
import { staleReads } from './checker/stale-reads.ts';
import { feltTimes } from './felt-times.ts';
import type { Channels, Operation } from './history.ts';
import { answerChannel } from './user-client.ts';

export interface CellRecord {
  cell: Cell;
  legId: string;
  history: readonly Operation[];
  /** Of the study, without answers. */
  channels: Channels;
  /** The channel whose acknowledgement users wait for. */
  submitted: string;
  loss: LossCurve[];
  server?: { acknowledged: number; replaced: number };
}

export function cellFindings({ cell, legId, history, channels, submitted, loss, server }: CellRecord): CellFindings {
  const messages = lostUpdates(history, channels);
  const answers = lostUpdates(history, { [answerChannel]: 'all' });
  const copies = duplicates(history, channels);
  const stale = staleReads(history, channels);
  const own = readYourWrites(history, channels);
  const backward = monotonicReads(history, channels);
  const writes = history.filter((operation) => operation.action === 'write');
  const found = {
    legId,
    name: cell.name,
    text: cellText(cell),
    lost: exactShare(messages.lost.length, messages.decided),
    ...(answers.decided > 0 && { lostAnswers: exactShare(answers.lost.length, answers.decided) }),
    duplicates: exactShare(copies.duplicates.length, copies.decided),
    undecided: messages.undecided,
    refused: writes.filter(({ status }) => status === 409).length,
    replayed: writes.filter(({ channel, replayed }) => channel !== answerChannel && replayed).length,
    stale: exactShare(stale.stale.length, stale.decided),
    readYourWrites: exactShare(own.violations.length, own.decided),
    monotonic: exactShare(backward.violations.length, backward.decided),
    loss,
    ...feltTimes(history, submitted),
    ...(server && { server }),
  };
  return { ...found, ...judged(cell, found) };
}

/** What is expected of a cell's policies, against what was found. */
function judged(
  { expects }: Cell,
  { lost, lostAnswers, duplicates: copies, undecided }: Pick<CellFindings, 'lost' | 'lostAnswers' | 'duplicates' | 'undecided'>,
): Pick<CellFindings, 'asExpected' | 'reasons'> {
  const said = [
    `${lost.count} of ${lost.n} acknowledged messages lost${lostAnswers ? `, ${lostAnswers.count} of ${lostAnswers.n} answers` : ''}`,
    `${copies.count} of ${copies.n} messages there more than once`,
    ...(undecided > 0 ? [`${undecided} acknowledged messages undecided`] : []),
  ];
  if (!expects) return { reasons: said };
  const faults = [
    ...(expects.lost === 'none' && lost.count > 0 ? ['none may be lost'] : []),
    ...(expects.answers === 'none' && (lostAnswers?.count ?? 0) > 0 ? ['no answer may be lost'] : []),
    ...(expects.lost === 'some' && lost.count === 0 ? ['this policy loses messages, and none was found lost'] : []),
    ...(expects.duplicates === 'none' && copies.count > 0 ? ['none may be there twice'] : []),
    ...(expects.duplicates === 'some' && copies.count === 0 ? ['this policy doubles messages, and none was found doubled'] : []),
  ];
  return { asExpected: faults.length === 0, reasons: faults.length === 0 ? said : [...said, ...faults] };
}

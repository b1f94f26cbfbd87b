/** From what a cell recorded to what it found. Pure: decided by the history alone. */
import type { CellFindings, LossCurve, ResubmitLosses, RetryPairs } from '../results/findings.ts';
import { clusteredShare, exactShare } from './binomial.ts';
import { judgeCell } from './cell-verdict.ts';
import { type Cell, cellText } from './cells.ts';
import { duplicates } from './checker/duplicates.ts';
import { lostUpdates } from './checker/lost-updates.ts';
import { monotonicReads } from './checker/monotonic-reads.ts';
import { readYourWrites } from './checker/read-your-writes.ts';
import { staleReads } from './checker/stale-reads.ts';
import { feltTimeOf, feltTimes } from './felt-times.ts';
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
  /** Of `resubmit`, and how many users were to come. */
  resubmit?: ResubmitLosses & { users: number };
  pairs?: RetryPairs[];
  server?: { acknowledged: number; replaced: number };
}

export function cellFindings({ cell, legId, history, channels, submitted, loss, resubmit, pairs, server }: CellRecord): CellFindings {
  const messages = lostUpdates(history, channels);
  const answers = lostUpdates(history, { [answerChannel]: 'all' });
  const copies = duplicates(history, channels);
  const writes = history.filter((operation) => operation.action === 'write');
  const ofChannels = writes.filter(({ channel }) => Object.hasOwn(channels, channel));
  const felt = feltTimes(history, submitted);
  const [submit, read] = [feltTimeOf(felt.submit), feltTimeOf(felt.read)];
  const found = {
    legId,
    name: cell.name,
    text: cellText(cell),
    lost: resubmit?.lost ?? exactShare(messages.lost.length, messages.decided),
    ...(resubmit && { resubmit: besideLost(resubmit) }),
    ...(pairs && { pairs }),
    ...(answers.decided > 0 && { lostAnswers: exactShare(answers.lost.length, answers.decided) }),
    duplicates: exactShare(copies.duplicates.length, copies.decided),
    undecided: messages.undecided,
    asked: resubmit?.users ?? new Set(ofChannels.map(({ channel, value }) => `${channel} ${value}`)).size,
    refused: writes.filter(({ status }) => status === 409).length,
    replayed: writes.filter(({ channel, replayed }) => channel !== answerChannel && replayed).length,
    ...readShares(history, channels),
    loss,
    ...(submit && { submit }),
    ...(read && { read }),
    ...(server && { server }),
  };
  return { ...found, ...judgeCell(cell, found) };
}

function besideLost({ others, early, late, shown, unreplaced }: ResubmitLosses): Omit<ResubmitLosses, 'lost'> {
  return { others, early, ...(late && { late }), shown, unreplaced };
}

/** Reads of one conversation may all be wrong for one reason, so conversations are what the intervals count. */
function readShares(history: readonly Operation[], channels: Channels): Pick<CellFindings, 'stale' | 'readYourWrites' | 'monotonic'> {
  const each = [...Map.groupBy(history, ({ key }) => key).values()].map((own) => ({
    stale: staleReads(own, channels),
    own: readYourWrites(own, channels),
    backward: monotonicReads(own, channels),
  }));
  return {
    stale: clusteredShare(each.map(({ stale }) => ({ count: stale.stale.length, n: stale.decided }))),
    readYourWrites: clusteredShare(each.map(({ own }) => ({ count: readsOf(own.violations), n: own.decided }))),
    monotonic: clusteredShare(each.map(({ backward }) => ({ count: backward.violations.length, n: backward.decided }))),
  };
}

/** A read that lacks own writes of two channels is one read. */
function readsOf(violations: readonly { read: Operation }[]): number {
  return new Set(violations.map(({ read }) => read.id)).size;
}

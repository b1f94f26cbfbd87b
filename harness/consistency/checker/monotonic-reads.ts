import type { Channels, Operation, WriteOperation } from '../history.ts';
import { type AnsweredRead, byKey, shownWrite, wasBefore } from './indexed.ts';
import { lostUpdates } from './lost-updates.ts';

export interface MonotonicViolation {
  process: string;
  channel: string;
  /** What was seen, and then not. */
  value: string;
  before: AnsweredRead;
  after: AnsweredRead;
}

export interface MonotonicReads {
  /** Reads that had an earlier read of the same session and key before them. */
  decided: number;
  violations: MonotonicViolation[];
}

/**
 * Reads of one session that went back in time: one was over before the next was sent, and the next lacks what the first had shown. A value that is lost for good
 * does not count: it was taken away, not forgotten. Each read counts once.
 */
export function monotonicReads(history: readonly Operation[], channels: Channels): MonotonicReads {
  const lost = new Set(lostUpdates(history, channels).lost.map(({ write }) => write.value));
  const result: MonotonicReads = { decided: 0, violations: [] };
  for (const { reads, writes } of byKey(history)) {
    const sessions = Map.groupBy(reads, ({ process }) => process);
    for (const [process, ofSession] of sessions) {
      for (const after of ofSession) {
        const earlier = ofSession.filter((read) => read.completedAtMs < after.invokedAtMs);
        if (earlier.length === 0) continue;
        result.decided += 1;
        const gone = firstGone(earlier, after, writes, channels, lost);
        if (gone) result.violations.push({ process, after, ...gone });
      }
    }
  }
  return result;
}

function firstGone(
  earlier: readonly AnsweredRead[],
  after: AnsweredRead,
  writes: readonly WriteOperation[],
  channels: Channels,
  lost: ReadonlySet<string>,
): Pick<MonotonicViolation, 'channel' | 'value' | 'before'> | undefined {
  for (const before of earlier) {
    for (const [channel, keeps] of Object.entries(channels)) {
      const ofChannel = writes.filter((write) => write.channel === channel);
      if (keeps === 'all') {
        const value = ofChannel.find((write) => before.seen.includes(write.value) && !after.seen.includes(write.value) && !lost.has(write.value))?.value;
        if (value !== undefined) return { channel, value, before };
        continue;
      }
      const then = shownWrite(before, ofChannel);
      const now = shownWrite(after, ofChannel);
      if (then && then !== now && (now === undefined || wasBefore(now, then))) return { channel, value: then.value, before };
    }
  }
  return undefined;
}

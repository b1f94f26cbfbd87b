import type { Channels, Operation, WriteOperation } from '../history.ts';
import { type AcknowledgedWrite, type AnsweredRead, byKey, type KeyHistory, shownWrite, wasBefore } from './indexed.ts';

export interface StaleRead {
  read: AnsweredRead;
  channel: string;
  /** The newest write that it should have seen and did not. */
  missed: AcknowledgedWrite;
  /** How many acknowledged writes of the channel it is behind. */
  versionsBehind: number;
  /** The reader's own writes are among them. */
  own: boolean;
}

export interface StaleReads {
  /** Pairs of an answered read and a channel that had an acknowledged write by then. */
  decided: number;
  stale: StaleRead[];
}

/**
 * Reads that lack a write which was acknowledged before they were sent, and which a read that began after their end still shows: so it was there, and they were late. A write
 * that no later read shows is not held against a read: it may have been gone by then (that is `lostUpdates`' matter).
 */
export function staleReads(history: readonly Operation[], channels: Channels): StaleReads {
  const result: StaleReads = { decided: 0, stale: [] };
  for (const entry of byKey(history)) {
    for (const [channel, keeps] of Object.entries(channels)) {
      const writes = entry.writes.filter((write) => write.channel === channel);
      const ofChannel = entry.acknowledged.filter((write) => write.channel === channel);
      for (const read of entry.reads) {
        const due = ofChannel.filter((write) => write.completedAtMs < read.invokedAtMs && wasShownLater(write, read, entry, writes, keeps === 'latest'));
        if (due.length === 0) continue;
        result.decided += 1;
        const missed = due.filter((write) => !shows(read, write, writes, keeps === 'latest'));
        const newest = missed.at(-1);
        if (newest)
          result.stale.push({ read, channel, missed: newest, versionsBehind: missed.length, own: missed.some(({ process }) => process === read.process) });
      }
    }
  }
  return result;
}

/** Whether a read shows a write, or, where only the latest is kept, one that was not over before it began. */
function shows(read: AnsweredRead, write: WriteOperation, writes: readonly WriteOperation[], latestOnly: boolean): boolean {
  if (read.seen.includes(write.value)) return true;
  if (!latestOnly) return false;
  const shown = shownWrite(read, writes);
  return shown !== undefined && !wasBefore(shown, write);
}

/** Some read, this one or one that began after its end, shows that the write was still to come and not gone. */
function wasShownLater(write: AcknowledgedWrite, read: AnsweredRead, { reads }: KeyHistory, writes: readonly WriteOperation[], latestOnly: boolean): boolean {
  return shows(read, write, writes, latestOnly) || reads.some((other) => other.invokedAtMs > read.completedAtMs && shows(other, write, writes, latestOnly));
}

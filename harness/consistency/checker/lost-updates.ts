import type { Channels, Operation, WriteOperation } from '../history.ts';
import { type AcknowledgedWrite, type AnsweredRead, byKey, isAcknowledged, type KeyHistory, lastFinal, shownWrite, wasBefore } from './indexed.ts';

export interface LostUpdate {
  write: AcknowledgedWrite;
  /** The final read without it. */
  evidence: AnsweredRead;
  /** A write at the same place that was sent later and is there: it may be what took its place. */
  rival?: WriteOperation;
}

export interface LostUpdates {
  /** Writes known to be done that a final read could decide about. */
  decided: number;
  /** Such writes without a final read after them: they may be there or not. */
  undecided: number;
  lost: LostUpdate[];
  kept: AcknowledgedWrite[];
}

/**
 * Writes that were done and are gone in the end. Known to be done is what was acknowledged, and what a read has shown although no answer came, or a refusal; anything else
 * may never have been there. Where a channel keeps the latest value, a write is lost when the final read shows one that was over before it began; of writes at the same time either may win.
 * @param channels those that are looked at
 */
export function lostUpdates(history: readonly Operation[], channels: Channels): LostUpdates {
  const result: LostUpdates = { decided: 0, undecided: 0, lost: [], kept: [] };
  for (const entry of byKey(history)) {
    const evidence = lastFinal(entry);
    // A message that was sent again is one value: it is there if any of its copies is. Of one that was acknowledged and shown before, the acknowledgement counts.
    const known = [...shownUnacknowledged(entry, evidence), ...entry.acknowledged].filter(({ channel }) => Object.hasOwn(channels, channel));
    const values = new Map(known.map((write) => [`${write.channel} ${write.value}`, write]));
    for (const write of values.values()) {
      if (!evidence || evidence.invokedAtMs < write.completedAtMs) {
        result.undecided += 1;
        continue;
      }
      result.decided += 1;
      const ofChannel = entry.writes.filter(({ channel }) => channel === write.channel);
      if (!isGone(write, evidence, ofChannel, channels)) {
        result.kept.push(write);
        continue;
      }
      const rival = ofChannel.find(
        ({ parent, invokedAtMs, value }) =>
          parent !== undefined && parent === write.parent && invokedAtMs > write.invokedAtMs && value !== write.value && evidence.seen.includes(value),
      );
      result.lost.push({ write, evidence, ...(rival && { rival }) });
    }
  }
  return result;
}

/** Writes without an acknowledgement that a read has shown before the final one was sent: done by the end of that read at the latest. */
function shownUnacknowledged({ writes, reads }: KeyHistory, evidence: AnsweredRead | undefined): AcknowledgedWrite[] {
  if (!evidence) return [];
  return writes.flatMap((write) => {
    if (isAcknowledged(write)) return [];
    const shown = reads.filter(({ seen, completedAtMs }) => completedAtMs < evidence.invokedAtMs && seen.includes(write.value));
    return shown.length === 0 ? [] : [{ ...write, completedAtMs: Math.min(...shown.map(({ completedAtMs }) => completedAtMs)) }];
  });
}

function isGone(write: AcknowledgedWrite, evidence: AnsweredRead, ofChannel: readonly WriteOperation[], channels: Channels): boolean {
  if (evidence.seen.includes(write.value)) return false;
  if (channels[write.channel] !== 'latest') return true;
  const shown = shownWrite(evidence, ofChannel);
  return shown === undefined || wasBefore(shown, write);
}

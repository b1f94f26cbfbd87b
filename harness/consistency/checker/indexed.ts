import type { Operation, ReadOperation, WriteOperation } from '../history.ts';

/** A read that was answered. */
export type AnsweredRead = ReadOperation & { completedAtMs: number; seen: readonly string[] };
/** A write that was acknowledged. */
export type AcknowledgedWrite = WriteOperation & { completedAtMs: number };

export interface KeyHistory {
  key: string;
  /** In the order of invocation. */
  writes: readonly WriteOperation[];
  acknowledged: readonly AcknowledgedWrite[];
  reads: readonly AnsweredRead[];
}

export function isAcknowledged(write: WriteOperation): write is AcknowledgedWrite {
  return write.outcome === 'ok' && write.completedAtMs !== undefined;
}

function isAnswered(read: ReadOperation): read is AnsweredRead {
  return read.outcome === 'ok' && read.completedAtMs !== undefined && read.seen !== undefined;
}

/** A history by its keys. Reads without an answer say nothing and are left out. */
export function byKey(history: readonly Operation[]): KeyHistory[] {
  const keys = new Map<string, { writes: WriteOperation[]; reads: AnsweredRead[] }>();
  for (const operation of history.toSorted((a, b) => a.invokedAtMs - b.invokedAtMs || a.id - b.id)) {
    let entry = keys.get(operation.key);
    if (!entry) {
      entry = { writes: [], reads: [] };
      keys.set(operation.key, entry);
    }
    if (operation.action === 'write') entry.writes.push(operation);
    else if (isAnswered(operation)) entry.reads.push(operation);
  }
  return [...keys].map(([key, { writes, reads }]) => ({ key, writes, reads, acknowledged: writes.filter(isAcknowledged) }));
}

/** The read that decides what is there in the end: the latest of the final ones. */
export function lastFinal({ reads }: KeyHistory): AnsweredRead | undefined {
  return reads.findLast(({ final }) => final === true);
}

/** The value of a channel that a read shows, with the write that it came from. */
export function shownWrite(read: AnsweredRead, writes: readonly WriteOperation[]): WriteOperation | undefined {
  return writes.findLast(({ value }) => read.seen.includes(value));
}

/** Whether one write was over before the other began. What was never answered is never over. */
export function wasBefore(one: WriteOperation, other: WriteOperation): boolean {
  return one.completedAtMs !== undefined && one.outcome === 'ok' && one.completedAtMs < other.invokedAtMs;
}

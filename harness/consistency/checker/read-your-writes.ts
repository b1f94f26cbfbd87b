import type { Channels, Operation } from '../history.ts';
import { byKey } from './indexed.ts';
import { type StaleRead, staleReads } from './stale-reads.ts';

export interface ReadYourWrites {
  /** Answered reads by a process that had an acknowledged write of its own in that key. */
  decided: number;
  violations: StaleRead[];
}

/** Reads that lack what the very same session had written, and was told to be there, before. */
export function readYourWrites(history: readonly Operation[], channels: Channels): ReadYourWrites {
  let decided = 0;
  for (const { reads, acknowledged } of byKey(history)) {
    const first = new Map<string, number>();
    for (const { process, completedAtMs } of acknowledged) first.set(process, Math.min(first.get(process) ?? Number.POSITIVE_INFINITY, completedAtMs));
    decided += reads.filter(({ process, invokedAtMs }) => (first.get(process) ?? Number.POSITIVE_INFINITY) < invokedAtMs).length;
  }
  return { decided, violations: staleReads(history, channels).stale.filter(({ own }) => own) };
}

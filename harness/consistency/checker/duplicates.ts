import type { Channels, Operation } from '../history.ts';
import { type AnsweredRead, byKey, lastFinal } from './indexed.ts';

export interface Duplicate {
  key: string;
  value: string;
  copies: number;
  evidence: AnsweredRead;
}

export interface Duplicates {
  /** Values that a final read shows at least once. */
  decided: number;
  duplicates: Duplicate[];
}

/** Messages that were meant once and are there more than once in the end, however often they were sent. */
export function duplicates(history: readonly Operation[], channels: Channels): Duplicates {
  const result: Duplicates = { decided: 0, duplicates: [] };
  for (const entry of byKey(history)) {
    const evidence = lastFinal(entry);
    if (!evidence) continue;
    const copies = new Map<string, number>();
    for (const value of evidence.seen) copies.set(value, (copies.get(value) ?? 0) + 1);
    for (const value of new Set(entry.writes.filter(({ channel }) => Object.hasOwn(channels, channel)).map((write) => write.value))) {
      const count = copies.get(value) ?? 0;
      if (count > 0) result.decided += 1;
      if (count > 1) result.duplicates.push({ key: entry.key, value, copies: count, evidence });
    }
  }
  return result;
}

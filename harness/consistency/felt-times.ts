/** What users waited for, by the history. Pure. */
import { quantileRank } from '../results/order-statistics.ts';
import type { Operation } from './history.ts';

export interface FeltTime {
  p50Ms: number;
  p95Ms: number;
  n: number;
}

/**
 * Submit: from the first attempt at a message to the first acknowledgement of it, with every refusal, re-read and repetition between. Read: from sent to answered, final
 * reads left out. Absent where there is none.
 */
export function feltTimes(history: readonly Operation[], channel: string): { submit?: FeltTime; read?: FeltTime } {
  const begun = new Map<string, number>();
  const told = new Map<string, number>();
  const reads: number[] = [];
  for (const operation of history) {
    const { invokedAtMs, completedAtMs, outcome } = operation;
    if (operation.action === 'read') {
      if (!operation.final && outcome === 'ok' && completedAtMs !== undefined) reads.push(completedAtMs - invokedAtMs);
    } else if (operation.channel === channel) {
      begun.set(operation.value, Math.min(begun.get(operation.value) ?? Number.POSITIVE_INFINITY, invokedAtMs));
      if (outcome === 'ok' && completedAtMs !== undefined)
        told.set(operation.value, Math.min(told.get(operation.value) ?? Number.POSITIVE_INFINITY, completedAtMs));
    }
  }
  const submit = timesOf([...told].map(([value, atMs]) => atMs - (begun.get(value) ?? atMs)));
  const read = timesOf(reads);
  return { ...(submit && { submit }), ...(read && { read }) };
}

function timesOf(values: readonly number[]): FeltTime | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (q: number): number | undefined => sorted[quantileRank(sorted.length, q) - 1];
  const [p50Ms, p95Ms] = [at(0.5), at(0.95)];
  return p50Ms === undefined || p95Ms === undefined ? undefined : { p50Ms, p95Ms, n: sorted.length };
}

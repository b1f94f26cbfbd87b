/** What users waited for, by the history. Pure. */
import { quantileRank } from '../results/order-statistics.ts';
import type { Operation } from './history.ts';

export interface FeltTime {
  p50Ms: number;
  p95Ms: number;
  n: number;
}

/** Milliseconds by the key of the request that each began with, which is the same in every cell. */
export interface FeltTimes {
  submit: ReadonlyMap<string, number>;
  read: ReadonlyMap<string, number>;
}

/**
 * Submit: from the first attempt at a message to the first acknowledgement of it, with every refusal, re-read and repetition between. Read: from sent to answered, final
 * reads left out.
 */
export function feltTimes(history: readonly Operation[], channel: string): FeltTimes {
  const begun = new Map<string, Operation>();
  const told = new Map<string, number>();
  const read = new Map<string, number>();
  for (const operation of history) {
    const { invokedAtMs, completedAtMs, outcome, id } = operation;
    if (operation.action === 'read') {
      if (!operation.final && outcome === 'ok' && completedAtMs !== undefined) read.set(operation.requestKey ?? `read ${id}`, completedAtMs - invokedAtMs);
    } else if (operation.channel === channel) {
      const before = begun.get(operation.value);
      if (before === undefined || invokedAtMs < before.invokedAtMs) begun.set(operation.value, operation);
      if (outcome === 'ok' && completedAtMs !== undefined)
        told.set(operation.value, Math.min(told.get(operation.value) ?? Number.POSITIVE_INFINITY, completedAtMs));
    }
  }
  const submit = new Map(
    [...told].flatMap(([value, atMs]): [string, number][] => {
      const first = begun.get(value);
      return first === undefined ? [] : [[first.requestKey ?? value, atMs - first.invokedAtMs]];
    }),
  );
  return { submit, read };
}

/** Absent where there is none. */
export function feltTimeOf(times: ReadonlyMap<string, number>): FeltTime | undefined {
  const sorted = [...times.values()].toSorted((a, b) => a - b);
  const at = (q: number): number | undefined => sorted[quantileRank(sorted.length, q) - 1];
  const [p50Ms, p95Ms] = [at(0.5), at(0.95)];
  return p50Ms === undefined || p95Ms === undefined ? undefined : { p50Ms, p95Ms, n: sorted.length };
}

/** What became of messages that were sent twice, by how it came to that. Pure. */
import type { RetryPairs } from '../results/findings.ts';
import type { Sample } from '../sample.ts';
import { exactShare } from './binomial.ts';
import { duplicates } from './checker/duplicates.ts';
import { byKey, lastFinal } from './checker/indexed.ts';
import type { Operation } from './history.ts';
import { type RetryUser, retryVariants } from './retry.ts';

/** @param sampleOf by request key: tells whether a request was sent at all */
export function retryPairs(
  history: readonly Operation[],
  users: readonly RetryUser[],
  channel: string,
  sampleOf: (requestKey: string) => Sample | undefined,
): RetryPairs[] {
  const doubled = new Set(duplicates(history, { [channel]: 'all' }).duplicates.map(({ value }) => value));
  const there = new Map(byKey(history).map((entry) => [entry.key, new Set(lastFinal(entry)?.seen)]));
  return retryVariants.map((variant) => {
    const own = users.filter((user) => user.variant === variant);
    const pairs = own.filter(
      ({ attempts }) => attempts.length > 1 && attempts.every(({ requestKey }) => requestKey !== undefined && sampleOf(requestKey)?.sentAtMs !== undefined),
    );
    // Of a message that is not there at all nothing is said here: that is what `lost` counts.
    const stored = pairs.filter(({ key, attempts: [first] }) => first && there.get(key)?.has(first.value));
    return {
      variant,
      users: own.length,
      sentTwice: pairs.length,
      firstAcknowledged: pairs.filter(({ attempts: [first] }) => first?.outcome === 'ok').length,
      doubled: exactShare(stored.filter(({ attempts: [first] }) => first && doubled.has(first.value)).length, stored.length),
    };
  });
}

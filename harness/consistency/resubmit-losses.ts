/** Which users lost their first message, and whether the policy that loses messages is what explains it. Pure. */
import type { ResubmitLosses } from '../results/findings.ts';
import { exactShare } from './binomial.ts';
import { lostUpdates } from './checker/lost-updates.ts';
import type { Operation } from './history.ts';
import type { ResubmitUser } from './resubmit.ts';

/** Users who come back so many times later than any write took to be seen cannot have come too soon. */
const lateFactor = 1.5;

export interface Limits {
  /** In the first look, from the acknowledgement. */
  longestMs: number;
  /** In the first look and by the witnesses under the load, from when the write was sent. Infinity: some were never seen. */
  longestFromSentMs: number;
}

/**
 * Only a message that another one followed is at risk, so these are the users that count. Three things are judged beside, none of which a policy explains: a message that the
 * refresh had shown, one without another in its place, and one of a user who came back when everything was to be seen.
 * @param channel of the messages
 */
export function resubmitLosses(
  history: readonly Operation[],
  users: readonly ResubmitUser[],
  channel: string,
  { longestMs, longestFromSentMs }: Limits,
): ResubmitLosses {
  const { lost, kept } = lostUpdates(history, { [channel]: 'all' });
  const gone = new Map(lost.map((entry) => [entry.write.value, entry]));
  const decided = new Set([...gone.keys(), ...kept.map(({ value }) => value)]);
  const followed = users.flatMap(({ first, refresh, second }) => {
    const hasFollower = second.some(({ outcome }) => outcome !== 'failed');
    if (first.completedAtMs === undefined || refresh?.seen === undefined || !hasFollower || !decided.has(first.value)) return [];
    const entry = gone.get(first.value);
    return [
      {
        value: first.value,
        delayMs: refresh.invokedAtMs - first.completedAtMs,
        saw: refresh.seen.includes(first.value),
        lost: entry !== undefined,
        replaced: entry?.rival !== undefined,
      },
    ];
  });
  const values = new Set(followed.map(({ value }) => value));
  const share = (rows: readonly { lost: boolean }[]): ResubmitLosses['lost'] => exactShare(rows.filter((row) => row.lost).length, rows.length);
  const lateFromMs = lateFactor * longestFromSentMs;
  return {
    lost: share(followed),
    others: exactShare([...gone.keys()].filter((value) => !values.has(value)).length, decided.size - values.size),
    early: { withinMs: longestMs, ...share(followed.filter(({ delayMs }) => delayMs <= longestMs)) },
    ...(Number.isFinite(lateFromMs) && { late: { fromMs: lateFromMs, ...share(followed.filter(({ delayMs }) => delayMs > lateFromMs)) } }),
    shown: followed.filter((row) => row.lost && row.saw).length,
    unreplaced: followed.filter((row) => row.lost && !row.replaced).length,
  };
}

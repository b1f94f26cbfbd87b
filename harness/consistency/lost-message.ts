/** The story of one lost message, for a picture. Pure. */
import type { LostMessage, LostMessageEvent } from '../results/findings.ts';
import type { Sample } from '../sample.ts';
import { lostUpdates } from './checker/lost-updates.ts';
import type { Operation, WriteOperation } from './history.ts';
import type { ResubmitUser } from './resubmit.ts';
import { storyOf } from './resubmit.ts';
import { answerChannel } from './user-client.ts';

/**
 * Of the messages that were lost to a later one, the one whose user waited longest before the refresh: it shows the window's width. Undefined when none was lost.
 * @param sampleOf by request key
 */
export function lostMessage(
  legId: string,
  history: readonly Operation[],
  users: readonly ResubmitUser[],
  channel: string,
  sampleOf: (requestKey: string) => Sample | undefined,
): LostMessage | undefined {
  const lost = new Map(lostUpdates(history, { [channel]: 'all' }).lost.map((entry) => [entry.write.value, entry]));
  const waited = ({ first, refresh }: ResubmitUser): number => (refresh?.invokedAtMs ?? 0) - (first.completedAtMs ?? 0);
  const user =
    users.filter(({ first, variant }) => lost.has(first.value) && variant === 'mid-stream').toSorted((a, b) => waited(b) - waited(a))[0] ??
    users.find(({ first }) => lost.has(first.value));
  if (!user) return undefined;
  const entry = lost.get(user.first.value);
  const events = storyOf(history, user.key)
    .filter((operation) => operation.action === 'read' || operation.channel !== answerChannel)
    .filter(({ process }) => !process.endsWith('-wait') && !process.endsWith('-pilot'))
    .map((operation): LostMessageEvent => {
      const sample = operation.requestKey === undefined ? undefined : sampleOf(operation.requestKey);
      return {
        action: operation.action,
        ...saidOf(operation, user),
        invokedAtMs: operation.invokedAtMs,
        ...(operation.completedAtMs !== undefined && { completedAtMs: operation.completedAtMs }),
        ...(operation.action === 'write' && sample?.endedAtMs !== undefined && { endedAtMs: sample.endedAtMs }),
        ...(sample && { sample }),
      };
    });
  return { legId, key: user.key, value: user.first.value, ...(entry?.rival && { rival: entry.rival.value }), events };
}

function saidOf(operation: Operation, { first }: ResubmitUser): Pick<LostMessageEvent, 'said' | 'tone'> {
  if (operation.action === 'write') return saidOfWrite(operation, first);
  const sees = operation.seen?.includes(first.value) === true;
  if (operation.final) return sees ? { said: 'in the end: it is there', tone: 'good' } : { said: 'in the end: the first message is gone', tone: 'bad' };
  return sees ? { said: 'refresh: it is there', tone: 'good' } : { said: 'refresh: the conversation is empty', tone: 'bad' };
}

function saidOfWrite({ value, outcome }: WriteOperation, first: WriteOperation): Pick<LostMessageEvent, 'said' | 'tone'> {
  const which = value === first.value ? 'first message' : 'second message, same place';
  return { said: `${which}: ${outcome === 'ok' ? 'acknowledged' : outcome === 'failed' ? 'refused' : 'no answer'}`, tone: outcome === 'ok' ? 'plain' : 'bad' };
}

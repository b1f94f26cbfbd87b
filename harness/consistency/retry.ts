/**
 * The same message sent twice: by a double click (two requests almost at once), or by a client that gave up waiting and tried again. Half of the users each.
 */
import { keyedRandom } from '../../scenarios/random.ts';
import type { DriveReport } from '../drive/driver.ts';
import type { WriteOperation } from './history.ts';
import { spreadDelays } from './spread.ts';
import { type FirstLook, firstChannel, prepare, readFinals, reportedLoad, sendUsers, type Window } from './study-leg.ts';
import type { Session } from './session.ts';
import type { UserClient } from './user-client.ts';

export type RetryVariant = 'double-click' | 'timeout';
export const retryVariants: readonly RetryVariant[] = ['double-click', 'timeout'];

export interface RetryUser {
  key: string;
  variant: RetryVariant;
  /** The attempts at the one message. */
  attempts: WriteOperation[];
}

export interface RetryLeg {
  window: Window;
  users: RetryUser[];
}

const mostClickGapMs = 100;
/** Clients give up at some share of the time that an acknowledgement takes: some of them before the server has stored anything, some after. */
const mostPatience = 1.5;

export async function driveRetry(client: UserClient, look: FirstLook, found: (leg: RetryLeg) => void): Promise<DriveReport> {
  const { study, context } = client;
  const { sessions, window } = await prepare(client, study.count + 1, look);
  const usual = sessions.pop();
  const ackMs = usual ? await usualAckMs(client, { ...usual, rehearsal: true }) : 0;
  const patience = spreadDelays(Math.ceil(study.count / 2), mostPatience * ackMs, context.plan.seed, 'patience');
  const users: RetryUser[] = [];
  found({ window, users });
  return reportedLoad(
    client,
    (fromMs) =>
      sendUsers(client, sessions.length, fromMs, study.ratePerSecond, async (index, dueAtMs) => {
        const session = sessions[index];
        const variant = retryVariants[index % retryVariants.length] ?? 'timeout';
        if (!session) return;
        const user: RetryUser = { key: session.key, variant, attempts: [] };
        users.push(user);
        if (variant === 'double-click') await doubleClick(client, session, user, dueAtMs);
        else await timeOut(client, session, user, dueAtMs, patience[Math.floor(index / 2)] ?? 0);
      }),
    () => readFinals(client, sessions, window),
  );
}

/** From sending to the acknowledgement, once. */
async function usualAckMs(client: UserClient, session: Session): Promise<number> {
  const channel = firstChannel(client);
  const { request } = client.write(session, channel, client.mark(channel.name, 'usual'), {}, { phase: 'warm-up' });
  await request.acknowledged;
  const { sentAtMs, headersAtMs } = request.sample;
  request.leave();
  return (headersAtMs ?? 0) - (sentAtMs ?? 0);
}

async function doubleClick(client: UserClient, session: Session, user: RetryUser, dueAtMs: number): Promise<void> {
  const channel = firstChannel(client);
  const value = client.mark(channel.name, session.index);
  const gapMs = keyedRandom(client.context.plan.seed, 'click', session.index)() * mostClickGapMs;
  const first = client.write(session, channel, value, {}, { intendedAtMs: dueAtMs });
  user.attempts.push(first.operation);
  await client.until(dueAtMs + gapMs);
  const second = client.write(session, channel, value, {}, { intendedAtMs: dueAtMs + gapMs });
  user.attempts.push(second.operation);
  await Promise.all([first.answer, second.answer]);
}

async function timeOut(client: UserClient, session: Session, user: RetryUser, dueAtMs: number, patienceMs: number): Promise<void> {
  const channel = firstChannel(client);
  const value = client.mark(channel.name, session.index);
  const first = client.write(session, channel, value, {}, { intendedAtMs: dueAtMs });
  user.attempts.push(first.operation);
  await client.until(dueAtMs + patienceMs);
  first.request.leave();
  await first.answer;
  const second = client.write(session, channel, value, {});
  user.attempts.push(second.operation);
  await second.answer;
}

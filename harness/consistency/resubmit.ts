/**
 * The failure as a user meets it: submit, refresh, see an empty conversation, submit something else. Half of the users refresh while the answer streams, the other half
 * after it has ended, each after a delay of its own.
 */
import type { DriveReport } from '../drive/driver.ts';
import type { Operation, ReadOperation, WriteOperation } from './history.ts';
import { leafNamed } from './place.ts';
import { parsed } from './seen.ts';
import { noSight, type Sight } from './pilot.ts';
import { spreadDelays } from './spread.ts';
import { type FirstLook, firstChannel, prepare, readFinals, reportedLoad, sendWatchedUsers, type Window } from './study-leg.ts';
import type { Session } from './session.ts';
import type { ReadResult, UserClient } from './user-client.ts';
import { conflictStatus } from './user-request.ts';

export type ResubmitVariant = 'mid-stream' | 'after-completion';
export const resubmitVariants: readonly ResubmitVariant[] = ['mid-stream', 'after-completion'];

/** What one user did, as operations of the history. */
export interface ResubmitUser {
  key: string;
  variant: ResubmitVariant;
  first: WriteOperation;
  /** Of the first message. */
  firstAnswer?: WriteOperation;
  /** Absent: the first was not acknowledged, or no refresh was answered, and the user's part ended there. */
  refresh?: ReadOperation;
  /** The second message: each attempt that was sent, the last one counts. */
  second: WriteOperation[];
}

export interface ResubmitLeg {
  window: Window;
  users: ResubmitUser[];
  /** How long writes took to be seen while the users came. */
  witnesses: Sight;
}

/** A refused message is sent again behind what the refusal names; so often at most. */
const mostAttempts = 4;
/** A refresh that fails shows an error, and no empty conversation: it is done again so often at most. */
const mostRefreshes = 4;
const betweenRefreshesMs = 250;

/**
 * A user whose message is refused (409) reads again and sends it behind the leaf that the refusal names: it is not lost, the user knows of it.
 * @param found what the leg finds, filled as it goes, so that a stopped leg has what there is
 */
export async function driveResubmit(client: UserClient, look: FirstLook, found: (leg: ResubmitLeg) => void): Promise<DriveReport> {
  const { study, context } = client;
  const { sessions, window } = await prepare(client, study.count, look);
  const delays = Object.fromEntries(
    resubmitVariants.map((variant) => [variant, spreadDelays(Math.ceil(study.count / 2), window.horizonMs, context.plan.seed, variant)]),
  );
  const users: ResubmitUser[] = [];
  const witnesses = noSight();
  found({ window, users, witnesses });
  return reportedLoad(
    client,
    (fromMs) =>
      sendWatchedUsers(client, sessions.length, fromMs, witnesses, async (index, dueAtMs) => {
        const session = sessions[index];
        const variant = resubmitVariants[index % resubmitVariants.length] ?? 'mid-stream';
        const delayMs = delays[variant]?.[Math.floor(index / 2)] ?? 0;
        if (session) await resubmit(client, session, { variant, delayMs, dueAtMs }, users);
      }),
    () => readFinals(client, sessions, window),
  );
}

interface Part {
  variant: ResubmitVariant;
  delayMs: number;
  dueAtMs: number;
}

async function resubmit(client: UserClient, session: Session, { variant, delayMs, dueAtMs }: Part, users: ResubmitUser[]): Promise<void> {
  const channel = firstChannel(client);
  const { clock } = client.context;
  const written = client.write(session, channel, client.mark(channel.name, session.index, 'first'), place(client.parentIn(undefined)), {
    intendedAtMs: dueAtMs,
  });
  const user: ResubmitUser = { key: session.key, variant, first: written.operation, second: [] };
  users.push(user);
  const ended = written.answer.then((answer) => {
    if (answer) user.firstAnswer = answer;
  });
  const head = await written.request.acknowledged;
  const acknowledgedAtMs = written.operation.completedAtMs ?? clock.now();
  if (variant === 'after-completion') await ended;
  if (!head) return;
  const refreshAtMs = (variant === 'mid-stream' ? acknowledgedAtMs : (written.request.sample.endedAtMs ?? clock.now())) + delayMs;
  await client.until(refreshAtMs);
  // What a refresh does to a page: its connections go.
  written.request.leave();
  await ended;
  const shown = await refreshed(client, session);
  if (!shown) return;
  user.refresh = shown.operation;
  await submitAgain(client, session, client.parentIn(shown.body, shown.operation.seen), user);
}

/** The first read that is answered; undefined: none was. */
async function refreshed(client: UserClient, session: Session): Promise<ReadResult | undefined> {
  for (let refresh = 0; refresh < mostRefreshes; refresh += 1) {
    if (refresh > 0) await client.until(client.context.clock.now() + betweenRefreshesMs);
    const shown = await client.read(session);
    if (shown.operation.outcome === 'ok') return shown;
  }
  return undefined;
}

/** Whatever is on the screen, the user sends another message behind it. */
async function submitAgain(client: UserClient, session: Session, parentShown: string | undefined, user: ResubmitUser): Promise<void> {
  const channel = firstChannel(client);
  const value = client.mark(channel.name, session.index, 'second');
  let parent = parentShown;
  for (let attempt = 0; attempt < mostAttempts; attempt += 1) {
    const written = client.write(session, channel, value, place(parent));
    user.second.push(written.operation);
    const answer = await written.request.answered;
    await written.answer;
    if (answer.status !== conflictStatus) return;
    const named = leafNamed(client.study, parsed(answer.text));
    const shown = await refreshed(client, session);
    if (named === undefined && !shown) return;
    parent = named ?? client.parentIn(shown?.body, shown?.operation.seen);
  }
}

function place(parent: string | undefined): { parent?: string } {
  return parent === undefined ? {} : { parent };
}

/** The operations of one user's conversation, in the order of time. */
export function storyOf(history: readonly Operation[], key: string): Operation[] {
  return history.filter((operation) => operation.key === key).toSorted((a, b) => a.invokedAtMs - b.invokedAtMs || a.id - b.id);
}

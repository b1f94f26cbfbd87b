/** How long it takes until writes are seen: in a first look before any load, so that the study's delays cover that and not minutes more, and by witnesses under the load. */
import type { StudyChannel } from '../../scenarios/study-types.ts';
import { anotherSession, type Session } from './session.ts';
import { Stopped, type UserClient } from './user-client.ts';

const leastPollMs = 10;
const pollShare = 1 / 100;
/** Of witnesses: they are load, too. */
const witnessLeastPollMs = 20;
const witnessPollShare = 1 / 5;
const betweenWitnessesMs = 1_000;

export interface Sight {
  /** The longest that a write took until a read showed it, from its acknowledgement to that read's answer. */
  longestMs: number;
  /** The same from when it was sent: no write that is committed between the two takes longer. */
  longestFromSentMs: number;
  /** Writes that no read showed within the study's `mostLagMs`. */
  never: number;
  writes: number;
}

export function noSight(): Sight {
  return { longestMs: 0, longestFromSentMs: 0, never: 0, writes: 0 };
}

/** Writes once in each session and polls until it is seen. None of it counts in the results. Throws what is wrong with the study's `parent`. */
export async function pilotVisibility(client: UserClient, sessions: readonly Session[], channel: StudyChannel): Promise<Sight> {
  const sight = noSight();
  const pollMs = (tookMs: number): number => Math.max(leastPollMs, tookMs * pollShare);
  await Promise.all(sessions.map((session) => lookFor(client, session, channel, pollMs, sight, () => false)));
  return sight;
}

/**
 * As the first look, under the load: one write after another, at most one a second, each in a conversation of its own, until `over`. None of it counts in the results.
 * @param firstIndex of their conversations; nobody else uses these and the following
 * @param sight filled as it goes, so that a stopped leg has what there is
 */
export async function witnessVisibility(client: UserClient, channel: StudyChannel, firstIndex: number, sight: Sight, over: () => boolean): Promise<void> {
  const { clock } = client.context;
  const pollMs = (): number => Math.max(witnessLeastPollMs, sight.longestMs * witnessPollShare);
  const witness = async (index: number): Promise<void> => {
    const session = await client.open(index);
    await lookFor(client, { ...session, rehearsal: true }, channel, pollMs, sight, over);
  };
  for (let index = firstIndex; !over(); index += 1) {
    const nextAtMs = clock.now() + betweenWitnessesMs;
    // Under load an opening may be refused: that witness saw nothing, and the next one comes.
    await witness(index).catch(unlessStopped);
    while (!over() && clock.now() < nextAtMs) await client.until(Math.min(nextAtMs, clock.now() + 50));
  }
}

function unlessStopped(error: unknown): void {
  if (error instanceof Stopped) throw error;
}

async function lookFor(
  client: UserClient,
  session: Session,
  channel: StudyChannel,
  pollMs: (tookMs: number) => number,
  sight: Sight,
  over: () => boolean,
): Promise<void> {
  const { clock } = client.context;
  const value = client.mark(channel.name, 'pilot', session.index);
  const parent = client.parentIn(undefined);
  const { request, operation } = client.write(session, channel, value, parent === undefined ? {} : { parent }, { phase: 'warm-up' });
  await request.acknowledged;
  const fromMs = operation.completedAtMs;
  if (fromMs === undefined) return;
  sight.writes += 1;
  while (!over()) {
    const { operation: read, body } = await client.read(anotherSession(session, 'pilot'), { phase: 'warm-up' });
    const tookMs = clock.now() - fromMs;
    if (read.seen?.includes(value)) {
      // Here, before anything is judged, it shows whether the study's `parent` fits what the server answers.
      client.parentIn(body, read.seen);
      sight.longestMs = Math.max(sight.longestMs, tookMs);
      sight.longestFromSentMs = Math.max(sight.longestFromSentMs, clock.now() - operation.invokedAtMs);
      break;
    }
    if (tookMs > client.study.mostLagMs) {
      sight.never += 1;
      break;
    }
    await client.until(clock.now() + pollMs(tookMs));
  }
  request.leave();
  await request.answered;
}

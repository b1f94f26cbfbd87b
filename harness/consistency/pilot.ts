/** A first look: how long it takes until writes are seen, so that the study's delays cover that and not minutes more. */
import type { StudyChannel } from '../../scenarios/study-types.ts';
import type { Session, UserClient } from './user-client.ts';

const leastPollMs = 10;
const pollShare = 1 / 100;

export interface Pilot {
  /** The longest that a write took until a read showed it, from its acknowledgement to that read's answer. */
  longestMs: number;
  /** Writes that no read showed within the study's `mostLagMs`. */
  never: number;
  writes: number;
}

/** Writes once in each session and polls until it is seen. None of it counts in the results. */
export async function pilotVisibility(client: UserClient, sessions: readonly Session[], channel: StudyChannel): Promise<Pilot> {
  const pilot: Pilot = { longestMs: 0, never: 0, writes: 0 };
  await Promise.all(
    sessions.map(async (session) => {
      const value = client.mark(channel.name, 'pilot', session.index);
      const parent = client.parentIn(undefined);
      const { request, operation } = client.write(session, channel, value, parent === undefined ? {} : { parent }, { phase: 'warm-up' });
      await request.acknowledged;
      const fromMs = operation.completedAtMs;
      if (fromMs === undefined) return;
      pilot.writes += 1;
      for (;;) {
        const { operation: read } = await client.read(client.another(session, 'pilot'), { phase: 'warm-up' });
        const tookMs = client.context.clock.now() - fromMs;
        if (read.seen?.includes(value)) {
          pilot.longestMs = Math.max(pilot.longestMs, tookMs);
          break;
        }
        if (tookMs > client.study.mostLagMs) {
          pilot.never += 1;
          break;
        }
        await client.until(client.context.clock.now() + Math.max(leastPollMs, tookMs * pollShare));
      }
      await request.answered;
    }),
  );
  return pilot;
}

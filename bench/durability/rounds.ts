/** Rounds of `kill -9`: writers run on the public port, the server is killed, and the next one is asked for all that was acknowledged. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type ServerOptions, type ServerProcess, startServerProcess } from '../../harness/server-process.ts';
import { type Account, lostOf, signIn, startWriters, type Writes } from './writers.ts';

export interface RoundsOptions {
  rounds: number;
  /** The flags that say where the data are. */
  flags: readonly string[];
  /** Default `instant`. */
  profile?: string;
  /** Command to put before node. */
  prefix?: ServerOptions['prefix'];
  signal: AbortSignal;
  /** Ends the rounds when a write was lost. */
  untilLost?: boolean;
}

export interface RoundsResult {
  rounds: number;
  /** Writes that were acknowledged, of all rounds. */
  acknowledged: number;
  lost: string[];
}

const writers = 8;
/** The kill comes within this time, at another moment in each round. */
const writingMs: readonly [shortest: number, longest: number] = [100, 400];

export async function durabilityRounds({ rounds, flags, profile = 'instant', prefix, signal, untilLost = false }: RoundsOptions): Promise<RoundsResult> {
  const start = (): Promise<ServerProcess> => startServerProcess({ profile, flags, ...(prefix && { prefix }) }, signal);
  const result: RoundsResult = { rounds: 0, acknowledged: 0, lost: [] };
  const all: Writes = { conversations: [], count: 0, missing: [] };
  let server = await start();
  try {
    // One session for all rounds: the first write.
    const account: Account = await signIn(server.url);
    result.acknowledged += 1;
    for (let round = 0; round < rounds && !(untilLost && result.lost.length > 0); round += 1) {
      signal.throwIfAborted();
      const { ended } = startWriters(server.url, account, writers);
      // Golden steps: as far apart as can be, and the same in every run.
      await sleep(writingMs[0] + ((round * 0.618_034) % 1) * (writingMs[1] - writingMs[0]));
      process.kill(server.pid, 'SIGKILL');
      const writes = await ended;
      await server.stop();
      server = await start();
      result.lost.push(...writes.missing, ...(await lostOf(server.url, account, writes)));
      result.rounds += 1;
      result.acknowledged += writes.count;
      all.conversations.push(...writes.conversations);
    }
    // Nothing is lost later, either.
    if (result.lost.length === 0) result.lost.push(...(await lostOf(server.url, account, all)));
    return result;
  } finally {
    await server.stop();
  }
}

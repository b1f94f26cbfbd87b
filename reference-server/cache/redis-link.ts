import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from '@redis/client';

/** What a command gives while Redis is away. */
export const away = Symbol('away');

/** A command takes well under a millisecond. */
const defaultCommandMs = 100;
/** After a command that failed nobody asks for so long, so that not every request waits for one. */
const pauseMs = 1_000;
const connectWithinMs = 1_000;
const longestBackOffMs = 1_000;
/** A connection on which nothing came for so long is broken, though nobody said so; pings keep a quiet one. */
const silentMs = 3_000;
const pingMs = 1_000;

type Client = ReturnType<typeof connectTo>;

/** A connection that is made again for as long as it takes. */
export interface RedisLink {
  client: Client;
  /** Runs a command, or gives `away`; never throws, and takes no longer than a command may. */
  ask<T>(command: () => Promise<T>): Promise<T | typeof away>;
  /** Why it is away; undefined: it is not. */
  trouble(): string | undefined;
  close(): void;
}

function connectTo(url: string) {
  return createClient({
    url,
    // What is asked while it is away is answered at once.
    disableOfflineQueue: true,
    pingInterval: pingMs,
    socket: {
      connectTimeout: connectWithinMs,
      socketTimeout: silentMs,
      reconnectStrategy: (tries) => Math.min(50 * 2 ** tries, longestBackOffMs),
    },
  });
}

/** Waits for the connection a second at the most. */
export async function redisLink(url: string, commandMs = defaultCommandMs): Promise<RedisLink> {
  const client = connectTo(url);
  let pausedUntilMs = 0;
  let reason = 'no connection yet';
  client.on('error', (error: Error) => {
    reason = reasonOf(error);
  });
  const connected = client.connect().catch(() => undefined);
  await Promise.race([connected, sleep(connectWithinMs, undefined, { ref: false })]);
  const isAway = (): boolean => !client.isReady || performance.now() < pausedUntilMs;
  return {
    client,
    async ask(command) {
      if (isAway()) return away;
      const stop = new AbortController();
      try {
        const late = sleep(commandMs, away, { signal: stop.signal });
        late.catch(() => undefined);
        const answer = await Promise.race([command(), late]);
        if (answer !== away) return answer;
        reason = `no answer within ${commandMs} ms`;
      } catch (error) {
        reason = reasonOf(error);
      } finally {
        stop.abort();
      }
      pausedUntilMs = performance.now() + pauseMs;
      return away;
    },
    trouble: () => (isAway() ? reason : undefined),
    close() {
      if (client.isOpen) client.destroy();
    },
  };
}

function reasonOf(error: unknown): string {
  const { message, code } = error as { message?: string; code?: string };
  return message || code || String(error);
}

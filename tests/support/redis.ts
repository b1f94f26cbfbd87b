import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from '@redis/client';
import { freePort } from './postgres.ts';
import { requireTool } from './tools.ts';

const startsWithinMs = 20_000;

/** A real Redis on a free loopback port, which keeps nothing on disk. */
export interface TestRedis {
  url: string;
  kill(): Promise<void>;
  /** After `kill`, empty, on the same port. */
  start(): Promise<void>;
  /** It stays connected and answers nothing. */
  freeze(): void;
  thaw(): void;
  /** One command on a connection of its own. */
  say(...command: string[]): Promise<unknown>;
  stop(): Promise<void>;
}

/** Undefined where there is no Redis; what is missing is noted. */
export async function startRedis(): Promise<TestRedis | undefined> {
  const program = requireTool('redis');
  if (program === undefined) return undefined;
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-redis-'));
  const port = await freePort();
  const url = `redis://127.0.0.1:${port}`;
  let child: ChildProcess | undefined;
  const say = async (...command: string[]): Promise<unknown> => {
    const client = createClient({ url, socket: { reconnectStrategy: false } });
    client.on('error', () => undefined);
    await client.connect();
    try {
      return await client.sendCommand(command);
    } finally {
      client.destroy();
    }
  };
  const start = async (): Promise<void> => {
    child = spawn(program, ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder], { stdio: 'ignore' });
    const untilMs = Date.now() + startsWithinMs;
    for (;;) {
      try {
        await say('PING');
        return;
      } catch (error) {
        if (Date.now() > untilMs) throw error;
        await sleep(50);
      }
    }
  };
  const kill = async (): Promise<void> => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  };
  await start();
  return {
    ...{ url, say, start, kill },
    freeze: () => void child?.kill('SIGSTOP'),
    thaw: () => void child?.kill('SIGCONT'),
    async stop() {
      await kill();
      rmSync(folder, { recursive: true });
    },
  };
}

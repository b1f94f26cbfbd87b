import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { requireTool } from './tools.ts';

/** Postgres refuses to run as root: then it runs as the user `nobody`. */
const nobody = 65_534;
const startsWithinMs = 30_000;

/** A real Postgres on a free loopback port, with data of its own. */
export interface TestPostgres {
  /** URL of a new, empty database. */
  newDatabase(): Promise<string>;
  /** Ends it at once; connections break. */
  kill(): Promise<void>;
  /** After `kill`, on the same port with the same data. */
  start(): Promise<void>;
  /** Stops it and takes its data away. */
  stop(): Promise<void>;
}

/** Undefined where there is no Postgres 15; what is missing is noted. @param settings as of `postgres -c`, `max_connections=20` */
export async function startPostgres(settings: readonly string[] = []): Promise<TestPostgres | undefined> {
  const program = requireTool('postgres');
  if (program === undefined) return undefined;
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-postgres-'));
  const identity = process.getuid?.() === 0 ? { uid: nobody, gid: nobody } : {};
  if (process.getuid?.() === 0) chownSync(folder, nobody, nobody);
  const data = join(folder, 'data');
  // Not what a machine does in the middle of its start, but its results: the data outlive no test.
  execFileSync(join(dirname(program), 'initdb'), ['--no-sync', '--auth=trust', '--username=plumbline', '--encoding=UTF8', '--locale=C.UTF-8', '-D', data], {
    ...identity,
    cwd: folder,
    stdio: 'pipe',
  });
  const port = await freePort();
  const options = [`port=${port}`, 'listen_addresses=127.0.0.1', `unix_socket_directories=${folder}`, ...settings].flatMap((setting) => ['-c', setting]);
  const url = (database: string): string => `postgres://plumbline@127.0.0.1:${port}/${database}`;
  let child: ChildProcess | undefined;
  const start = async (): Promise<void> => {
    child = spawn(program, ['-D', data, ...options], { ...identity, cwd: folder, stdio: 'ignore' });
    await untilItAnswers(url('postgres'));
  };
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  };
  await start();
  let databases = 0;
  return {
    async newDatabase() {
      databases += 1;
      await ask(url('postgres'), `create database test_${databases}`);
      return url(`test_${databases}`);
    },
    // Of its ways to end, the one that finishes nothing.
    kill: () => end('SIGQUIT'),
    start,
    async stop() {
      await end('SIGINT');
      rmSync(folder, { recursive: true });
    },
  };
}

/** One statement on a connection of its own. */
export async function ask<Row extends object>(url: string, statement: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Row>(statement)).rows;
  } finally {
    await client.end();
  }
}

async function untilItAnswers(url: string): Promise<void> {
  const untilMs = Date.now() + startsWithinMs;
  for (;;) {
    try {
      await ask(url, 'select 1');
      return;
    } catch (error) {
      if (Date.now() > untilMs) throw error;
      await sleep(50);
    }
  }
}

/** Free at this moment. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

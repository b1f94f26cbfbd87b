/** Any program that serves HTTP on a port: started, waited for, stopped with everything that it started. */
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';
import type { SideName } from '../types.ts';
import { processTreeCpuMs } from './process-cpu.ts';
import { lastWords, type RunningSide, SideFault } from './side.ts';

export interface ProgramOptions {
  side: SideName;
  /** Shell command; `{port}` is filled in, and PORT is in its environment. */
  command: string;
  folder: string;
  port: number;
  /** Names of variables that it does not get of our environment. */
  withheld?: readonly string[];
  /** `NAME=value`, which it gets besides. */
  variables?: readonly string[];
  /** Path that is asked until it answers 2xx; absent: `/`, and any answer is one. */
  readyPath?: string;
  readyTimeoutMs: number;
}

const pollMs = 50;
const killAfterMs = 10_000;
const keptCharacters = 8_000;

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}

/** Throws SideFault, stage `start`, with the program's last words. */
export async function startProgram(options: ProgramOptions, signal: AbortSignal): Promise<RunningSide> {
  const { side, folder, port } = options;
  const command = options.command.replaceAll('{port}', String(port));
  // A group of its own, so that what the shell starts is stopped with it, and a Ctrl-C at the terminal reaches us alone.
  const child = spawn('env', [...unset(options.withheld), ...(options.variables ?? []), `PORT=${port}`, 'sh', '-c', command], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let words = '';
  for (const output of [child.stdout, child.stderr]) {
    output.setEncoding('utf8').on('data', (text: string) => {
      words = (words + text).slice(-keptCharacters);
    });
  }
  let stopping = false;
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, killedBy) => resolve(killedBy === null ? `code ${code}` : `signal ${killedBy}`));
  });
  const stop = async (): Promise<void> => {
    stopping = true;
    const { pid } = child;
    if (pid === undefined) return;
    const kill = (how: 'SIGTERM' | 'SIGKILL'): void => {
      try {
        process.kill(-pid, how);
      } catch {
        // The group has ended.
      }
    };
    kill('SIGTERM');
    const timer = setTimeout(() => kill('SIGKILL'), killAfterMs);
    await ended;
    clearTimeout(timer);
    // What outlives its shell.
    kill('SIGKILL');
  };
  const lost = new Promise<string>((resolve) => {
    void ended.then((how) => {
      if (!stopping) resolve(`\`${command}\` ended by itself, with ${how}; its last words: ${lastWords(words)}`);
    });
  });
  const url = `http://127.0.0.1:${port}`;
  try {
    const fault = await Promise.race([readiness(url, options, signal), lost]);
    if (fault !== undefined)
      throw new SideFault(side, 'start', `did not start: ${fault.startsWith('`') ? fault : `${fault}; its last words: ${lastWords(words)}`}`);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    url,
    lost,
    stop,
    cpuMs: async () => (child.pid === undefined ? undefined : processTreeCpuMs(child.pid)),
  };
}

/** Arguments of `env` that take these variables away. */
export function unset(names: readonly string[] = []): string[] {
  return names.flatMap((name) => ['-u', name]);
}

/** Undefined: it is ready. Else what it is not. */
export async function readiness(
  url: string,
  { readyPath, readyTimeoutMs }: Pick<ProgramOptions, 'readyPath' | 'readyTimeoutMs'>,
  signal: AbortSignal,
): Promise<string | undefined> {
  const untilMs = performance.now() + readyTimeoutMs;
  const asked = new URL(readyPath ?? '/', url);
  let seen = 'nothing answered';
  while (performance.now() < untilMs) {
    if (signal.aborted) return 'the gate was stopped';
    try {
      const { statusCode, body } = await request(asked, { headersTimeout: 2_000, bodyTimeout: 2_000, signal });
      await body.dump();
      if (readyPath === undefined || (statusCode >= 200 && statusCode < 300)) return undefined;
      seen = `${readyPath} answered ${statusCode}, expected 2xx`;
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED') seen = 'nothing listens on its port';
      else seen = error instanceof Error ? error.message : String(error);
    }
    await sleep(pollMs);
  }
  return `not ready within ${readyTimeoutMs / 1_000} s at ${asked.href} (${seen})`;
}

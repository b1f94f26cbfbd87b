import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface CliResult {
  code: number | null;
  stdout: string;
  stderr: string;
}

export const cliFile = fileURLToPath(new URL('../../harness/cli.ts', import.meta.url));

export interface RunOptions {
  env?: NodeJS.ProcessEnv;
  /** SIGINT after so long, or once its output has this. */
  interruptAfterMs?: number;
  interruptOn?: RegExp;
  /** Who gets it: the program alone, or, as from a terminal, it and everything that it started. Default the program. */
  interruptWho?: 'program' | 'group';
}

/** Runs a program as a user would, in a folder of its own. */
export function runProgram(command: string, args: readonly string[], cwd: string, options: RunOptions = {}): Promise<CliResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, NO_COLOR: '1', ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: options.interruptWho === 'group',
    });
    let stdout = '';
    let stderr = '';
    let interrupted = false;
    const interrupt = (): void => {
      if (interrupted || child.pid === undefined || child.exitCode !== null) return;
      interrupted = true;
      // A negative id is the whole group that this process leads.
      process.kill(options.interruptWho === 'group' ? -child.pid : child.pid, 'SIGINT');
    };
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      if (options.interruptOn?.test(stdout)) interrupt();
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
    if (options.interruptAfterMs !== undefined) setTimeout(interrupt, options.interruptAfterMs);
  });
}

export function plumbline(args: readonly string[], cwd: string, options: RunOptions = {}): Promise<CliResult> {
  return runProgram(process.execPath, [cliFile, ...args], cwd, options);
}

/** An empty folder that is gone after the test. */
export async function emptyFolder(): Promise<{ path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'plumbline-test-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

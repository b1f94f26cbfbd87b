import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { extname } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** What `reference-server/main.ts --json` prints when it is ready. */
export interface ServerReady {
  url: string;
  controlUrl: string;
  pid: number;
  profile: string;
  protocol: string;
}

export interface ServerProcess extends ServerReady {
  /** Resolves when the process has ended; SIGTERM, then SIGKILL after 10 s. */
  stop(): Promise<void>;
}

export interface ServerOptions {
  profile?: string;
  seed?: number;
  port?: number;
  controlPort?: number;
  tls?: boolean;
  data?: string;
  /** Command to put before node, such as `['taskset', '-c', '0']`. */
  prefix?: readonly string[];
  readyTimeoutMs?: number;
}

/** Flags of `reference-server/main.ts` for these options; ports default to free ones. */
export function serverArguments(options: ServerOptions): string[] {
  const flags = ['--port', String(options.port ?? 0), '--control-port', String(options.controlPort ?? 0)];
  if (options.profile !== undefined) flags.push('--profile', options.profile);
  if (options.seed !== undefined) flags.push('--seed', String(options.seed));
  if (options.tls) flags.push('--tls');
  if (options.data !== undefined) flags.push('--data', options.data);
  return flags;
}

export function serverMainFile(): string {
  return fileURLToPath(new URL(`../reference-server/main${extname(fileURLToPath(import.meta.url))}`, import.meta.url));
}

/** Starts the reference server as a process of its own and waits until it is ready. It ends with its parent. Throws with its own words when it cannot start. */
export async function startServerProcess(options: ServerOptions, signal?: AbortSignal): Promise<ServerProcess> {
  const command = [...(options.prefix ?? []), process.execPath, serverMainFile(), ...serverArguments(options), '--json', '--parent'];
  const [program = process.execPath, ...rest] = command;
  const child = spawn(program, rest, { stdio: ['pipe', 'pipe', 'pipe'] });
  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints = (complaints + text).slice(-4_000);
  });
  const ended = once(child, 'exit');
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
    await ended;
    clearTimeout(timer);
  };
  try {
    const ready = await new Promise<ServerReady>((resolve, reject) => {
      const fail = (reason: string): void => reject(new Error(`the reference server did not start: ${complaints.trim() || reason}`));
      const timer = setTimeout(() => fail('not ready in time'), options.readyTimeoutMs ?? 20_000);
      child.on('error', (error) => fail(error.message));
      child.on('exit', (code) => {
        clearTimeout(timer);
        fail(`it ended with code ${code}`);
      });
      signal?.addEventListener('abort', () => fail('stopped'), { once: true });
      createInterface({ input: child.stdout }).on('line', (line) => {
        if (!line.startsWith('{"ready":true')) return;
        clearTimeout(timer);
        resolve(JSON.parse(line) as ServerReady);
      });
    });
    return { ...ready, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

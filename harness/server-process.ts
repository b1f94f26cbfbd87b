import { spawn } from 'node:child_process';
import { extname } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type ServerLog, serverLog } from './server-log.ts';

/** What `reference-server/main.ts --json` prints when it is ready. */
export interface ServerReady {
  url: string;
  controlUrl: string;
  pid: number;
  profile: string;
  protocol: string;
}

export interface ServerProcess extends ServerReady {
  log: ServerLog;
  /** Resolves with a sentence when it ends by itself. */
  lost: Promise<string>;
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
  /** Further flags of `reference-server/main.ts`. */
  flags?: readonly string[];
  /** `reference-server/main.ts` of another checkout. Default: ours. */
  mainFile?: string;
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
  return [...flags, ...(options.flags ?? [])];
}

export function serverMainFile(): string {
  return fileURLToPath(new URL(`../reference-server/main${extname(fileURLToPath(import.meta.url))}`, import.meta.url));
}

/** Starts the reference server as a process of its own and waits until it is ready. It ends with its parent. Throws with its own words when it cannot start. */
export async function startServerProcess(options: ServerOptions, signal?: AbortSignal): Promise<ServerProcess> {
  const command = [...(options.prefix ?? []), process.execPath, options.mainFile ?? serverMainFile(), ...serverArguments(options), '--json', '--parent'];
  const [program = process.execPath, ...rest] = command;
  const child = spawn(program, rest, { stdio: ['pipe', 'pipe', 'pipe'] });
  const log = serverLog();
  let complaints = '';
  let isReady = false;
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    if (isReady) log.add(text);
    else complaints = (complaints + text).slice(-4_000);
  });
  let stopping = false;
  let onLost: (what: string) => void = () => undefined;
  const lost = new Promise<string>((resolve) => {
    onLost = resolve;
  });
  const ended = new Promise<void>((resolve) => {
    child.once('error', () => resolve());
    child.once('exit', (code, signal) => {
      if (isReady && !stopping) {
        const what = `the reference server ended by itself, with ${signal === null ? `code ${code}` : `signal ${signal}`}`;
        // Its standard error may have had nothing to say about it.
        log.add(`plumbline: ${what}\n`);
        onLost(what);
      }
      resolve();
    });
  });
  const stop = async (): Promise<void> => {
    stopping = true;
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
      await ended;
      clearTimeout(timer);
    }
    await log.close();
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
        isReady = true;
        resolve(JSON.parse(line) as ServerReady);
      });
    });
    return { ...ready, log, lost, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

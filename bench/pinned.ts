/** Processes of the bench, each pinned to a core. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startInnerTiers } from '../harness/inner-tiers.ts';
import { type ServerOptions, type ServerProcess, startServerProcess } from '../harness/server-process.ts';
import { waitForCalm } from './calm.ts';
import { type CaseOptions, driverCore, serverCore } from './case.ts';
import type { DriveJob, DriveResult } from './drive-job.ts';
import type { SliceJob, SliceResult } from './slice-job.ts';

/** What goes before a command that is to run on that core. */
export const pinnedTo = (core: number): [string, ...string[]] => ['taskset', '-c', String(core)];

/** The reference server on its core. The caller stops it. */
export function startPinnedServer(options: ServerOptions, signal: AbortSignal): Promise<ServerProcess> {
  return startServerProcess({ ...options, prefix: pinnedTo(serverCore) }, signal);
}

/** Edge, lb, services and inference as a process each, all on the server's core. The caller stops it. */
export async function startPinnedTiers(
  { profile, seed }: { profile: string; seed: number },
  signal: AbortSignal,
): Promise<ServerProcess & { pids: readonly number[] }> {
  const inner = await startInnerTiers({ profile, seed, prefix: pinnedTo(serverCore) });
  try {
    const edge = await startPinnedServer({ profile, seed, flags: ['--tier', 'edge', '--next', inner.nextUrl] }, signal);
    return {
      ...edge,
      pids: [edge.pid, ...inner.pids],
      async stop() {
        await edge.stop();
        await inner.stop();
      },
    };
  } catch (error) {
    await inner.stop();
    throw error;
  }
}

export interface BareServer {
  url: string;
  pid: number;
  stop(): Promise<void>;
}

/** The bare timer server on the same core; `operation` names the draw, `none` answers at once. The caller stops it. */
export function startBareServer(operation: string, signal: AbortSignal): Promise<BareServer> {
  return startListener(serverCore, './bare-server.ts', [operation], signal);
}

/** Where spans go, on the driver's core: the server's core is the server's. The caller stops it. */
export function startSpanReceiver(signal: AbortSignal): Promise<BareServer> {
  return startListener(driverCore, './span-receiver.ts', [], signal);
}

/** Reads `/metrics` once a second until the signal aborts, as a Prometheus would. */
export function scrapeEverySecond(url: string, signal: AbortSignal): Promise<void> {
  return scrapeEvery(1_000, url, signal);
}

export async function scrapeEvery(everyMs: number, url: string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await fetch(`${url}/metrics`, { signal })
      .then((response) => response.arrayBuffer())
      .catch(() => undefined);
    await sleep(everyMs, undefined, { signal }).catch(() => undefined);
  }
}

/** A process that prints its port when it listens. */
async function startListener(core: number, file: string, args: readonly string[], signal: AbortSignal): Promise<BareServer> {
  const child = start(core, file, args, signal);
  const ended = exitOf(child);
  const port = await Promise.race([
    new Promise<number>((resolve) => {
      if (child.stdout) createInterface({ input: child.stdout }).once('line', (line) => resolve(Number(line)));
    }),
    ended.then(() => {
      throw new Error(`${file} did not start`);
    }),
  ]);
  return {
    url: `http://127.0.0.1:${port}`,
    pid: child.pid ?? 0,
    async stop() {
      child.kill('SIGTERM');
      await ended.catch(() => undefined);
    },
  };
}

/** Runs the jobs one after another in one driver process on its core, once the machine is calm or `calmMs` have passed. Throws what it said when it fails. */
export async function driveJobs(jobs: readonly DriveJob[], options: Pick<CaseOptions, 'signal' | 'calmMs'>): Promise<DriveResult[]> {
  return (await askDriver('./drive-child.ts', jobs, options)) as DriveResult[];
}

/** Servers that take turns in short slices, driven by one process on its core; the rest as of `driveJobs`. */
export async function driveSlices(job: SliceJob, options: Pick<CaseOptions, 'signal' | 'calmMs'>): Promise<SliceResult> {
  return (await askDriver('./slice-child.ts', job, options)) as SliceResult;
}

async function askDriver(file: string, question: unknown, { signal, calmMs }: Pick<CaseOptions, 'signal' | 'calmMs'>): Promise<unknown> {
  if (calmMs > 0) await waitForCalm(calmMs, signal);
  const child = start(driverCore, file, [], signal);
  const ended = exitOf(child);
  let output = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  // One that ends before it has read them says so by its code.
  child.stdin?.on('error', () => undefined).end(JSON.stringify(question));
  const code = await ended;
  signal.throwIfAborted();
  if (code !== 0) throw new Error(`the driver process ended with code ${code}; what it said is above`);
  return JSON.parse(output);
}

function start(core: number, file: string, args: readonly string[], signal: AbortSignal): ChildProcess {
  const [program, ...prefix] = pinnedTo(core);
  return spawn(program, [...prefix, process.execPath, fileURLToPath(new URL(file, import.meta.url)), ...args], { stdio: ['pipe', 'pipe', 'inherit'], signal });
}

/** Resolves with the exit code when the process has ended and all its output is there, also when it was told to end; rejects when it could not be started. */
function exitOf(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.once('close', resolve);
    // An abort is an error, too, but of a process whose end is still to come.
    child.on('error', (error) => {
      if (child.pid === undefined) reject(error);
    });
  });
}

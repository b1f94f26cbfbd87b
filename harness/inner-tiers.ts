import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { type ServerReady, serverArguments, serverMainFile, type ServerOptions } from './server-process.ts';

export interface InnerTiers {
  /** Of the tier behind the edge. */
  nextUrl: string;
  pids: readonly number[];
  /** Resolves with a sentence when one of them ends by itself. */
  lost: Promise<string>;
  /** Resolves when all of them have ended; they finish what is under way. Call it when the edge has ended. */
  stop(): Promise<void>;
}

/** A tier that could not be started. Its own words are on the standard error already. */
export class TierNotStarted extends Error {
  readonly code: number;
  constructor(tier: string, code: number) {
    super(`the ${tier} tier did not start`);
    this.code = code;
  }
}

const readyTimeoutMs = 20_000;
const killAfterMs = 12_000;

/**
 * Starts the tiers behind the edge as processes on free loopback ports, the innermost first. They end with this process, whatever becomes of it.
 * @param options `flags` are of services: what is about the rows
 */
export async function startInnerTiers(options: Pick<ServerOptions, 'profile' | 'seed' | 'data' | 'prefix' | 'flags'>): Promise<InnerTiers> {
  const { profile, seed, data, flags: ofServices = [], prefix = [] } = options;
  const children: ChildProcess[] = [];
  const pids: number[] = [];
  let stopping = false;
  let onLost: (what: string) => void = () => undefined;
  const lost = new Promise<string>((resolve) => {
    onLost = resolve;
  });
  const stop = async (): Promise<void> => {
    stopping = true;
    for (const child of children.toReversed()) await end(child);
  };
  const start = async (tier: string, flags: readonly string[]): Promise<string> => {
    const common = serverArguments({ ...(profile !== undefined && { profile }), ...(seed !== undefined && { seed }), flags: ['--tier', tier, ...flags] });
    const [program = process.execPath, ...rest] = [...prefix, process.execPath, serverMainFile(), ...common, '--json', '--parent'];
    const child = spawn(program, rest, { stdio: ['pipe', 'pipe', 'inherit'] });
    children.push(child);
    const { url, pid } = await readiness(tier, child);
    pids.push(pid);
    child.once('exit', (code, signal) => {
      if (!stopping) onLost(`the ${tier} tier ended by itself, with ${signal === null ? `code ${code}` : `signal ${signal}`}`);
    });
    return url;
  };
  try {
    const inference = await start('inference', []);
    const services = await start('services', [...['--inference', inference], ...(data === undefined ? [] : ['--data', data]), ...ofServices]);
    return { nextUrl: await start('lb', ['--next', services]), pids, lost, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function readiness(tier: string, child: ChildProcess): Promise<ServerReady> {
  return new Promise((resolve, reject) => {
    const fail = (code: number | null): void => reject(new TierNotStarted(tier, code ?? 1));
    const timer = setTimeout(() => fail(1), readyTimeoutMs);
    child.once('error', () => fail(1));
    child.once('exit', (code) => {
      clearTimeout(timer);
      fail(code);
    });
    if (!child.stdout) return;
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (!line.startsWith('{"ready":true')) return;
      clearTimeout(timer);
      resolve(JSON.parse(line) as ServerReady);
    });
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), killAfterMs);
  await ended;
  clearTimeout(timer);
}

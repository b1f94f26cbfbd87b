import { readFileSync } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { writeAtomically } from '../results/run-store.ts';
import { dashPlaces } from './places.ts';

/** What a dash tells the commands beside it (`results/.dash/dash.json`). */
export interface DashState {
  url: string;
  pid: number;
  /** The Prometheus that it started; absent: it has none of its own, and scrapes nothing for others. */
  prometheus?: { url: string; pid: number };
}

export async function writeDashState(resultsRoot: string, state: DashState): Promise<void> {
  const places = dashPlaces(resultsRoot);
  await mkdir(places.targets, { recursive: true });
  await writeAtomically(places.state, `${JSON.stringify(state)}\n`);
}

export async function removeDashState(resultsRoot: string): Promise<void> {
  await rm(dashPlaces(resultsRoot).state, { force: true });
}

/** As it was written, whether that dash still runs or not. */
export function readDashState(resultsRoot: string): DashState | undefined {
  try {
    const { url, pid, prometheus } = JSON.parse(readFileSync(dashPlaces(resultsRoot).state, 'utf8')) as Partial<DashState>;
    if (typeof url !== 'string' || typeof pid !== 'number') return undefined;
    return { url, pid, ...(prometheus && { prometheus }) };
  } catch {
    return undefined;
  }
}

export interface RunningDash extends DashState {
  /** Has its Prometheus scrape these once a second until the returned function is called. Undefined: it has no Prometheus of its own. */
  register?(targets: readonly ScrapeTarget[]): Promise<() => Promise<void>>;
}

export interface ScrapeTarget {
  job: 'server' | 'driver';
  /** Of its `/metrics`. */
  url: string;
}

const answerWithinMs = 1_000;

/** The dash on these results, if one runs: its process is there and answers under its address. */
export async function runningDash(resultsRoot: string): Promise<RunningDash | undefined> {
  const state = readDashState(resultsRoot);
  if (!state || !isProcess(state.pid) || !(await answers(state))) return undefined;
  return { ...state, ...(state.prometheus && { register: (targets: readonly ScrapeTarget[]) => register(resultsRoot, targets) }) };
}

export function isProcess(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function answers({ url, pid }: DashState): Promise<boolean> {
  try {
    const response = await fetch(`${url}/api/state`, { signal: AbortSignal.timeout(answerWithinMs) });
    return ((await response.json()) as { pid?: number }).pid === pid;
  } catch {
    return false;
  }
}

let registered = 0;

/** Written for Prometheus' file discovery; the name says whose it is, so that what a killed run left behind is found. */
async function register(resultsRoot: string, targets: readonly ScrapeTarget[]): Promise<() => Promise<void>> {
  registered += 1;
  const file = resolve(join(dashPlaces(resultsRoot).targets, `${process.pid}-${registered}.json`));
  const groups = targets.map(({ job, url }) => {
    const { host, protocol, pathname } = new URL(url);
    return { targets: [host], labels: { job, __scheme__: protocol.replace(':', ''), __metrics_path__: pathname } };
  });
  await writeAtomically(file, JSON.stringify(groups));
  return () => rm(file, { force: true });
}

/** Takes away what runs left that are no more. */
export async function sweepTargets(resultsRoot: string): Promise<void> {
  const { targets } = dashPlaces(resultsRoot);
  for (const name of await readdir(targets).catch(() => [])) {
    const pid = Number(/^(\d+)-\d+\.json$/.exec(name)?.[1]);
    if (pid > 0 && !isProcess(pid)) await rm(join(targets, name), { force: true });
  }
}

/** One server under one load, watched by Prometheus, while faults come and go. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { cliFile, emptyFolder } from '../support/cli.ts';
import { putProfile } from '../server/frame.ts';
import { runMetricNames } from '../../scenarios/names.ts';
import { startServerProcess } from '../../harness/server-process.ts';
import { freePorts } from '../stack/parts.ts';
import { type LivePrometheus, startLivePrometheus } from './live-prometheus.ts';

export interface Fault {
  name: string;
  /** Put by the control port; none: the quiet one. */
  profile?: string;
  /** Holds the driver's process up for so long of every `everyMs`. */
  driverHeldMs?: number;
  everyMs?: number;
}

export interface Phase {
  name: string;
  fromMs: number;
  /** From here on it shows in full: rates have left the time before, and requests from before have ended. */
  settledMs: number;
  toMs: number;
  /** Delay of this process' own event loop, p99: it has nothing to do, so that is what the machine took from all. */
  machineDelayMs: number;
}

/** Above it something else had the processors, and the phase is done again. */
const calmMs = 40;
/** Over all phases. */
const repeatsAtMost = 4;

export interface Load {
  quietProfile: string;
  warmUpMs: number;
  quietMs: number;
  faultMs: number;
  settleMs: number;
  faults: readonly Fault[];
}

/** Drives `crud` and `sse` through a quiet phase and each fault in turn, and gives the phases while Prometheus still stands. */
export async function withFaults(
  program: string,
  load: Load,
  use: (found: { prometheus: LivePrometheus; phases: [quiet: Phase, ...others: Phase[]] }) => Promise<void>,
): Promise<void> {
  const stops: (() => Promise<unknown>)[] = [];
  try {
    const folder = await emptyFolder();
    stops.push(folder.remove);
    const server = await startServerProcess({ profile: 'observed', seed: 1 });
    stops.push(server.stop);
    await swap(server.controlUrl, load.quietProfile);
    const [metricsPort = 0] = await freePorts(1);
    const prometheus = await startLivePrometheus(program, {
      server: [{ target: new URL(server.url).host, labels: { tier: 'all' } }],
      driver: [{ target: `127.0.0.1:${metricsPort}` }],
    });
    stops.push(prometheus.stop);
    const wholeMs = load.quietMs + (load.faults.length + repeatsAtMost) * load.faultMs;
    const driver = drive(folder.path, [
      ...['run', 'crud', 'sse', '--target', server.url, '--control', server.controlUrl, '--no-traces', '--metrics-port', String(metricsPort)],
      ...['--warmup', `${load.warmUpMs}ms`, '--duration', `${wholeMs + 10_000}ms`],
    ]);
    stops.push(() => end(driver.child));
    const measured = `${runMetricNames.phase}{phase="measured"} == 1`;
    await driver.until(async () => (await prometheus.instant(measured)).length > 0, load.warmUpMs + 30_000);

    let repeats = repeatsAtMost;
    const calmPhase = async (name: string, ms: number): Promise<Phase> => {
      const done = await phase(name, ms, load.settleMs);
      if (done.machineDelayMs <= calmMs || repeats === 0) return done;
      repeats -= 1;
      console.log(`the machine was busy with something else in "${name}" (its delay was ${done.machineDelayMs.toFixed(0)} ms): once more`);
      return await calmPhase(name, ms);
    };
    const phases: [Phase, ...Phase[]] = [await calmPhase('quiet', load.quietMs)];
    for (const fault of load.faults) {
      await swap(server.controlUrl, fault.profile ?? load.quietProfile);
      const release = fault.driverHeldMs === undefined ? undefined : holdUp(driver.child, fault.driverHeldMs, fault.everyMs ?? 1_000);
      phases.push(await calmPhase(fault.name, load.faultMs));
      await release?.();
    }
    // The last second has been scraped.
    await sleep(1_500);
    if (driver.child.exitCode !== null) throw new Error(`the run ended before its faults did: ${driver.output()}`);
    await use({ prometheus, phases });
  } finally {
    for (const stop of stops.toReversed()) await stop();
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

async function swap(controlUrl: string, yaml: string): Promise<void> {
  const answer = await putProfile(controlUrl, yaml);
  if (answer.status !== 200) throw new Error(`the profile was refused with ${answer.status}: ${answer.body.toString()}\n${yaml}`);
}

async function phase(name: string, ms: number, settleMs: number): Promise<Phase> {
  const fromMs = Date.now();
  await sleep(settleMs);
  const delay = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();
  await sleep(ms - settleMs);
  delay.disable();
  // It counts the whole time between two looks.
  return { name, fromMs, settledMs: fromMs + settleMs, toMs: Date.now(), machineDelayMs: delay.percentile(99) / 1e6 - 10 };
}

function drive(cwd: string, args: readonly string[]) {
  const child = spawn(process.execPath, [cliFile, ...args], { cwd, env: { ...process.env, NO_COLOR: '1' }, stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => (text += part));
  child.stderr.setEncoding('utf8').on('data', (part: string) => (text += part));
  return {
    child,
    output: () => text,
    async until(condition: () => Promise<boolean>, timeoutMs: number): Promise<void> {
      const endMs = performance.now() + timeoutMs;
      while (!(await condition())) {
        if (child.exitCode !== null || performance.now() > endMs) throw new Error(`the run did not get to its measured phase: ${text}`);
        await sleep(100);
      }
    },
  };
}

/** As a machine that is too busy does: the process gets no processor now and then. */
function holdUp(child: ChildProcess, heldMs: number, everyMs: number): () => Promise<void> {
  let stopped = false;
  const done = (async () => {
    while (!stopped) {
      child.kill('SIGSTOP');
      await sleep(heldMs);
      child.kill('SIGCONT');
      await sleep(everyMs - heldMs);
    }
  })();
  return () => {
    stopped = true;
    return done;
  };
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

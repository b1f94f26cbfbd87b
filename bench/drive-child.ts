/** The driver process: jobs in on stdin, results out on stdout. Drives through the harness as a run does, its recorder and samples file included. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startRunClock } from '../harness/clock.ts';
import { allDrivers } from '../harness/commands/drivers.ts';
import { type ControlTruth, controlClient } from '../harness/control-client.ts';
import { driveLeg } from '../harness/drive/drive-leg.ts';
import type { Leg, Plan } from '../harness/plan/plan.ts';
import { distributionOf } from '../harness/results/distribution.ts';
import { writeSamples } from '../harness/results/samples.ts';
import type { AnySample, Sample } from '../harness/sample.ts';
import { keyedRandom } from '../scenarios/random.ts';
import { driverCore, serverCore } from './case.ts';
import { type CoreTimes, childrenMs, coreTimes, peakResidentBytes } from './cores.ts';
import type { DriveJob, DriveResult, EventFigures } from './drive-job.ts';

/** The native driver keeps event times of this seeded share; it also keeps the slowest few, which would bias a quantile. */
const eventTimesShare = 0.02;
const defaultMaxInFlight = 20_000;
const timeoutMs = 30_000;

const jobs = JSON.parse(await textOf(process.stdin)) as DriveJob[];
const results: DriveResult[] = [];
const stopped = new AbortController();
// A terminal tells everybody at once, and the bench tells us as well.
for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => stopped.abort());
try {
  for (const job of jobs) {
    results.push(await drive(job));
    stopped.signal.throwIfAborted();
  }
  process.stdout.write(JSON.stringify(results));
} catch (error) {
  if (!stopped.signal.aborted) throw error;
  process.exitCode = 1;
}

async function drive(job: DriveJob): Promise<DriveResult> {
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-bench-'));
  try {
    return await driveIn(folder, job);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function driveIn(folder: string, job: DriveJob): Promise<DriveResult> {
  // k6 loads the scenario itself.
  const scenarioFile = join(folder, 'scenario.ts');
  writeFileSync(scenarioFile, `export default ${JSON.stringify(job.scenario)};\n`);
  const { scenario, driver, load, warmupMs, durationMs, seed, target, serverPids } = job;
  const leg: Leg = {
    id: `${scenario.name}/${driver}`,
    scenario,
    scenarioFile,
    driver,
    load,
    warmupMs,
    durationMs,
    maxInFlight: job.maxInFlight ?? defaultMaxInFlight,
    timeoutMs,
    users: scenario.users ?? 1,
  };
  const plan: Plan = { runId: 'bench', seed, target, stages: [[leg]], ...(job.sampledShare !== undefined && { traceSampleRatio: job.sampledShare }) };
  const control = target.controlUrl === undefined ? undefined : controlClient(target.controlUrl);
  const samples = writeSamples(join(folder, 'samples.ndjson.zst'));
  const streams: Sample[] = [];
  let first: Moment | undefined;
  let last: Moment | undefined;
  let reset: Promise<void> | undefined;
  const programsBeforeMs = childrenMs(process.pid);
  let startedAtMs = performance.now();
  const timers: NodeJS.Timeout[] = [];
  const sumUp = await driveLeg(leg, {
    plan,
    drivers: allDrivers(),
    clock: startRunClock(),
    samples: {
      write(sample: AnySample) {
        samples.write(sample);
        if (sample.kind === 'request' && sample.phase === 'measured' && sample.truth?.events) streams.push(sample);
      },
      close: samples.close,
    },
    declared: {},
    view: {
      start() {
        startedAtMs = performance.now();
        const measuredFrom = (): void => {
          first = moment(serverPids);
          reset = control?.resetTruth();
        };
        const measuredTo = (): void => {
          last = moment(serverPids);
        };
        timers.push(setTimeout(measuredFrom, warmupMs), setTimeout(measuredTo, warmupMs + durationMs));
      },
      update: () => undefined,
      end: () => undefined,
    },
    signal: stopped.signal,
    overBudget: () => undefined,
  });
  for (const timer of timers) clearTimeout(timer);
  const legMs = performance.now() - startedAtMs;
  const programMs = childrenMs(process.pid) - programsBeforeMs;
  const measurement = sumUp();
  await reset;
  await samples.close();
  const truth = (await control?.truth()) as (ControlTruth & { lateness?: { quantiles?: { q: number; ms: number }[] } }) | undefined;
  const serverLatenessP99Ms = truth?.lateness?.quantiles?.find(({ q }) => q === 0.99)?.ms;
  return {
    metrics: measurement.all,
    totals: measurement.totals,
    report: measurement.driverReport,
    errors: measurement.errors.slice(0, 3),
    ...(streams.length > 0 && { events: eventFigures(streams, seed) }),
    ...shares(first ?? moment(serverPids), last ?? moment(serverPids), programMs, legMs),
    serverPeakBytes: serverPids.reduce((sum, pid) => sum + peakResidentBytes(pid), 0),
    ...(truth && { serverLoopP99Ms: truth.loopDelay.p99Ms }),
    ...(serverLatenessP99Ms !== undefined && { serverLatenessP99Ms }),
  };
}

interface Moment extends CoreTimes {
  driverMs: number;
}

function moment(serverPids: readonly number[]): Moment {
  const cpu = process.cpuUsage();
  return { ...coreTimes(serverPids), driverMs: (cpu.user + cpu.system) / 1_000 };
}

function shares(
  from: Moment,
  to: Moment,
  programMs: number,
  legMs: number,
): Pick<DriveResult, 'serverCpu' | 'driverCpu' | 'othersOnServerCore' | 'othersOnDriverCore'> {
  const spanMs = to.atMs - from.atMs;
  const busy = (core: number): number => ((to.busyMs[core] ?? Number.NaN) - (from.busyMs[core] ?? Number.NaN)) / spanMs;
  const serverCpu = (to.processMs - from.processMs) / spanMs;
  // A program that the driver started is counted once it has ended: its CPU is that of the whole leg, start included, and so is its share.
  const ownCpu = (to.driverMs - from.driverMs) / spanMs;
  const driverCpu = ownCpu + (legMs > 0 ? programMs / legMs : 0);
  return {
    serverCpu,
    driverCpu,
    othersOnServerCore: Math.max(0, busy(serverCore) - serverCpu),
    othersOnDriverCore: Math.max(0, busy(driverCore) - driverCpu),
  };
}

function eventFigures(streams: readonly Sample[], seed: number): EventFigures {
  const serverLateness: number[] = [];
  const endToEnd: number[] = [];
  const fromSchedule: number[] = [];
  const driverError: number[] = [];
  for (const { truth, sentAtMs, intendedAtMs, eventTimesMs, requestKey, outcome } of streams) {
    if (!truth?.events || sentAtMs === undefined || outcome !== 'ok') continue;
    const { intendedMs, actualMs } = truth.events;
    const queuedMs = truth.queuedMs ?? 0;
    for (let i = 0; i < intendedMs.length; i += 1) serverLateness.push((actualMs[i] ?? Number.NaN) - (intendedMs[i] ?? Number.NaN) - queuedMs);
    if (!eventTimesMs || keyedRandom(seed, requestKey, 'event-times')() >= eventTimesShare) continue;
    for (let i = 0; i < eventTimesMs.length; i += 1) {
      const fromSentMs = (eventTimesMs[i] ?? Number.NaN) - sentAtMs;
      const dueMs = (intendedMs[i] ?? Number.NaN) + queuedMs;
      endToEnd.push(fromSentMs - dueMs);
      fromSchedule.push(fromSentMs - dueMs + sentAtMs - (intendedAtMs ?? sentAtMs));
      driverError.push(fromSentMs - (actualMs[i] ?? Number.NaN));
    }
  }
  return {
    serverLateness: distributionOf(serverLateness),
    endToEnd: distributionOf(endToEnd),
    fromSchedule: distributionOf(fromSchedule),
    driverError: distributionOf(driverError),
  };
}

async function textOf(stream: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

/** The driver process of servers that take turns: a job in on stdin, its result out on stdout. One process and one clock for all of them, through the native driver. */
import { text } from 'node:stream/consumers';
import { startRunClock } from '../harness/clock.ts';
import { nativeDriver } from '../harness/drive/native/driver.ts';
import { makeUsers } from '../harness/drive/users.ts';
import type { Leg, Plan } from '../harness/plan/plan.ts';
import { distributionOf } from '../harness/results/distribution.ts';
import type { AnySample } from '../harness/sample.ts';
import { driverCore, serverCore } from './case.ts';
import { type CoreTimes, coreTimes, scheduledMs } from './cores.ts';
import { type SideResult, type SliceJob, type SliceResult, turnsOf } from './slice-job.ts';

/** Enough for all legs to arm their timers. */
const startAheadMs = 150;
const timeoutMs = 30_000;
const maxInFlight = 20_000;

const job = JSON.parse(await text(process.stdin)) as SliceJob;
const stopped = new AbortController();
// A terminal tells everybody at once, and the bench tells us as well.
for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => stopped.abort());
try {
  const result = await drive(job);
  stopped.signal.throwIfAborted();
  process.stdout.write(JSON.stringify(result));
} catch (error) {
  if (!stopped.signal.aborted) throw error;
  process.exitCode = 1;
}

/** What one server's samples tell; requests of the warm-up are not in it. */
interface Tally {
  latenciesMs: number[];
  lost: number;
  error?: string;
}

async function drive({ scenario, seed, shape, sides }: SliceJob): Promise<SliceResult> {
  const { signal } = stopped;
  const clock = startRunClock();
  const { edgesMs, arrivals, requestsOfCycle } = turnsOf(sides.length, shape, seed);
  const fromMs = edgesMs[0] ?? 0;
  const durationMs = (edgesMs.at(-1) ?? 0) - fromMs;
  const legs = sides.map(({ target, sampledShare }, side) => {
    const leg: Leg = {
      id: `${scenario.name}/native`,
      scenario,
      scenarioFile: '',
      driver: 'native',
      load: { kind: 'constant', ratePerSecond: shape.ratePerSecond },
      warmupMs: fromMs,
      durationMs,
      maxInFlight,
      timeoutMs,
      users: scenario.users ?? 1,
      timetable: { startAtMs: 0, arrivals: arrivals[side] ?? [] },
    };
    const plan: Plan = { runId: 'bench', seed, target, stages: [[leg]], traceSampleRatio: sampledShare };
    return { leg, plan, tally: { latenciesMs: [], lost: 0 } as Tally };
  });
  const users = await Promise.all(legs.map(({ leg, plan }) => makeUsers(leg, plan, signal)));
  const startAtMs = clock.now() + startAheadMs;
  const moments: Moment[] = [];
  const pids = sides.map(({ pid }) => pid);
  const timers = edgesMs.map((atMs) => setTimeout(() => moments.push(moment(pids)), startAtMs + atMs - clock.now()));
  try {
    await Promise.all(
      legs.map(({ leg, plan, tally }, side) =>
        nativeDriver.drive(
          { ...leg, timetable: { startAtMs, arrivals: arrivals[side] ?? [] } },
          { plan, clock, users: users[side] ?? [], signal, emit: (sample) => count(tally, sample), progress: () => undefined },
        ),
      ),
    );
    // The last edge's timer may be due in this very turn.
    await new Promise((resolve) => setTimeout(resolve, startAheadMs));
  } finally {
    for (const timer of timers) clearTimeout(timer);
  }
  return {
    sides: legs.map(
      ({ tally }, side): SideResult => ({
        cpuUs: moments
          .slice(1)
          .map((to, cycle) => ((to.serversMs[side] ?? Number.NaN) - (moments[cycle]?.serversMs[side] ?? Number.NaN)) * (1_000 / requestsOfCycle)),
        latency: distributionOf(tally.latenciesMs),
        lost: tally.lost,
        ...(tally.error !== undefined && { error: tally.error }),
      }),
    ),
    ...shares(moments),
  };
}

function count(tally: Tally, sample: AnySample): void {
  if (sample.kind !== 'request' || sample.phase !== 'measured') return;
  const { outcome, intendedAtMs, endedAtMs } = sample;
  if (outcome === 'ok' && intendedAtMs !== undefined && endedAtMs !== undefined) {
    tally.latenciesMs.push(endedAtMs - intendedAtMs);
    return;
  }
  tally.lost += 1;
  tally.error ??= sample.error ?? outcome;
}

interface Moment extends CoreTimes {
  /** Of each server. */
  serversMs: number[];
  driverMs: number;
}

function moment(pids: readonly number[]): Moment {
  const cpu = process.cpuUsage();
  return { serversMs: pids.map(scheduledMs), ...coreTimes([]), driverMs: (cpu.user + cpu.system) / 1_000 };
}

function shares(moments: readonly Moment[]): Omit<SliceResult, 'sides'> {
  const from = moments[0];
  const to = moments.at(-1);
  if (!from || !to) throw new Error('the driver process was stopped before anything was measured');
  const spanMs = to.atMs - from.atMs;
  const busy = (core: number): number => ((to.busyMs[core] ?? Number.NaN) - (from.busyMs[core] ?? Number.NaN)) / spanMs;
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  const serversCpu = (sum(to.serversMs) - sum(from.serversMs)) / spanMs;
  const driverCpu = (to.driverMs - from.driverMs) / spanMs;
  return {
    serversCpu,
    driverCpu,
    othersOnServerCore: Math.max(0, busy(serverCore) - serversCpu),
    othersOnDriverCore: Math.max(0, busy(driverCore) - driverCpu),
  };
}

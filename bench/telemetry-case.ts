/** What telemetry costs: the same load on servers that differ in nothing else, which take turns in slices of half a second. */
import type { ServerOptions, ServerProcess } from '../harness/server-process.ts';
import type { Scenario } from '../scenarios/types.ts';
import { disturbedShare } from './calm.ts';
import { at, type Case, type CaseOptions, type CaseResult, median, ms, percent, type Row } from './case.ts';
import type { DriveJob, DriveResult } from './drive-job.ts';
import { estimateText, metIfDecided } from './paired-rows.ts';
import { type Estimate, estimateOfRounds } from './paired.ts';
import { driveJobs, driveSlices, scrapeEvery, scrapeEverySecond, startPinnedServer, startSpanReceiver } from './pinned.ts';
import { brief, conditions } from './residual-case.ts';
import { withProfileFile } from './profile-file.ts';
import type { SideResult, SliceJob, SliceResult, SliceShape } from './slice-job.ts';

export interface TelemetryLoad {
  name: string;
  title: string;
  /** Name of a shipped one, or its text. */
  profile: string | { yaml: string };
  scenario: Scenario;
  /** In a slice, of one server: at most half of what one core of it takes. */
  ratePerSecond: number;
  /** What is counted: `request`, `stream`. */
  unit: string;
  /** Content events of each, where it is a stream. */
  events?: number;
  /** Of metrics with 5% of traces. */
  bounds?: { addedUs: number; addedP99Ms: number };
}

const seed = 1;

interface Mode {
  name: string;
  /** Share of requests whose trace is sampled; undefined: no traces leave. */
  sampled?: number;
  metrics: boolean;
}

const modes: readonly Mode[] = [
  { name: 'none', metrics: false },
  { name: 'metrics', metrics: true },
  { name: 'metrics and 5% of traces', metrics: true, sampled: 0.05 },
  { name: 'metrics and 100% of traces', metrics: true, sampled: 1 },
];

/** Each has servers of its own, since two processes of the same code differ; within a round what else goes on in the machine meets all of them. */
const rounds = 8;
const sliceMs = 500;
const cycles = 14;
const warmUpMs = 5_000;
/** As at the full rate once a second: per request a scrape weighs as much. */
const scrapeEveryMs = 1_000 * modes.length;
/** Of the server that exports every trace, without turns: whether spans find room. */
const sustainedMs = 10_000;

export function telemetryCase(load: TelemetryLoad): Case {
  return {
    name: load.name,
    limitMs: 480_000,
    run: (options) => {
      const { profile } = load;
      const on = (name: string): Promise<CaseResult> => measureTelemetry(load, name, options);
      return typeof profile === 'string' ? on(profile) : withProfileFile(profile.yaml, on);
    },
  };
}

interface Measured {
  rounds: SliceResult[];
  sustained: DriveResult[];
  health: Health;
}

async function measureTelemetry(load: TelemetryLoad, profile: string, options: CaseOptions): Promise<CaseResult> {
  const { quick, signal } = options;
  const receiver = await startSpanReceiver(signal);
  const measured: Measured = { rounds: [], sustained: [], health: { exported: 0, dropped: 0 } };
  try {
    const count = quick ? 2 : rounds;
    for (let round = 0; round < count; round += 1) {
      await measureRound(measured, { load, profile, receiverUrl: receiver.url, options, round, isLast: round === count - 1 });
    }
  } finally {
    await receiver.stop();
  }
  return {
    rows: rowsOf(load, measured),
    details: { modes, rounds: measured.rounds, sustained: measured.sustained.map(brief), health: measured.health },
  };
}

interface Round {
  load: TelemetryLoad;
  profile: string;
  receiverUrl: string;
  options: CaseOptions;
  round: number;
  isLast: boolean;
}

async function measureRound(measured: Measured, { load, profile, receiverUrl, options, round, isLast }: Round): Promise<void> {
  const { quick, signal, calmMs } = options;
  const servers = new Map<Mode, ServerProcess>();
  const stopScraping = new AbortController();
  try {
    // Another one is started first each time.
    for (const [i] of modes.entries()) {
      const mode = modes[(i + round) % modes.length] as Mode;
      const server: ServerOptions = { profile, seed, flags: flagsOf(mode, receiverUrl) };
      servers.set(mode, await startPinnedServer(server, signal));
    }
    for (const [mode, { url }] of servers) if (mode.metrics) void scrapeEvery(scrapeEveryMs, url, stopScraping.signal);
    const job = sliceJobOf(
      load,
      modes.map((mode) => ({ mode, server: servers.get(mode) as ServerProcess })),
      round,
      quick,
    );
    measured.rounds.push(await driveSlices(job, { signal, calmMs }));
    stopScraping.abort();
    const [all, server] = [...servers].find(([{ sampled }]) => sampled === 1) ?? [];
    if (isLast && all && server) measured.sustained = await sustain(load, { mode: all, server }, options);
    if (server) addHealth(measured.health, await healthOf(server));
  } finally {
    stopScraping.abort();
    await Promise.all([...servers.values()].map((server) => server.stop()));
  }
}

function flagsOf({ metrics, sampled }: Mode, receiverUrl: string): string[] {
  return [...(metrics ? [] : ['--no-metrics']), ...(sampled === undefined ? [] : ['--otlp', receiverUrl])];
}

interface Side {
  mode: Mode;
  server: ServerProcess;
}

function sliceJobOf({ scenario, ratePerSecond }: TelemetryLoad, sides: readonly Side[], round: number, quick: boolean): SliceJob {
  const shape: SliceShape = { warmUpMs: quick ? 1_000 : warmUpMs, sliceMs, cycles: quick ? 2 : cycles, ratePerSecond };
  return {
    scenario,
    seed: seed + round,
    shape,
    sides: sides.map(({ mode, server }) => ({ target: targetOf(server), pid: server.pid, sampledShare: mode.sampled ?? 0 })),
  };
}

function targetOf({ url, controlUrl }: ServerProcess): DriveJob['target'] {
  return { url, protocol: 'http/1.1', insecureTls: false, controlUrl };
}

async function sustain({ scenario, ratePerSecond }: TelemetryLoad, { mode, server }: Side, { quick, signal }: CaseOptions): Promise<DriveResult[]> {
  const stopScraping = new AbortController();
  void scrapeEverySecond(server.url, stopScraping.signal);
  const job: DriveJob = {
    scenario,
    driver: 'native',
    load: { kind: 'constant', ratePerSecond },
    warmupMs: 500,
    durationMs: quick ? 1_500 : sustainedMs,
    seed: seed + rounds,
    sampledShare: mode.sampled ?? 0,
    target: targetOf(server),
    serverPids: [server.pid],
  };
  return driveJobs([job], { signal, calmMs: 0 }).finally(() => stopScraping.abort());
}

interface Health {
  exported: number;
  dropped: number;
}

async function healthOf({ controlUrl }: ServerProcess): Promise<Health> {
  await fetch(`${controlUrl}/traces/flush`, { method: 'POST' });
  return (await (await fetch(`${controlUrl}/traces/health`)).json()) as Health;
}

function addHealth(to: Health, { exported, dropped }: Health): void {
  to.exported += exported;
  to.dropped += dropped;
}

function rowsOf(load: TelemetryLoad, { rounds: results, sustained, health }: Measured): Row[] {
  const limit = conditionsOf(results);
  const noneUs = meansOf(results, 0, ({ cpuUs }) => mean(cpuUs));
  const noneP99s = meansOf(results, 0, p99);
  const perEvent = (us: number): string => (load.events === undefined ? '' : `, ${(us / load.events).toFixed(2)} us a content event`);
  const none: Row = {
    what: `${load.title}, telemetry none: server CPU a ${load.unit}`,
    target: '',
    measured: `${mean(noneUs).toFixed(1)} us${perEvent(mean(noneUs))} (rounds: ${listed(noneUs)})`,
    limit,
  };
  const rows = [none];
  for (const [side, mode] of modes.entries()) {
    if (side === 0) continue;
    const bounds = mode.sampled === 0.05 ? load.bounds : undefined;
    const added = estimateOfRounds(
      meansOf(results, side, ({ cpuUs }) => mean(cpuUs)),
      noneUs,
    );
    rows.push({
      what: `${load.title}, telemetry ${mode.name}: CPU a ${load.unit} more than none`,
      target: bounds ? `${bounds.addedUs} us` : '',
      measured: `${estimateText(added, 1)} us, ${percent(added.middle / mean(noneUs))}${perEvent(added.middle)}; ${blocksText(results, side, added)}`,
      ...(bounds && metIfDecided(added, bounds.addedUs)),
      limit,
    });
    const slower = estimateOfRounds(meansOf(results, side, p99), noneP99s);
    rows.push({
      what: `${load.title}, telemetry ${mode.name}: p99 more than none`,
      target: bounds ? ms(bounds.addedP99Ms) : '',
      measured: `${estimateText(slower, 2)} ms (none: ${ms(median(noneP99s))})`,
      ...(bounds && metIfDecided(slower, bounds.addedP99Ms)),
      limit,
    });
  }
  const sent = results.flatMap(({ sides }) => sides);
  const lost = sent.reduce((sum, side) => sum + side.lost, 0) + sustained.reduce((sum, { totals: { counts } }) => sum + counts.failed + counts.timeout, 0);
  return [
    ...rows,
    {
      what: `${load.title}, telemetry metrics and 100% of traces at ${load.ratePerSecond.toLocaleString('en')}/s: dropped spans`,
      target: '0',
      measured: `${health.dropped} of ${health.exported + health.dropped}`,
      met: health.dropped === 0 && health.exported > 0,
      limit: sustained.length > 0 ? conditions(sustained) : limit,
    },
    {
      what: `${load.title}, telemetry: lost ${load.unit}s`,
      target: '0',
      measured: String(lost),
      met: lost === 0,
      limit: sent.find(({ error }) => error !== undefined)?.error ?? 'of all servers, whatever they tell',
    },
  ];
}

function meansOf(results: readonly SliceResult[], side: number, of: (result: SideResult) => number): number[] {
  return results.map(({ sides }) => {
    const one = sides[side];
    return one ? of(one) : Number.NaN;
  });
}

function p99({ latency }: SideResult): number {
  return at(latency, 0.99);
}

/** The differences of rounds, and beside their mean the median of all cycles, which a few that were disturbed do not move. */
function blocksText(results: readonly SliceResult[], side: number, { differences }: Estimate): string {
  const ofCycles = results.flatMap(({ sides }) => sides[side]?.cpuUs.map((us, cycle) => us - (sides[0]?.cpuUs[cycle] ?? Number.NaN)) ?? []);
  return `median of ${ofCycles.length} cycles ${median(ofCycles).toFixed(1)} us (rounds: ${listed(differences)})`;
}

function listed(values: readonly number[]): string {
  return values.map((value) => value.toFixed(0)).join(', ');
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** What it was measured under: the worst of the rounds. */
function conditionsOf(results: readonly SliceResult[]): string {
  const worst = (of: (result: SliceResult) => number): number => Math.max(...results.map(of));
  const others = worst(({ othersOnServerCore, othersOnDriverCore }) => Math.max(othersOnServerCore, othersOnDriverCore));
  return [
    ...(others > disturbedShare ? ['DISTURBED by other processes'] : []),
    `servers ${percent(worst(({ serversCpu }) => serversCpu))} of their core, driver ${percent(worst(({ driverCpu }) => driverCpu))}`,
    `others ${percent(worst(({ othersOnServerCore }) => othersOnServerCore))} and ${percent(worst(({ othersOnDriverCore }) => othersOnDriverCore))} there`,
  ].join(', ');
}

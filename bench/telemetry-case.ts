/** What telemetry costs: the same load on servers that differ in nothing else, in blocks that take turns. */
import type { ServerOptions, ServerProcess } from '../harness/server-process.ts';
import type { Scenario } from '../scenarios/types.ts';
import { type Case, type CaseOptions, type CaseResult, median, ms, type Row } from './case.ts';
import type { DriveJob, DriveResult } from './drive-job.ts';
import { cpuUs, estimateText, metIfDecided, p99s } from './paired-rows.ts';
import { estimateOf } from './paired.ts';
import { driveJobs, scrapeEverySecond, startPinnedServer, startSpanReceiver } from './pinned.ts';
import { brief, conditions } from './residual-case.ts';
import { withProfileFile } from './profile-file.ts';

export interface TelemetryLoad {
  name: string;
  title: string;
  /** Name of a shipped one, or its text. */
  profile: string | { yaml: string };
  scenario: Scenario;
  /** About half of what one core of the server takes. */
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

interface Side {
  mode: Mode;
  server: ServerProcess;
  blocks: DriveResult[];
}

/** Short ones, and many: what else goes on in the machine changes from second to second, and blocks side by side meet the same of it. */
const blockMs = 2_500;
const blocks = 12;
/** The first of each is thrown away. */
const firstBlockMs = 3_000;

export function telemetryCase(load: TelemetryLoad): Case {
  return {
    name: load.name,
    limitMs: 300_000,
    run: (options) => {
      const { profile } = load;
      const on = (name: string): Promise<CaseResult> => measureTelemetry(load, name, options);
      return typeof profile === 'string' ? on(profile) : withProfileFile(profile.yaml, on);
    },
  };
}

async function measureTelemetry(load: TelemetryLoad, profile: string, { quick, signal, calmMs }: CaseOptions): Promise<CaseResult> {
  const receiver = await startSpanReceiver(signal);
  const sides: Side[] = [];
  const stopScraping = new AbortController();
  try {
    for (const mode of modes) {
      const options: ServerOptions = { profile, seed, flags: flagsOf(mode, receiver.url) };
      const server = await startPinnedServer(options, signal);
      sides.push({ mode, server, blocks: [] });
      if (mode.metrics) void scrapeEverySecond(server.url, stopScraping.signal);
    }
    const turns: { side: Side; job: DriveJob }[] = [];
    for (let block = 0; block <= (quick ? 1 : blocks); block += 1) {
      // Another one is first each time: what comes first in a block meets the machine in another mood.
      for (const [i] of sides.entries()) {
        const side = sides[(i + block) % sides.length] as Side;
        turns.push({ side, job: jobOf(load, side, block, quick) });
      }
    }
    // One driver process for all of them: one that starts takes the processor's caches from the server.
    const results = await driveJobs(
      turns.map(({ job }) => job),
      { signal, calmMs },
    );
    for (const [i, result] of results.entries()) if (i >= sides.length) turns[i]?.side.blocks.push(result);
    const health = await healthOf(sides);
    return {
      rows: rowsOf(load, sides, health),
      details: sides.map(({ mode, blocks: each }) => ({ mode, health: health.get(mode), cpuUs: cpuUs(each), blocks: each.map(brief) })),
    };
  } finally {
    stopScraping.abort();
    for (const { server } of sides) await server.stop();
    await receiver.stop();
  }
}

function flagsOf({ metrics, sampled }: Mode, receiverUrl: string): string[] {
  return [...(metrics ? [] : ['--no-metrics']), ...(sampled === undefined ? [] : ['--otlp', receiverUrl])];
}

function jobOf({ scenario, ratePerSecond }: TelemetryLoad, { mode, server }: Side, block: number, quick: boolean): DriveJob {
  return {
    scenario,
    driver: 'native',
    load: { kind: 'constant', ratePerSecond },
    warmupMs: 500,
    durationMs: block === 0 ? firstBlockMs : quick ? 1_500 : blockMs,
    seed: seed + block,
    sampledShare: mode.sampled ?? 0,
    target: { url: server.url, protocol: 'http/1.1', insecureTls: false, controlUrl: server.controlUrl },
    serverPids: [server.pid],
  };
}

interface Health {
  exported: number;
  dropped: number;
}

async function healthOf(sides: readonly Side[]): Promise<Map<Mode, Health>> {
  const found = new Map<Mode, Health>();
  for (const { mode, server } of sides) {
    if (mode.sampled === undefined) continue;
    await fetch(`${server.controlUrl}/traces/flush`, { method: 'POST' });
    found.set(mode, (await (await fetch(`${server.controlUrl}/traces/health`)).json()) as Health);
  }
  return found;
}

function rowsOf(load: TelemetryLoad, sides: readonly Side[], health: ReadonlyMap<Mode, Health>): Row[] {
  const [none, ...others] = sides;
  if (!none) return [];
  const noneUs = cpuUs(none.blocks);
  const perEvent = (us: number): string => (load.events === undefined ? '' : `, ${(us / load.events).toFixed(2)} us a content event`);
  const rows: Row[] = [
    {
      what: `${load.title}, telemetry none: server CPU a ${load.unit}`,
      target: '',
      measured: `${median(noneUs).toFixed(1)} us${perEvent(median(noneUs))} (${noneUs.map((value) => value.toFixed(0)).join(', ')})`,
      limit: conditions(none.blocks),
    },
  ];
  for (const { mode, blocks: each } of others) {
    const bounds = mode.sampled === 0.05 ? load.bounds : undefined;
    const added = estimateOf(cpuUs(each), noneUs);
    const share = Math.round((added.median / median(noneUs)) * 100);
    rows.push({
      what: `${load.title}, telemetry ${mode.name}: CPU a ${load.unit} more than none`,
      target: bounds ? `${bounds.addedUs} us` : '',
      measured: `${estimateText(added, 1)} us, ${share}%${perEvent(added.median)} (blocks: ${added.differences.map((value) => value.toFixed(0)).join(', ')})`,
      ...(bounds && metIfDecided(added, bounds.addedUs)),
      limit: conditions(each),
    });
    const p99 = estimateOf(p99s(each), p99s(none.blocks));
    rows.push({
      what: `${load.title}, telemetry ${mode.name}: p99 more than none`,
      target: bounds ? ms(bounds.addedP99Ms) : '',
      measured: `${estimateText(p99, 2)} ms (none: ${ms(median(p99s(none.blocks)))})`,
      ...(bounds && metIfDecided(p99, bounds.addedP99Ms)),
      limit: conditions(each),
    });
    const counts = health.get(mode);
    if (counts && mode.sampled === 1) {
      rows.push({
        what: `${load.title}, telemetry ${mode.name} at ${load.ratePerSecond.toLocaleString('en')}/s: dropped spans`,
        target: '0',
        measured: `${counts.dropped} of ${counts.exported + counts.dropped}`,
        met: counts.dropped === 0 && counts.exported > 0,
        limit: conditions(each),
      });
    }
  }
  return rows;
}

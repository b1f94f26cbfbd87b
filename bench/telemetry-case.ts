/** What telemetry costs: the same load on servers that differ in nothing else, in blocks that take turns. */
import type { ServerOptions, ServerProcess } from '../harness/server-process.ts';
import type { Distribution } from '../harness/results/run-file.ts';
import { plainScenario } from './bench-scenarios.ts';
import { at, type Case, type CaseOptions, type CaseResult, median, ms, type Row } from './case.ts';
import type { DriveJob, DriveResult } from './drive-job.ts';
import { driveJobs, scrapeEverySecond, startPinnedServer, startSpanReceiver } from './pinned.ts';
import { brief, conditions, pooled } from './residual-case.ts';

const operation = 'settings.features.read';
/** About half of what one core of the server takes with this operation. */
const ratePerSecond = 1_000;
const seed = 1;
const mostAddedUs = 15;
const mostAddedP99Ms = 0.5;

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

export const telemetryCase: Case = {
  name: 'telemetry',
  limitMs: 240_000,
  run: measureTelemetry,
};

async function measureTelemetry({ quick, signal, calmMs }: CaseOptions): Promise<CaseResult> {
  const receiver = await startSpanReceiver(signal);
  const sides: Side[] = [];
  const stopScraping = new AbortController();
  try {
    for (const mode of modes) {
      const options: ServerOptions = { profile: 'instant', seed, flags: flagsOf(mode, receiver.url) };
      const server = await startPinnedServer(options, signal);
      sides.push({ mode, server, blocks: [] });
      if (mode.metrics) void scrapeEverySecond(server.url, stopScraping.signal);
    }
    const blocks = quick ? 1 : 6;
    // The first block of each warms it up and is thrown away.
    for (let block = 0; block <= blocks; block += 1) {
      // Another one is first each time: what comes first in a block meets the machine in another mood.
      for (const [i] of sides.entries()) {
        const side = sides[(i + block) % sides.length] as Side;
        const [result] = await driveJobs([jobOf(side, block, quick)], { signal, calmMs: block === 0 ? calmMs : 0 });
        if (result && block > 0) side.blocks.push(result);
      }
    }
    const health = await healthOf(sides);
    return { rows: rowsOf(sides, health), details: sides.map(({ mode, blocks: results }) => ({ mode, health: health.get(mode), blocks: results.map(brief) })) };
  } finally {
    stopScraping.abort();
    for (const { server } of sides) await server.stop();
    await receiver.stop();
  }
}

function flagsOf({ metrics, sampled }: Mode, receiverUrl: string): string[] {
  return [...(metrics ? [] : ['--no-metrics']), ...(sampled === undefined ? [] : ['--otlp', receiverUrl])];
}

function jobOf({ mode, server }: Side, block: number, quick: boolean): DriveJob {
  return {
    scenario: plainScenario(operation, { bare: false }),
    driver: 'native',
    load: { kind: 'constant', ratePerSecond },
    warmupMs: 500,
    durationMs: quick ? 1_500 : 4_000,
    seed: seed + block,
    sampledShare: mode.sampled ?? 0,
    target: { url: server.url, protocol: 'http/1.1', insecureTls: false, controlUrl: server.controlUrl },
    serverPid: server.pid,
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

/** Microseconds of the server's CPU a request, one value a block. */
function cpuUs(results: readonly DriveResult[]): number[] {
  return results.map(({ serverCpu, totals }) => (serverCpu / totals.achievedPerSecond) * 1e6);
}

function rowsOf(sides: readonly Side[], health: ReadonlyMap<Mode, Health>): Row[] {
  const [none] = sides;
  if (!none) return [];
  const noneUs = cpuUs(none.blocks);
  const noneP99Ms = at(latency(none.blocks), 0.99);
  const rows: Row[] = [{ what: 'telemetry none: server CPU a request', target: '', measured: spread(noneUs), limit: conditions(none.blocks) }];
  for (const { mode, blocks } of sides.slice(1)) {
    const us = cpuUs(blocks);
    // Of blocks side by side: what both met of the machine's moods cancels out.
    const added = us.map((value, i) => value - (noneUs[i] ?? Number.NaN));
    const addedUs = median(added);
    const isBound = mode.sampled === 0.05;
    rows.push({
      what: `telemetry ${mode.name}: CPU a request more than none`,
      target: isBound ? `${mostAddedUs} us` : '',
      measured: `${spread(added)}, ${Math.round((addedUs / median(noneUs)) * 100)}%`,
      ...(isBound && { met: addedUs <= mostAddedUs }),
      limit: conditions(blocks),
    });
    const p99Ms = at(latency(blocks), 0.99) - noneP99Ms;
    // Where blocks of one side differ by more than the bound, they cannot decide it.
    const noiseMs = Math.max(spreadMs(blocks), spreadMs(none.blocks));
    rows.push({
      what: `telemetry ${mode.name}: p99 more than none`,
      target: isBound ? ms(mostAddedP99Ms) : '',
      measured: `${ms(p99Ms)} (none: ${ms(noneP99Ms)}; p99 of blocks differ by up to ${ms(noiseMs)})`,
      ...(isBound && noiseMs <= mostAddedP99Ms && { met: p99Ms <= mostAddedP99Ms }),
      limit: conditions(blocks),
    });
    const counts = health.get(mode);
    if (counts && mode.sampled === 1) {
      rows.push({
        what: `telemetry ${mode.name} at ${ratePerSecond.toLocaleString('en')}/s: dropped spans`,
        target: '0',
        measured: `${counts.dropped} of ${counts.exported + counts.dropped}`,
        met: counts.dropped === 0 && counts.exported > 0,
        limit: conditions(blocks),
      });
    }
  }
  return rows;
}

function latency(results: readonly DriveResult[]): Distribution {
  return pooled(results, 'latency');
}

function spreadMs(results: readonly DriveResult[]): number {
  const p99s = results.map(({ metrics }) => at(metrics.latency, 0.99));
  return Math.max(...p99s) - Math.min(...p99s);
}

function spread(values: readonly number[]): string {
  return `${median(values).toFixed(1)} us (${values.map((value) => value.toFixed(0)).join(', ')})`;
}

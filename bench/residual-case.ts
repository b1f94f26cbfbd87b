/** Residuals of plain requests against those of the bare timer server, in blocks that take turns. */
import type { Distribution, MetricName } from '../harness/results/run-file.ts';
import { mergeDistributions } from '../harness/results/distribution.ts';
import { disturbedShare } from './calm.ts';
import { plainScenario } from './bench-scenarios.ts';
import { at, type Case, type CaseOptions, type CaseResult, ms, percent, type Row } from './case.ts';
import type { DriveJob, DriveResult } from './drive-job.ts';
import { openStorage, type StorageKind } from './storage.ts';
import { driveJobs, scrapeEverySecond, startBareServer, startPinnedServer } from './pinned.ts';

export interface ResidualLoad {
  name: string;
  title: string;
  operation: string;
  ratePerSecond: number;
  blocks: number;
  blockMs: number;
  /** Of each request. */
  body?: Record<string, string>;
  /** Default: in memory. */
  storage?: StorageKind;
}

/** What the reference server may add to a bare one. */
export const bounds: readonly [quantile: number, maxMs: number][] = [
  [0.5, 0.5],
  [0.99, 2],
  [0.999, 5],
];
const warmupMs = 700;
/** Before the first block, on both sides, and thrown away: what is not yet compiled costs tens of milliseconds. */
const firstWarmupMs = 3_000;
const seed = 1;

export function residualCase(load: ResidualLoad): Case {
  return { name: load.name, limitMs: 120_000, run: (options) => runResiduals(load, options) };
}

async function runResiduals(load: ResidualLoad, { quick, signal, calmMs }: CaseOptions): Promise<CaseResult> {
  const storage = await openStorage(load.storage ?? 'memory');
  const server = await startPinnedServer({ profile: 'observed', seed, flags: storage.flags }, signal);
  const over = new AbortController();
  void scrapeEverySecond(server.url, over.signal);
  try {
    const bare = await startBareServer(load.operation, signal);
    try {
      const common = {
        driver: 'native',
        load: { kind: 'constant', ratePerSecond: load.ratePerSecond },
        warmupMs,
        durationMs: quick ? 1_500 : load.blockMs,
      } as const;
      const body = load.body && { body: load.body };
      const jobs: DriveJob[] = [];
      const blocks = quick ? 1 : load.blocks;
      for (let block = 0; block <= blocks; block += 1) {
        const durationMs = block === 0 ? firstWarmupMs : quick ? 1_500 : load.blockMs;
        const reference = { url: server.url, protocol: 'http/1.1', insecureTls: false, controlUrl: server.controlUrl } as const;
        const plain = { url: bare.url, protocol: 'http/1.1', insecureTls: false } as const;
        // The same seed on both sides: the same keys, so the same draws.
        jobs.push({
          ...common,
          durationMs,
          seed: seed + block,
          scenario: plainScenario(load.operation, { bare: false, ...body }),
          target: reference,
          serverPids: [server.pid],
        });
        jobs.push({
          ...common,
          durationMs,
          seed: seed + block,
          scenario: plainScenario(load.operation, { bare: true, ...body }),
          target: plain,
          serverPids: [bare.pid],
        });
      }
      const results = (await driveJobs(jobs, { signal, calmMs })).slice(2);
      return compare(
        load,
        results.filter((_, i) => i % 2 === 0),
        results.filter((_, i) => i % 2 === 1),
      );
    } finally {
      await bare.stop();
    }
  } finally {
    over.abort();
    await server.stop();
    await storage.stop();
  }
}

function compare(load: ResidualLoad, reference: DriveResult[], bare: DriveResult[]): CaseResult {
  const residual = pooled(reference, 'residual');
  const bareResidual = pooled(bare, 'residual');
  const lateness = pooled(reference, 'lateness');
  const under = conditions(reference);
  const lost = reference.reduce((sum, { totals }) => sum + totals.counts.failed + totals.counts.timeout + totals.counts.dropped, 0);
  const rows: Row[] = bounds.map(([q, maxMs]) => {
    const addedMs = at(residual, q) - at(bareResidual, q);
    const met = addedMs <= maxMs;
    return {
      what: `${load.title}: residual less bare, p${q * 100}`,
      target: ms(maxMs),
      measured: `${ms(addedMs)} (${ms(at(residual, q))} - ${ms(at(bareResidual, q))})`,
      met,
      limit: met ? under : `${under}; server lateness at this quantile ${ms(at(lateness, q))}, the rest is reading, writing and the driver`,
    };
  });
  if (lost > 0)
    rows.push({
      what: `${load.title}: lost`,
      target: '0',
      measured: String(lost),
      met: false,
      limit: reference.flatMap(({ errors }) => errors)[0]?.error ?? 'dropped',
    });
  return { rows, details: { load, residual, bareResidual, lateness, reference: reference.map(brief), bare: bare.map(brief) } };
}

export function pooled(results: readonly DriveResult[], metric: MetricName): Distribution {
  return mergeDistributions(results.flatMap(({ metrics }) => metrics[metric] ?? []));
}

/** What one line of the JSON keeps beside the pooled distributions. */
export function brief(result: DriveResult): object {
  const { metrics: _metrics, events: _events, ...rest } = result;
  return rest;
}

/** What it was measured under: the worst of the runs. */
export function conditions(results: readonly DriveResult[]): string {
  const worst = (of: (result: DriveResult) => number): number => Math.max(...results.map(of));
  const loops = results.map((result) => result.serverLoopP99Ms ?? Number.NaN).filter((value) => !Number.isNaN(value));
  const others = worst((result) => Math.max(result.othersOnServerCore, result.othersOnDriverCore));
  return [
    ...(others > disturbedShare ? ['DISTURBED by other processes'] : []),
    `server ${percent(worst((result) => result.serverCpu))} of its core, driver ${percent(worst((result) => result.driverCpu))}`,
    `others ${percent(worst((result) => result.othersOnServerCore))} and ${percent(worst((result) => result.othersOnDriverCore))} there`,
    ...(loops.length > 0 ? [`server loop p99 ${ms(Math.max(...loops))}`] : []),
  ].join(', ');
}

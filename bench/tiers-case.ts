/** What it costs that every tier is a process: the residuals of the same requests and streams, less those in one process, in blocks that take turns. */
import type { ServerProcess } from '../harness/server-process.ts';
import type { Scenario } from '../scenarios/types.ts';
import { plainScenario, streamMs, streamProfile, streamScenario } from './bench-scenarios.ts';
import { at, type Case, type CaseOptions, type CaseResult, ms, type Row } from './case.ts';
import type { DriveJob, DriveResult } from './drive-job.ts';
import { driveJobs, scrapeEverySecond, startBareServer, startPinnedServer, startPinnedTiers } from './pinned.ts';
import { withProfileFile } from './profile-file.ts';
import { bounds, brief, conditions, pooled } from './residual-case.ts';

const seed = 1;
const operation = 'settings.features.read';
const plainPerSecond = 500;
const streams = 250;
/** What a border between two processes may add to any quantile. */
const borderMs = 1;
/** Edge to lb and lb to services; a completion goes on to inference. */
const borders = { plain: 2, stream: 3 };
/** Of an event of a stream in one process: the bounds of 4,000 streams, of which there are far fewer here. */
const streamBoundsMs = { server: 5, endToEnd: 10 };

interface Side {
  name: 'tiers' | 'one process' | 'bare';
  url: string;
  controlUrl?: string;
  pids: readonly number[];
}

export const tiersCase: Case = { name: 'tiers', limitMs: 360_000, run: measureTiers };

async function measureTiers(options: CaseOptions): Promise<CaseResult> {
  const { signal } = options;
  return withProfileFile(streamProfile, async (profile) => {
    const started: (Pick<ServerProcess, 'stop'> & Side)[] = [];
    const over = new AbortController();
    try {
      const one = await startPinnedServer({ profile, seed }, signal);
      started.push({ ...one, name: 'one process', pids: [one.pid] });
      started.push({ ...(await startPinnedTiers({ profile, seed }, signal)), name: 'tiers' });
      const bare = await startBareServer(operation, signal);
      started.push({ ...bare, name: 'bare', pids: [bare.pid] });
      for (const { controlUrl, url } of started) if (controlUrl !== undefined) void scrapeEverySecond(url, over.signal);
      const plain = await plainLoad(started, options);
      const streamed = await streamLoad(
        started.filter(({ name }) => name !== 'bare'),
        options,
      );
      return { rows: [...plainRows(plain), ...streamRows(streamed)], details: { plain: details(plain), streams: details(streamed) } };
    } finally {
      over.abort();
      for (const { stop } of started) await stop();
    }
  });
}

type Results = ReadonlyMap<Side['name'], readonly DriveResult[]>;

function plainLoad(sides: readonly Side[], options: CaseOptions): Promise<Results> {
  const load = { warmupMs: 700, ratePerSecond: plainPerSecond, blocks: options.quick ? 1 : 6, blockMs: options.quick ? 1_500 : 4_000 };
  return takeTurns(sides, load, (side) => plainScenario(operation, { bare: side.name === 'bare' }), options);
}

function streamLoad(sides: readonly Side[], options: CaseOptions): Promise<Results> {
  const load = { warmupMs: streamMs, ratePerSecond: streams / (streamMs / 1_000), blocks: options.quick ? 1 : 3, blockMs: options.quick ? 1_500 : streamMs };
  return takeTurns(sides, load, () => streamScenario('identity'), options);
}

async function takeTurns(
  sides: readonly Side[],
  load: { warmupMs: number; ratePerSecond: number; blocks: number; blockMs: number },
  scenario: (side: Side) => Scenario,
  { signal, calmMs }: CaseOptions,
): Promise<Results> {
  const turns: { side: Side; job: DriveJob }[] = [];
  // The first block warms the code up, and is thrown away.
  for (let block = 0; block <= load.blocks; block += 1) {
    for (const [i] of sides.entries()) {
      const side = sides[(i + block) % sides.length] as Side;
      const job: DriveJob = {
        scenario: scenario(side),
        driver: 'native',
        load: { kind: 'constant', ratePerSecond: load.ratePerSecond },
        warmupMs: load.warmupMs,
        durationMs: load.blockMs,
        // The same on all sides: the same keys, so the same draws.
        seed: seed + block,
        target: { url: side.url, protocol: 'http/1.1', insecureTls: false, ...(side.controlUrl !== undefined && { controlUrl: side.controlUrl }) },
        serverPids: side.pids,
      };
      turns.push({ side, job });
    }
  }
  const results = await driveJobs(
    turns.map(({ job }) => job),
    { signal, calmMs },
  );
  const measured = results.map((result, i) => ({ result, name: turns[i]?.side.name })).slice(sides.length);
  return new Map(sides.map(({ name }) => [name, measured.filter((one) => one.name === name).map(({ result }) => result)]));
}

function plainRows(results: Results): Row[] {
  const residual = (name: Side['name'], q: number): number => at(pooled(results.get(name) ?? [], 'residual'), q);
  return bounds.map(([q, maxMs]) => {
    const [tiers, one, bare] = [residual('tiers', q), residual('one process', q), residual('bare', q)];
    const mostMs = maxMs + borders.plain * borderMs;
    return {
      what: `metadata ${plainPerSecond}/s through tiers: residual less bare, p${q * 100}`,
      target: ms(mostMs),
      measured: `${ms(tiers - bare)} (one process ${ms(one - bare)}; the borders add ${ms(tiers - one)})`,
      met: tiers - bare <= mostMs,
      limit: conditions(results.get('tiers') ?? []),
    };
  });
}

function streamRows(results: Results): Row[] {
  const row = (what: string, of: 'serverLateness' | 'endToEnd', maxMs: number): Row => {
    const worst = (name: Side['name']): number => Math.max(...(results.get(name) ?? []).map(({ events }) => at(events?.[of], 0.99)));
    const mostMs = maxMs + borders.stream * borderMs;
    return {
      what: `${streams} streams through tiers: p99 lateness ${what}, worst block`,
      target: ms(mostMs),
      measured: `${ms(worst('tiers'))} (one process ${ms(worst('one process'))})`,
      met: worst('tiers') <= mostMs,
      limit: conditions(results.get('tiers') ?? []),
    };
  };
  return [row('at the server', 'serverLateness', streamBoundsMs.server), row('end to end', 'endToEnd', streamBoundsMs.endToEnd)];
}

function details(results: Results): object {
  return Object.fromEntries(
    [...results].map(([name, each]) => [name, each.map((result) => ({ ...brief(result), residual: result.metrics.residual, events: result.events }))]),
  );
}

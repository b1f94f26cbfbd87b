/** Runs through `plumbline serve`, with and without a process a tier: what the report opens are whole traces, and of one shape. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FlatSpan } from '../../harness/telemetry/flat-span.ts';
import { readSpans } from '../../harness/telemetry/spans-file.ts';
import { operationsByName } from '../../scenarios/operations.ts';
import { freePorts } from '../stack/parts.ts';
import { cliFile, emptyFolder, plumbline } from '../support/cli.ts';
import { onlyWrittenRun, type WrittenRun } from '../support/runs.ts';
import { outerTiers, waysUp } from './ways.ts';

interface Side extends WrittenRun {
  spans: FlatSpan[];
  remove(): Promise<void>;
}

/** Serves, drives it over its ports, receives its spans in the run, and ends it. The seed is the same, so requests of the same key are the same. */
async function driven(...flags: string[]): Promise<Side> {
  const folder = await emptyFolder();
  const [port = 0] = await freePorts(1);
  const child: ChildProcess = spawn(
    process.execPath,
    [cliFile, 'serve', ...flags, '--port', '0', '--profile', 'fast', '--json', '--otlp', `http://127.0.0.1:${port}`],
    { cwd: folder.path, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  try {
    const [line] = (await once(child.stdout as NonNullable<typeof child.stdout>, 'data')) as [Buffer];
    const { url, controlUrl } = JSON.parse(line.toString()) as { url: string; controlUrl: string };
    const target = ['--target', url, '--control', controlUrl, '--otlp-port', String(port)];
    const result = await plumbline(['run', 'page-load', 'sse', ...target, '--rate', '2.5', '--duration', '10s', '--warmup', '1s'], folder.path);
    // Too few samples for a quantile, or a busy machine.
    expect([0, 75, 99], result.stderr).toContain(result.code);
  } finally {
    child.kill('SIGTERM');
    await once(child, 'exit');
  }
  const written = await onlyWrittenRun(join(folder.path, 'results'));
  return { ...written, spans: await readSpans(join(written.directory, 'spans.ndjson')), remove: () => folder.remove() };
}

/** The server's spans of each trace by request: each by its services up to the driver, its name and what it says; ids and times apart. */
function shapes(spans: readonly FlatSpan[]): Map<string, { operation: string; shape: string }> {
  const traces = Map.groupBy(spans, ({ traceId }) => traceId);
  const found = new Map<string, { operation: string; shape: string }>();
  for (const [traceId, own] of traces) {
    const edge = own.find(({ service }) => service === 'plumbline-edge');
    const key = edge?.attributes['plumbline.request_key'];
    if (typeof key !== 'string') continue;
    const ways = waysUp(own, [traceId]);
    const rows = own
      .map(({ service, name, kind, status, attributes, events }, index) => ({
        service,
        row: [ways[index], name, kind, status, Object.keys(attributes).sort(), events.map((event) => event.name)],
      }))
      .filter(({ service }) => service !== 'plumbline-driver')
      .map(({ row }) => JSON.stringify(row))
      .sort();
    const operation = String(edge?.attributes['plumbline.operation']);
    found.set(`${operation} ${key}`, { operation, shape: rows.join('\n') });
  }
  return found;
}

describe('a run through tiers as processes', () => {
  let one: Side;
  let tiers: Side;
  beforeAll(async () => {
    one = await driven();
    tiers = await driven('--tiers');
  }, 120_000);
  afterAll(async () => {
    await one?.remove();
    await tiers?.remove();
  });

  it('opens a whole trace for all of the 20 slowest requests and streams, from the driver to the store or inference', () => {
    const { run, spans } = tiers;
    expect(run.telemetry).toMatchObject({ traces: 'complete', dropped: 0, notes: [] });
    expect(run.telemetry?.whole).toBe(run.telemetry?.asked);
    const slowest = run.legs.flatMap((leg) => leg.slowest);
    for (const leg of run.legs)
      expect(
        leg.slowest.filter(({ contentEvents }) => contentEvents !== undefined),
        leg.id,
      ).toHaveLength(20);
    expect(slowest.filter(({ contentEvents }) => contentEvents === undefined)).toHaveLength(20);
    for (const { traceId, clientSpanId, operation } of slowest) {
      const ways = waysUp(spans, [traceId]);
      expect(ways.flat(), `${operation} ${traceId}`).not.toContain('missing');
      const deepest = ways.toSorted((a, b) => b.length - a.length)[0] ?? [];
      expect(deepest.slice(0, 5), `${operation} ${traceId}`).toEqual(outerTiers);
      // Static files have nothing behind their service.
      if (operationsByName.get(operation)?.latencyClass !== 'static')
        expect(['plumbline-store', 'plumbline-cache', 'plumbline-inference']).toContain(deepest[5]);
      expect(spans.find((span) => span.traceId === traceId && span.service === 'plumbline-edge')?.parentSpanId).toBe(clientSpanId);
      if (operation !== 'chat.completion') continue;
      expect(ways).toContainEqual([...outerTiers, 'plumbline-inference', 'plumbline-inference']);
      expect(spans.filter((span) => span.traceId === traceId).map(({ name }) => name)).toEqual(expect.arrayContaining(['prefill', 'decode']));
    }
  });

  it('gives the same request the trace of the same shape as in one process', () => {
    const [here, apart] = [shapes(one.spans), shapes(tiers.spans)];
    const common = [...apart.keys()].filter((request) => here.has(request));
    const streams = common.filter((request) => request.startsWith('chat.completion '));
    expect([common.length > 50, streams.length >= 10], `${common.length} requests, ${streams.length} streams`).toEqual([true, true]);
    const equal = common.filter((request) => here.get(request)?.shape === apart.get(request)?.shape);
    // Who comes first finds the cache empty, and that is a matter of microseconds: another shape must be one of that operation in one process all the same.
    expect(equal.length / common.length).toBeGreaterThan(0.9);
    for (const request of common) {
      const { operation, shape } = apart.get(request) ?? { operation: '', shape: '' };
      const known = [...here.values()].filter((other) => other.operation === operation).map((other) => other.shape);
      expect(known, request).toContain(shape);
    }
  });
});

import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { RunFile } from '../../harness/results/run-file.ts';
import { readSpans, spansFileName } from '../../harness/telemetry/spans-file.ts';
import { emptyFolder, plumbline } from '../support/cli.ts';
import { expectPassUnlessUndelivered } from '../support/verdicts.ts';
import { requireTool } from '../support/tools.ts';
import { outerTiers, waysUp } from '../telemetry/ways.ts';

test('the demo drives page loads and streams through every driver that is here, into one report', { timeout: 180_000 }, async () => {
  const k6 = requireTool('k6');
  const folder = await emptyFolder();
  try {
    const { code, stdout, stderr } = await plumbline(['demo'], folder.path);
    expect(stderr).toBe('');
    const [name = ''] = await readdir(join(folder.path, 'results'));
    const directory = join(folder.path, 'results', name);
    const run = JSON.parse(await readFile(join(directory, 'run.json'), 'utf8')) as RunFile;
    expectPassUnlessUndelivered(run, code);
    const drivers = k6 === undefined ? ['native', 'autocannon'] : ['native', 'autocannon', 'k6'];
    expect(run.legs.map((leg) => leg.id)).toEqual(drivers.flatMap((driver) => [`page-load/${driver}`, `sse/${driver}`]));
    for (const leg of run.legs) {
      expect(leg.totals.counts.ok, leg.id).toBeGreaterThan(5);
      expect(leg.totals.counts.failed, JSON.stringify(leg.errors)).toBe(0);
      expect(leg.all.residual?.n, leg.id).toBeGreaterThan(5);
    }
    // From any driver's slowest to a whole trace, whatever was head-sampled: the server's spans are below that driver's own.
    const { telemetry } = run;
    expect(telemetry).toMatchObject({ traces: 'complete', dropped: 0, notes: [] });
    expect(telemetry?.whole).toBe(telemetry?.asked);
    const spans = await readSpans(join(directory, spansFileName));
    for (const leg of run.legs) {
      const streams = leg.slowest.filter(({ contentEvents }) => contentEvents !== undefined).length;
      const plain = leg.slowest.length - streams;
      // Some seconds of page loads have few streams, and so has a closed loop.
      expect(plain, leg.id).toBe(leg.scenario === 'sse' ? 0 : 20);
      expect(streams, leg.id).toBeGreaterThanOrEqual(leg.id === 'sse/native' ? 20 : 4);
      for (const { traceId, clientSpanId, operation } of leg.slowest) {
        const ways = waysUp(spans, [traceId]);
        const told = `${leg.id} ${operation} ${traceId}`;
        expect(ways.flat(), told).not.toContain('missing');
        expect(ways.toSorted((a, b) => b.length - a.length)[0]?.slice(0, 5), told).toEqual(outerTiers);
        expect(spans.find((span) => span.traceId === traceId && span.service === 'plumbline-edge')?.parentSpanId, told).toBe(clientSpanId);
      }
    }
    const native = run.legs[0];
    expect(native?.journeys[0]?.milestones['load']?.n).toBe(native?.journeys[0]?.counts.ok);
    expect(run.legs[1]?.operations[0]?.metrics.ttft?.n).toBe(240);
    expect(run.target.profile?.name).toBe('observed');
    expect((await stat(join(directory, 'report.html'))).size).toBeGreaterThan(100_000);
    expect(stdout).toContain(join('results', name, 'report.html'));
    expect((await stat(join(directory, 'samples.ndjson.zst'))).size).toBeGreaterThan(10_000);
  } finally {
    await folder.remove();
  }
});

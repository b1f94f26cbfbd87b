/** What the collector holds until it decides, and what becomes of what it has no room for. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { RunFile } from '../../harness/results/run-file.ts';
import { metricNames } from '../../scenarios/names.ts';
import { ask, start } from '../server/frame.ts';
import { emptyFolder, plumbline } from '../support/cli.ts';
import { requireTool } from '../support/tools.ts';
import { metricLines, metricValue } from '../telemetry/metric-lines.ts';
import { exporting } from '../telemetry/traced.ts';
import { root, startCollector } from './parts.ts';

const otelcol = requireTool('otelcol');
const mib = 1_048_576;
/** Heap that did not go away in a collection, of a real collector at this configuration: docs/telemetry.md. */
const heldSpanBytes = 2_209;
/** 679 MiB of the process where 348 MiB were held and 512 MiB is where refusing begins. */
const processOverHeap = 679 / 512;

describe('the stated rate', () => {
  const text = readFileSync(join(root, 'otel-collector/config.yaml'), 'utf8');
  /** As the collector takes it where no variable is set. */
  const number = (variable: string): number => {
    const found = [...text.matchAll(new RegExp(`\\$\\{env:${variable}:-(\\d+)s?\\}`, 'g'))].map(([, value]) => Number(value));
    expect(found, variable).toHaveLength(1);
    return found[0] ?? Number.NaN;
  };
  const spansPerSecond = number('COLLECTOR_SPANS_PER_SECOND');
  // A decision is made up to a second after its wait.
  const heldSpans = spansPerSecond * (number('COLLECTOR_DECISION_WAIT') + 1);
  const refusedAboveMib = number('COLLECTOR_MEMORY_MIB') - number('COLLECTOR_SPIKE_MIB');

  it('fits into the memory: rate x wait x bytes of a held span', () => {
    const { processors } = parse(text) as { processors: { tail_sampling: { num_traces: number } } };
    expect((heldSpans * heldSpanBytes) / mib).toBeLessThan(refusedAboveMib);
    // A fifth of it at least for what comes and goes.
    expect((heldSpans * heldSpanBytes) / mib).toBeLessThan(refusedAboveMib * 0.8);
    // Traces of one span each, too, are held for as long as the wait.
    expect(processors.tail_sampling.num_traces).toBeGreaterThanOrEqual(spansPerSecond * number('COLLECTOR_DECISION_WAIT'));
  });

  it('is refused above before the container is killed for its memory', () => {
    const { services } = parse(readFileSync(join(root, 'docker-compose.yml'), 'utf8'), { merge: true }) as { services: Record<string, { mem_limit: string }> };
    for (const name of ['collector', 'collector-full']) {
      const [, size = '', unit = ''] = /^(\d+)([mg])$/.exec(services[name]?.mem_limit ?? '') ?? [];
      expect(Number(size) * (unit === 'g' ? 1_024 : 1), name).toBeGreaterThan(refusedAboveMib * processOverHeap);
    }
  });

  it('is the one that the documentation states', () => {
    const page = readFileSync(join(root, 'docs/telemetry.md'), 'utf8');
    expect(page).toContain(`up to ${spansPerSecond.toLocaleString('en')} spans a second`);
    expect(page).toContain(`${heldSpanBytes.toLocaleString('en')} bytes`);
    expect(page).toContain(`above ${refusedAboveMib} MiB`);
  });
});

it.skipIf(!otelcol)(
  'spans that a collector without memory refuses are counted as dropped at the server, and the run says so',
  async () => {
    const timeoutBefore = process.env['OTEL_EXPORTER_OTLP_TIMEOUT'];
    // Refused batches are tried again until then.
    process.env['OTEL_EXPORTER_OTLP_TIMEOUT'] = '1500';
    // Less than it needs for itself.
    const collector = await startCollector(otelcol as string, 'http://127.0.0.1:1', { COLLECTOR_MEMORY_MIB: '3', COLLECTOR_SPIKE_MIB: '1' });
    const server = await start({ profile: 'fast', otlp: collector.otlp });
    const folder = await emptyFolder();
    try {
      await exporting(server);
      const flags = ['--target', server.url, '--control', server.controlUrl, '--otlp', collector.otlp, '--rate', '20', '--duration', '4s', '--warmup', '500ms'];
      const result = await plumbline(['run', 'crud', ...flags], folder.path);
      expect([0, 75, 99], result.stderr).toContain(result.code);
      const [runId = ''] = readdirSync(join(folder.path, 'results'));
      const { telemetry } = JSON.parse(readFileSync(join(folder.path, 'results', runId, 'run.json'), 'utf8')) as RunFile;
      const dropped = telemetry?.dropped ?? 0;
      // 20 slowest were asked for, with five spans and more each.
      expect(dropped).toBeGreaterThanOrEqual(100);
      expect(telemetry?.notes).toContainEqual(expect.stringContaining(`${dropped} spans were dropped`));
      const lines = metricLines((await ask(server.url, '/metrics')).body.toString());
      expect(metricValue(lines, metricNames.spansDropped, {})).toBeGreaterThanOrEqual(dropped);
      expect(metricValue(lines, metricNames.spansExported, {})).toBe(0);
      const own = await (await fetch(`http://${collector.ownMetrics}/metrics`)).text();
      expect(own).toMatch(/^otelcol_processor_refused_spans\S* [1-9]/m);
    } finally {
      if (timeoutBefore === undefined) delete process.env['OTEL_EXPORTER_OTLP_TIMEOUT'];
      else process.env['OTEL_EXPORTER_OTLP_TIMEOUT'] = timeoutBefore;
      await server.stop();
      await collector.stop();
      await folder.remove();
    }
  },
  60_000,
);

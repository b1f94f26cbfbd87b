/** A run whose spans go straight to a real Jaeger: every link of its report leads to a trace that is there. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { emptyFolder, plumbline } from '../support/cli.ts';
import { onlyWrittenRun } from '../support/runs.ts';
import { requireTool } from '../support/tools.ts';
import { startJaeger, traceIn } from './parts.ts';

const jaegerFile = requireTool('jaeger');

describe.skipIf(!jaegerFile)('--otlp with --trace-url', () => {
  let jaeger: Awaited<ReturnType<typeof startJaeger>>;
  let folder: Awaited<ReturnType<typeof emptyFolder>>;
  beforeAll(async () => {
    folder = await emptyFolder();
    jaeger = await startJaeger(jaegerFile as string);
  }, 60_000);
  afterAll(async () => {
    await jaeger?.stop();
    await folder?.remove();
  });

  it('opens every dot, bar and row in Jaeger, where the trace has the driver and the server', { timeout: 120_000 }, async () => {
    const args = ['run', 'sse', 'crud', '--profile', 'fast', '--rate', '10', '--duration', '6s', '--warmup', '1s', '--otlp', jaeger.otlp];
    const result = await plumbline([...args, '--trace-url', `${jaeger.query}/trace/{traceId}`], folder.path);
    expect(result.stderr).toBe('');
    const { directory, run } = await onlyWrittenRun(join(folder.path, 'results'));
    expect(result.stdout).toContain(`slowest of crud (native): ${jaeger.query}/trace/${run.legs[1]?.slowest[0]?.traceId}`);
    const html = await readFile(join(directory, 'report.html'), 'utf8');
    const ids = new Set([...html.matchAll(/href="([^"]*)\/trace\/([\da-f]{32})" target="_blank" rel="noopener"/g)].map(([, origin, id]) => `${origin} ${id}`));
    const wanted = run.legs.flatMap((leg) => [...leg.slowest, ...(leg.secondExemplars ?? []).map(({ sample }) => sample)]).map(({ traceId }) => traceId);
    expect([...ids]).toEqual(expect.arrayContaining([...new Set(wanted)].map((id) => `${jaeger.query} ${id}`)));
    expect(html).not.toContain('href="#chart-trace-');
    for (const id of ids) {
      const trace = await traceIn(jaeger.query, id.split(' ')[1] ?? '');
      const services = Object.values(trace?.processes ?? {}).map(({ serviceName }) => serviceName);
      expect(services, id).toEqual(expect.arrayContaining(['plumbline-driver', 'plumbline-edge']));
    }
  });
});

/** k6's own metrics under the run's name, in a real Prometheus and at an OTLP receiver. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { until } from '../server/frame.ts';
import { emptyFolder, plumbline } from '../support/cli.ts';
import { requireTool } from '../support/tools.ts';
import { withPrometheus } from './prometheus.ts';

const k6 = requireTool('k6');
const prometheus = requireTool('prometheus');
const short = ['run', 'crud', '--driver', 'k6', '--profile', 'fast', '--rate', '20', '--duration', '4s', '--warmup', '1s', '--no-traces'];

describe.skipIf(k6 === undefined)("k6's own metrics", () => {
  it.skipIf(prometheus === undefined)('are in Prometheus by remote write, with the run as a label', async () => {
    const folder = await emptyFolder();
    try {
      await withPrometheus(prometheus as string, {}, async ({ url, query }) => {
        const result = await plumbline([...short, '--k6-prometheus', `${url}/api/v1/write`], folder.path);
        expect(result.stderr).toBe('');
        const [runId] = readdirSync(join(folder.path, 'results'));
        // The run is over: what is there now is all that came, the last flush included.
        await until(
          async () => (await query(`sum(last_over_time(k6_http_reqs_total{run="${runId}",scenario="crud"}[5m]))`)).length > 0,
          'the requests',
          10_000,
        );
        const [requests] = await query(`sum(last_over_time(k6_http_reqs_total{run="${runId}"}[5m]))`);
        expect(requests?.value).toBeGreaterThan(60);
        expect((await query(`last_over_time(k6_http_req_duration_p95{run="${runId}"}[5m])`)).length).toBeGreaterThan(0);
        expect(await query('last_over_time(k6_http_reqs_total{run="another"}[5m])')).toEqual([]);
      });
    } finally {
      await folder.remove();
    }
  });

  it('go to an OTLP collector, with the run as an attribute', async () => {
    const bodies: Buffer[] = [];
    const paths = new Set<string>();
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        paths.add(`${request.method} ${request.url}`);
        bodies.push(Buffer.concat(chunks));
        response.setHeader('content-type', 'application/x-protobuf');
        response.end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const folder = await emptyFolder();
    try {
      const result = await plumbline([...short, '--k6-otlp', `http://127.0.0.1:${(server.address() as AddressInfo).port}`], folder.path);
      expect(result.stderr).toBe('');
      expect([...paths]).toEqual(['POST /v1/metrics']);
      const [runId] = readdirSync(join(folder.path, 'results'));
      const all = Buffer.concat(bodies).toString('latin1');
      expect(all).toContain('http_req_duration');
      expect(all).toContain(runId);
    } finally {
      server.close();
      server.closeAllConnections();
      await folder.remove();
    }
  });

  it('need k6 among the drivers, and a URL', async () => {
    const folder = await emptyFolder();
    try {
      const without = await plumbline(['run', 'crud', '--k6-prometheus', 'http://127.0.0.1:9090/api/v1/write'], folder.path);
      expect(without).toMatchObject({ code: 2, stderr: expect.stringContaining('--k6-prometheus is for k6, which is not among the drivers') });
      const wrong = await plumbline(['run', 'crud', '--driver', 'k6', '--k6-otlp', 'nowhere'], folder.path);
      expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining('--k6-otlp: "nowhere" is not an http(s) URL') });
      expect(readdirSync(folder.path)).toEqual([]);
    } finally {
      await folder.remove();
    }
  });
});

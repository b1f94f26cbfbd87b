/** A real Prometheus scrapes the server under a small load. */
import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import type { ServerOptions } from '../../reference-server/server.ts';
import { metricNames as names } from '../../scenarios/names.ts';
import { ask, until } from '../server/frame.ts';
import { requireTool } from '../support/tools.ts';
import { withPrometheus } from './prometheus.ts';
import { metricLines, metricValue } from './metric-lines.ts';
import { caller, withTraced } from './traced.ts';

const prometheus = requireTool('prometheus');
const promtool = requireTool('promtool');
const requests = 120;
const ratePerSecond = 40;
/** One in so many is sampled. */
const sampledEvery = 4;

describe.skipIf(prometheus === undefined)('Prometheus', () => {
  it('has the p95 of an operation that its clients measured, and exemplars that are traces', async () => {
    const options: ServerOptions = { profile: 'observed' };
    await withTraced(options, async ({ server, user, collector, flush }) => {
      await withPrometheus(prometheus as string, { target: server.url }, async ({ query, exemplars }) => {
        // It takes some seconds to find its targets.
        await until(async () => (await query('up'))[0]?.value === 1, 'the first scrape', 30_000);
        const tookMs: number[] = [];
        const sampled = new Set<string>();
        const one = async (index: number): Promise<void> => {
          const from = caller(index % sampledEvery === 0);
          if (index % sampledEvery === 0) sampled.add(from.traceId);
          const sentMs = performance.now();
          const answer = await ask(server.url, '/api/account', { headers: { cookie: user.cookie, ...from.headers } });
          tookMs.push(performance.now() - sentMs);
          expect(answer.status).toBe(200);
        };
        const running: Promise<void>[] = [];
        for (let index = 0; index < requests; index += 1) {
          running.push(one(index));
          await new Promise((resolve) => setTimeout(resolve, 1_000 / ratePerSecond));
        }
        await Promise.all(running);
        const count = `${names.requestDuration}_count{operation="account.read"}`;
        await until(async () => (await query(count))[0]?.value === requests, 'the last request was scraped', 20_000);

        const [shown] = await query(
          `histogram_quantile(0.95, sum by (le, operation) (${names.requestDuration}_bucket{operation="account.read",status_class="2xx"}))`,
        );
        expect(shown?.metric).toEqual({ operation: 'account.read' });
        const trueMs = tookMs.toSorted((a, b) => a - b)[Math.ceil(requests * 0.95) - 1] as number;
        // What the client has besides (connecting, this machine's hiccups) is on one side; the bucket's width on both.
        expect((shown?.value ?? 0) * 1_000).toBeGreaterThan(115);
        expect((shown?.value ?? 0) * 1_000).toBeLessThan(trueMs * 1.1);
        // An objective is a boundary, written as one name in both formats.
        expect((await query(`${names.requestDuration}_bucket{operation="account.read",le="0.15"}`))[0]?.value).toBeGreaterThan(requests * 0.8);
        expect(await query(`${names.requestDuration}_bucket{operation="account.read",le="1.0"}`)).toHaveLength(1);

        await flush();
        const found = await exemplars(`${names.requestDuration}_bucket{operation="account.read"}`);
        expect(found.length).toBeGreaterThan(3);
        const exported = new Set(collector.spans.map(({ traceId }) => traceId));
        for (const traceId of found) expect(exported.has(traceId)).toBe(true);
        expect(found.some((traceId) => sampled.has(traceId))).toBe(true);

        expect((await query('up'))[0]?.value).toBe(1);
        const rates = await query(`sum by (hop) (rate(${names.hopDuration}_count[30s]))`);
        expect(rates.map(({ metric }) => metric['hop']).sort()).toEqual(expect.arrayContaining(['edge', 'lb', 'mesh', 'service', 'store']));
      });
    });
  });
});

it.skipIf(promtool === undefined)('promtool finds nothing wrong with what the server tells after a few requests', async () => {
  await withTraced({}, async ({ server, user }) => {
    await ask(server.url, '/api/account', { headers: { cookie: user.cookie } });
    await ask(server.url, '/nothing');
    const text = (await ask(server.url, '/metrics')).body.toString();
    expect(metricValue(metricLines(text), names.errorReplies, { code: 'not_found' })).toBe(1);
    expect(spawnSync(promtool as string, ['check', 'metrics'], { input: text, encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' });
  });
});

import { describe, expect, it } from 'vitest';
import { makeMetrics } from '../../reference-server/telemetry/metrics.ts';
import { metricNames as names } from '../../scenarios/names.ts';
import { withTalk } from '../server/talk.ts';
import { ask, until } from '../server/frame.ts';
import { type MetricLine, metricLines, metricValue } from './metric-lines.ts';
import { hop, operationOf, record } from './records.ts';

async function linesOf(text: AsyncGenerator<string>): Promise<MetricLine[]> {
  let whole = '';
  for await (const piece of text) whole += piece;
  return metricLines(whole);
}

const own = (lines: readonly MetricLine[], operation: string): Record<string, number> =>
  Object.fromEntries(
    lines.filter(({ name, labels }) => name === names.hopSelf && labels['operation'] === operation).map(({ labels, value }) => [labels['hop'], value]),
  );

describe("a hop's own time", () => {
  const counted = async (...records: ReturnType<typeof record>[]): Promise<MetricLine[]> => {
    const metrics = makeMetrics({ openStreams: () => 0, inFlight: () => 0 });
    for (const one of records) metrics.finished(one, undefined);
    return linesOf(metrics.text('prometheus'));
  };

  it('is what the hops behind it leave, and adds up to the time at the edge', async () => {
    const shares = own(await counted(record(), record()), 'projects.list');
    expect(shares).toEqual({ edge: 0.026, lb: 0.004, mesh: 0.004, service: 0.018, store: 0.048 });
    expect(Object.values(shares).reduce((sum, share) => sum + share, 0)).toBeCloseTo(0.1, 12);
  });

  it('skips tiers that are not there, leaves out jobs, and never falls below nothing', async () => {
    const hops = [
      hop('edge', 'request', 1_000, 1_050),
      hop('service', 'chat', 1_010, 1_040),
      // Side by side: longer together than the service waited.
      hop('store', 'select messages', 1_010, 1_039),
      hop('cache', 'get settings', 1_010, 1_030),
      hop('job', 'title', 1_040, 3_000),
    ];
    expect(own(await counted(record({ hops })), 'projects.list')).toEqual({ edge: 0.02, service: 0, store: 0.029, cache: 0.02 });
  });
});

describe('how responses left', () => {
  it('is counted with protocol, encoding and cache, and the bytes before and after compression', async () => {
    const metrics = makeMetrics({ openStreams: () => 0, inFlight: () => 0 });
    const list = operationOf('projects.list');
    metrics.responded(list, { protocol: 'h2', encoding: 'zstd', cacheStatus: 'DYNAMIC', bytes: 1_000, plainBytes: 2_800 });
    metrics.responded(list, { protocol: 'http/1.1', encoding: 'identity', cacheStatus: 'DYNAMIC', bytes: 50 });
    metrics.responded(operationOf('assets.media'), { protocol: 'h2', encoding: 'made-up', cacheStatus: 'made up', bytes: 7 });
    const lines = await linesOf(metrics.text('openmetrics'));
    const of = (labels: Record<string, string>): number | undefined => metricValue(lines, names.responses, labels);
    expect(of({ latency_class: 'metadata', protocol: 'h2', encoding: 'zstd', cache_status: 'DYNAMIC' })).toBe(1);
    expect(of({ latency_class: 'metadata', protocol: 'http/1.1', encoding: 'identity', cache_status: 'DYNAMIC' })).toBe(1);
    expect(of({ latency_class: 'static', encoding: 'other', cache_status: 'other' })).toBe(1);
    expect(metricValue(lines, names.responseBytes, { operation: 'projects.list' })).toBe(1_050);
    expect([metricValue(lines, names.compressionIn, { encoding: 'zstd' }), metricValue(lines, names.compressionOut, { encoding: 'zstd' })]).toEqual([
      2_800, 1_000,
    ]);
    expect(lines.filter(({ name }) => name === names.compressionIn)).toHaveLength(1);
  });

  it('is what a client got: a compressed body, and a Brotli stream', async () => {
    await withTalk('classes:\n  completion: {total: 60ms, stream: {firstEvent: 20ms, events: 5}}\n', async ({ server, complete }) => {
      const spec = await ask(server.url, '/api/account', { headers: { 'accept-encoding': 'zstd' } });
      await complete({ 'accept-encoding': 'br' });
      let lines: MetricLine[] = [];
      const left = { latency_class: 'completion', encoding: 'br', protocol: 'http/1.1' };
      await until(async () => {
        lines = metricLines((await ask(server.url, '/metrics')).body.toString());
        return metricValue(lines, names.responses, left) === 1;
      }, 'the stream is counted');
      expect(metricValue(lines, names.responseBytes, { operation: 'account.read' })).toBe(spec.body.length);
      const plain = metricValue(lines, names.compressionIn, { encoding: 'br' }) ?? 0;
      const sent = metricValue(lines, names.compressionOut, { encoding: 'br' }) ?? 0;
      expect(plain).toBeGreaterThan(500);
      expect(sent).toBeGreaterThan(50);
      expect(sent).toBeLessThan(plain);
      expect(metricValue(lines, names.responseBytes, { operation: 'chat.completion' })).toBe(sent);
    });
  });
});

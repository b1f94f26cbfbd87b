import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningServer } from '../../reference-server/server.ts';
import { coarseBuckets, latencyBuckets } from '../../scenarios/buckets.ts';
import { metricNames as names } from '../../scenarios/names.ts';
import { operations } from '../../scenarios/operations.ts';
import { signIn as signInUser } from '../operations/client.ts';
import { goodRequests } from '../operations/good-requests.ts';
import { ask, start, until } from '../server/frame.ts';
import { withTalk } from '../server/talk.ts';
import { histogramQuantile, bucketsOf, type MetricLine, metricLines, metricValue } from './metric-lines.ts';
import { caller, traceIdOf, withTraced } from './traced.ts';

const openMetrics = { accept: 'application/openmetrics-text;version=1.0.0' };

async function scrape({ url }: RunningServer, headers: Record<string, string> = {}): Promise<MetricLine[]> {
  return metricLines((await ask(url, '/metrics', { headers })).body.toString());
}

/** `_bucket`, `_sum` and `_count` lines of one histogram series. */
const linesOf = (buckets: readonly number[]): number => buckets.length + 3;

describe('after every operation, good and refused', () => {
  let server: RunningServer;
  let lines: MetricLine[];
  beforeAll(async () => {
    server = await start();
    const user = await signInUser(server.url, 'user-0@example.com');
    for (const { name } of operations) {
      const good = await goodRequests[name]?.(user);
      // Twice: a second request adds no series.
      for (let time = 0; time < 2; time += 1) await user.call(name, good);
      await user.call(name, { query: { unknown: 'x' } });
      await user.call(name, { signedOut: true });
    }
    for (let path = 0; path < 20; path += 1) await ask(server.url, `/nothing/here/${path}`);
    await ask(server.url, '/api/account', { method: 'POST', body: {} });
    lines = await scrape(server);
  });
  afterAll(() => server.stop());

  it('each has its duration, and nothing else has', () => {
    const seen = lines.filter(({ name }) => name === `${names.requestDuration}_count`);
    expect([...new Set(seen.map(({ labels }) => labels['operation']))].sort()).toEqual([...operations.map(({ name }) => name), 'none'].sort());
    for (const { labels } of seen) expect(labels['status_class']).toMatch(/^[2345]xx$/);
    expect(metricValue(lines, `${names.requestDuration}_count`, { operation: 'none', status_class: '4xx' })).toBe(21);
    for (const { name } of operations)
      expect([name, metricValue(lines, `${names.requestDuration}_count`, { operation: name, status_class: '2xx' }) ?? 0]).not.toEqual([name, 0]);
  });

  it('there are no more series than operations, tiers and classes can make', () => {
    const count = (name: string): number => lines.filter((line) => line.name.startsWith(name)).length;
    const tiers = 8;
    const classes = 4;
    // An operation succeeds, is redirected or refused; errors of the server are drawn by other profiles.
    expect(count(names.requestDuration)).toBeLessThanOrEqual((operations.length * 2 + 1) * linesOf(latencyBuckets));
    expect(count(names.hopDuration)).toBeLessThanOrEqual(tiers * classes * 3 * linesOf(coarseBuckets));
    expect(count(names.storeDuration)).toBeLessThanOrEqual(65 * linesOf(coarseBuckets));
    expect(count(names.queueWait)).toBe(10 * linesOf(coarseBuckets));
    expect(count(names.errorReplies)).toBeLessThan(20);
    expect(lines.length).toBeLessThan(12_000);
  });

  it('no label has what a caller chose', () => {
    for (const { labels } of lines) for (const value of Object.values(labels)) expect(value).not.toMatch(/[\da-f]{8}-|nothing|user-0|example/);
  });

  it('another round adds no series', async () => {
    // Kinds of garbage collection come when they come.
    const keys = (these: readonly MetricLine[]): string[] =>
      these.flatMap(({ name, labels }) => (name.startsWith('nodejs_gc') ? [] : [`${name} ${JSON.stringify(labels)}`])).sort();
    const user = await signInUser(server.url, 'user-0@example.com');
    for (const { name } of operations) await user.call(name, await goodRequests[name]?.(user));
    expect(keys(await scrape(server))).toEqual(keys(lines));
  });

  it('both formats tell the same series', async () => {
    const keys = (these: readonly MetricLine[]): Set<string> => new Set(these.map(({ name, labels }) => `${name} ${JSON.stringify(labels)}`));
    expect(keys(await scrape(server, openMetrics))).toEqual(keys(await scrape(server)));
    const answer = await ask(server.url, '/metrics', { headers: openMetrics });
    expect(answer.headers['content-type']).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8');
    expect(answer.body.toString().endsWith('# EOF\n')).toBe(true);
    expect((await ask(server.url, '/metrics')).headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
  });

  it('queries and the cache are told: the first look-up of a key is a miss', () => {
    expect(metricValue(lines, `${names.storeDuration}_count`, { db_system_name: 'sqlite', db_query_summary: 'select conversations' })).toBe(2);
    expect(metricValue(lines, names.cacheRequests, { result: 'miss' })).toBeGreaterThan(2);
    expect(metricValue(lines, names.cacheRequests, { result: 'hit' })).toBeGreaterThan(2);
    expect(metricValue(lines, names.cacheEntries)).toBeGreaterThan(2);
    expect(metricValue(lines, names.errorReplies, { code: 'not_found' })).toBeGreaterThanOrEqual(20);
    expect(metricValue(lines, names.errorReplies, { code: 'method_not_allowed' })).toBe(1);
  });

  it('process and event loop are told, and what walks through all sockets is not', () => {
    for (const name of ['process_cpu_seconds_total', 'process_resident_memory_bytes', names.loopDelayP99, names.loopDelayMax]) {
      expect([name, metricValue(lines, name)]).toEqual([name, expect.any(Number)]);
    }
    expect(metricValue(lines, names.loopTime, { nodejs_eventloop_state: 'active' })).toBeGreaterThan(0);
    expect(metricValue(lines, names.info, { profile: 'instant' })).toBe(1);
    expect(lines.filter(({ name }) => /^nodejs_active|open_fds|eventloop_lag/.test(name))).toEqual([]);
  });
});

describe('streams', () => {
  // Even gaps of 40 ms.
  const even = 'classes:\n  completion: {total: 500ms, stream: {firstEvent: 100ms, events: 11}}\n';

  it('one that is done has its times; one whose client goes is active, then aborted', async () => {
    await withTalk(even, async ({ server, complete, open }) => {
      await complete();
      const labels = { operation: 'chat.completion' };
      const done = await scrape(server);
      expect(metricValue(done, names.streams, { ...labels, outcome: 'done' })).toBe(1);
      const quantile = (name: string): number => histogramQuantile(0.5, bucketsOf(done, name, labels));
      expect(quantile(names.ttft)).toBeGreaterThan(0.09);
      expect(quantile(names.ttft)).toBeLessThan(0.3);
      expect(metricValue(done, `${names.streamGap}_count`, labels)).toBe(10);
      expect(metricValue(done, `${names.streamGap}_sum`, labels)).toBeGreaterThan(0.3);
      expect(metricValue(done, `${names.streamGap}_sum`, labels)).toBeLessThan(0.7);
      // 10 gaps in what the stream took after its first event.
      expect(metricValue(done, `${names.tpot}_count`, labels)).toBe(1);
      expect(metricValue(done, `${names.tpot}_sum`, labels)).toBeCloseTo((metricValue(done, `${names.streamGap}_sum`, labels) ?? 0) / 10, 6);
      expect(metricValue(done, names.streamsActive)).toBe(0);
      expect(metricValue(done, `${names.lateness}_count`, { latency_class: 'completion' })).toBe(11);

      const { request, response } = await open();
      response.on('error', () => undefined);
      await new Promise((resolve) => response.once('data', resolve));
      expect(metricValue(await scrape(server), names.streamsActive)).toBe(1);
      request.destroy();
      await until(async () => metricValue(await scrape(server), names.streams, { ...labels, outcome: 'client_abort' }) === 1, 'the abort to be counted');
      expect(metricValue(await scrape(server), names.streamsActive)).toBe(0);
    });
  });

  it('stalls are counted with their time', async () => {
    const stalled = 'classes:\n  completion: {total: 100ms, stream: {firstEvent: 50ms, events: 3, stall: {ratio: 1, duration: 100ms}}}\n';
    await withTalk(stalled, async ({ server, complete }) => {
      await complete();
      const lines = await scrape(server);
      expect(metricValue(lines, names.streamStalls)).toBe(2);
      expect(metricValue(lines, names.streamStalled)).toBeGreaterThan(0.19);
      expect(metricValue(lines, names.streamStalled)).toBeLessThan(0.6);
    });
  });

  it('slots and workers show who is busy and who waits, and what waiting cost', async () => {
    const one = 'inference: {slots: 1, queue: 1, slowdownAtFull: 1}\nservices:\n  chat: {capacity: {workers: 1, queue: 5}}\n';
    await withTalk(`${one}operations:\n  chat.conversations.count: {total: 800ms}\n${even.replace('500ms', '900ms')}`, async ({ server, user, complete }) => {
      const count = (): Promise<unknown> =>
        ask(server.url, `/api/organizations/${user.org}/chat_conversations/count_all`, { headers: { cookie: user.cookie } });
      const running = [complete(), complete(), count(), count()];
      await until(async () => {
        const lines = await scrape(server);
        return metricValue(lines, names.slotsWaiting) === 1 && metricValue(lines, names.workersWaiting, { service: 'chat' }) === 1;
      }, 'one to wait for each');
      const busy = await scrape(server);
      expect([names.slotsBusy, names.slotsLimit].map((name) => metricValue(busy, name))).toEqual([1, 1]);
      expect([names.workersBusy, names.workersLimit].map((name) => metricValue(busy, name, { service: 'chat' }))).toEqual([1, 1]);
      expect(metricValue(busy, names.requestsInFlight)).toBe(4);
      await Promise.all(running);
      const after = await scrape(server);
      expect([names.slotsBusy, names.slotsWaiting, names.requestsInFlight].map((name) => metricValue(after, name))).toEqual([0, 0, 0]);
      expect(metricValue(after, `${names.queueWait}_sum`, { service: 'model' })).toBeGreaterThan(0.2);
      expect(metricValue(after, `${names.queueWait}_sum`, { service: 'chat' })).toBeGreaterThan(0.1);
    });
  });
});

describe('exemplars', () => {
  const latency = (lines: readonly MetricLine[], operation: string): (string | undefined)[] =>
    lines.flatMap(({ name, labels, exemplar }) =>
      name === `${names.requestDuration}_bucket` && labels['operation'] === operation && exemplar ? [exemplar.traceId] : [],
    );

  it('are of the traces that were exported, in OpenMetrics, and the telemetry tells about itself', async () => {
    await withTraced({}, async ({ server, user, flush, collector }) => {
      const sampled = caller(true);
      const call = (headers: Record<string, string>) => ask(server.url, '/api/account', { headers: { cookie: user.cookie, ...headers } });
      const answer = await call(sampled.headers);
      await call(caller(false).headers);
      expect(traceIdOf(answer)).toBe(sampled.traceId);
      await flush();
      const lines = await scrape(server, openMetrics);
      expect(metricValue(lines, `${names.requestDuration}_count`, { operation: 'account.read', status_class: '2xx' })).toBe(2);
      expect(latency(lines, 'account.read')).toEqual([sampled.traceId]);
      expect(collector.of(sampled.traceId).length).toBeGreaterThan(3);
      expect(metricValue(lines, names.tracesKept, { reason: 'sampled' })).toBe(1);
      expect(metricValue(lines, names.spansExported)).toBe(collector.spans.length);
      expect(metricValue(lines, names.spansDropped)).toBe(0);
      expect(metricValue(lines, names.spansQueued)).toBe(0);
      expect(metricValue(lines, names.tracesHeld)).toBeGreaterThanOrEqual(1);
    });
  });

  it('without an exporter there are none, since no trace leads anywhere', async () => {
    const server = await start();
    try {
      await ask(server.url, '/api/account', { headers: caller(true).headers });
      expect((await ask(server.url, '/metrics', { headers: openMetrics })).body.toString()).not.toContain('trace_id');
    } finally {
      await server.stop();
    }
  });
});

it('without metrics there are none', async () => {
  const server = await start({ metrics: false });
  try {
    expect((await ask(server.url, '/api/account')).status).toBe(401);
    expect((await ask(server.url, '/metrics', { headers: openMetrics })).body.toString()).toBe('# EOF\n');
  } finally {
    await server.stop();
  }
});

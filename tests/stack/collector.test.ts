/** The shipped collector configuration in a real collector, before a real Jaeger and a real Prometheus, fed by the real server and by strangers. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { shipped } from '../../scenarios/index.ts';
import type { RunningServer } from '../../reference-server/server.ts';
import { ask, completionPath, json, newConversation, prompt, signIn, start, type User } from '../server/frame.ts';
import { requireTool } from '../support/tools.ts';
import {
  type ForeignSpan,
  holesIn,
  newTraceId,
  type RunningCollector,
  root,
  sendSpans,
  servicesOf,
  startCollector,
  startJaeger,
  startPrometheus,
  tagOf,
  traceIn,
  until,
} from './parts.ts';

const otelcol = requireTool('otelcol');
const jaegerFile = requireTool('jaeger');
const prometheusFile = requireTool('prometheus');
const waitMs = 3_000;
/** A decision is made within a second after the wait, and what is kept is sent in batches. */
const settledMs = waitMs + 3_000;
const callerSpanId = '00f067aa0ba902b7';
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

it('waits longer than requests may take before it decides, unless it is told otherwise', () => {
  const text = readFileSync(join(root, 'otel-collector/config.yaml'), 'utf8');
  const waitSeconds = Number(/decision_wait: \$\{env:COLLECTOR_DECISION_WAIT:-(\d+)s\}/.exec(text)?.[1]);
  const longestMs = Math.max(...Object.values(shipped).map(({ timeoutMs }) => timeoutMs ?? 30_000));
  expect(waitSeconds * 1_000).toBeGreaterThan(longestMs);
});

describe.skipIf(!otelcol || !jaegerFile || !prometheusFile)('the collector', () => {
  let jaeger: Awaited<ReturnType<typeof startJaeger>>;
  let collector: RunningCollector;
  let prometheus: Awaited<ReturnType<typeof startPrometheus>>;
  let server: RunningServer;
  let user: User;
  beforeAll(async () => {
    jaeger = await startJaeger(jaegerFile as string);
    collector = await startCollector(otelcol as string, jaeger.otlp, { COLLECTOR_DECISION_WAIT: `${waitMs}ms`, COLLECTOR_SPANS_PER_SECOND: '600' });
    server = await start({ profile: 'fast', otlp: collector.otlp });
    const serverHost = new URL(server.url).host;
    prometheus = await startPrometheus(prometheusFile as string, {
      // One process: the other tiers are not there.
      'edge:8787': serverHost,
      'collector:8889': collector.spanMetrics,
      'collector:8888': collector.ownMetrics,
    });
    user = await signIn(server.url);
    await until('the server exports', async () => (json(await ask(server.controlUrl, '/traces/health'), 'enabled') === true ? true : undefined));
  }, 60_000);
  afterAll(async () => {
    await server?.stop();
    await prometheus?.stop();
    await collector?.stop();
    await jaeger?.stop();
  });

  const traced = (traceId: string, sampled: boolean, more: Record<string, string> = {}): Record<string, string> => ({
    cookie: user.cookie,
    traceparent: `00-${traceId}-${callerSpanId}-${sampled ? '01' : '00'}`,
    ...more,
  });
  const list = (): string => `/api/organizations/${user.org}/chat_conversations?limit=5`;
  const kept = async (ids: readonly string[]): Promise<string[]> => {
    const traces = await Promise.all(ids.map((id) => traceIn(jaeger.query, id)));
    return ids.filter((_, index) => traces[index] !== undefined);
  };

  it('brings sampled requests and streams to Jaeger by their ids, every span of them', async () => {
    const ids = Array.from({ length: 20 }, newTraceId);
    const streamId = newTraceId();
    const conversation = await newConversation(server.url, user);
    // What was sent until now may be of sampled requests, too.
    await ask(server.controlUrl, '/traces/flush', { method: 'POST' });
    const before = json(await ask(server.controlUrl, '/traces/health'), 'exported') as number;
    for (const id of ids) expect((await ask(server.url, list(), { headers: traced(id, true) })).status).toBe(200);
    const stream = await ask(server.url, completionPath(user, conversation), { method: 'POST', headers: traced(streamId, true), body: prompt });
    expect(stream.status).toBe(200);
    expect((await ask(server.controlUrl, '/traces/flush', { method: 'POST' })).status).toBe(200);
    const sent = (json(await ask(server.controlUrl, '/traces/health'), 'exported') as number) - before;
    await pause(settledMs);
    const traces = await Promise.all([...ids, streamId].map((id) => until(`trace ${id}`, () => traceIn(jaeger.query, id), 10_000)));
    for (const trace of traces) {
      expect(holesIn(trace, callerSpanId)).toEqual([]);
      expect(servicesOf(trace)).toEqual(expect.arrayContaining(['plumbline-edge', 'plumbline-lb', 'plumbline-mesh', 'plumbline-services', 'plumbline-store']));
    }
    const arrived = traces.reduce((total, trace) => total + trace.spans.length, 0);
    // The server may have kept another request for being slow meanwhile, never fewer.
    expect(sent).toBeGreaterThanOrEqual(arrived);
    expect(sent - arrived).toBeLessThanOrEqual(10);
    const streamed = traces.at(-1);
    expect(streamed?.spans.map(({ operationName }) => operationName)).toEqual(expect.arrayContaining(['prefill', 'decode']));
    const edge = streamed?.spans.find((span) => tagOf(span, 'plumbline.hop') === 'edge');
    expect(tagOf(edge, 'plumbline.stream.outcome')).toBe('done');
    expect(edge?.logs.flatMap(({ fields }) => fields.map(({ value }) => value))).toEqual(expect.arrayContaining(['first_token', 'last_token']));
  }, 60_000);

  it('keeps failed, slow and asked requests that nobody sampled, and nothing of the others', async () => {
    const profile = async (rule: string): Promise<void> => {
      const yaml = `extends: fast\noperations:\n  chat.conversations.list: ${rule}\n`;
      const answer = await ask(server.controlUrl, '/profile', { method: 'PUT', rawBody: yaml, headers: { 'content-type': 'application/yaml' } });
      expect(answer.status).toBe(200);
    };
    const send = async (count: number, status: number): Promise<string[]> => {
      const ids = Array.from({ length: count }, newTraceId);
      for (const id of ids) expect((await ask(server.url, list(), { headers: traced(id, false) })).status).toBe(status);
      return ids;
    };
    await profile('{ errorRatio: 1, errorStatus: 503 }');
    const failed = await send(5, 503);
    await profile('{ total: { constant: 900ms } }');
    const slow = await send(3, 200);
    await profile('{ total: { constant: 10ms } }');
    const ordinary = await send(20, 200);
    const asked = ordinary.splice(0, 5);
    const answer = await ask(server.controlUrl, '/traces/keep', { method: 'POST', body: { traceIds: asked } });
    expect(json(answer, 'missing')).toEqual([]);
    expect((await ask(server.controlUrl, '/traces/flush', { method: 'POST' })).status).toBe(200);
    await pause(settledMs);
    for (const [ids, because] of [
      [failed, 'failed'],
      [slow, 'slow'],
      [asked, 'asked'],
    ] as const) {
      for (const id of ids) {
        const trace = await until(`${because} trace ${id}`, () => traceIn(jaeger.query, id), 10_000);
        expect(holesIn(trace, callerSpanId)).toEqual([]);
        expect(
          tagOf(
            trace.spans.find((span) => tagOf(span, 'plumbline.hop') === 'edge'),
            'plumbline.kept_because',
          ),
        ).toBe(because);
      }
    }
    // A busy machine may have made one of them slow; the server says so then.
    const unasked = await Promise.all((await kept(ordinary)).map((id) => traceIn(jaeger.query, id)));
    expect(unasked.length).toBeLessThan(ordinary.length / 2);
    for (const trace of unasked) expect(trace?.spans.map((span) => tagOf(span, 'plumbline.kept_because'))).toContain('slow');
    await ask(server.controlUrl, '/profile', { method: 'PUT', body: { name: 'fast' } });
  }, 60_000);

  it('keeps of strangers what failed, was slow or stalled, and a share of the rest; a long stream is not slow', async () => {
    const many = (count: number, span: Omit<ForeignSpan, 'traceId'>): ForeignSpan[] =>
      Array.from({ length: count }, () => ({ ...span, traceId: newTraceId() }));
    const failed = many(30, { error: true });
    const slow = many(30, { durationMs: 1_500 });
    const stalled = many(30, { durationMs: 4_000, attributes: { stream: true }, events: ['stall'] });
    const cut = many(30, { durationMs: 4_000, attributes: { stream: true, 'plumbline.stream.outcome': 'server_error' } });
    const ofARun = many(100, { attributes: { 'plumbline.run': 'a-run' } });
    const streams = many(300, { durationMs: 4_000, attributes: { stream: true } });
    const rest = many(300, {});
    await sendSpans(collector.otlp, [...failed, ...slow, ...stalled, ...cut, ...ofARun, ...streams, ...rest]);
    await pause(settledMs);
    const share = async (spans: readonly ForeignSpan[]): Promise<number> => (await kept(spans.map(({ traceId }) => traceId))).length / spans.length;
    await until('the last of what is kept', async () => ((await share(ofARun)) === 1 ? true : undefined), 10_000);
    expect({ failed: await share(failed), slow: await share(slow), stalled: await share(stalled), cut: await share(cut) }).toEqual({
      failed: 1,
      slow: 1,
      stalled: 1,
      cut: 1,
    });
    // 10%: of 300 between 3% and 20% but for one case in 100,000.
    for (const spans of [streams, rest]) {
      const found = await share(spans);
      expect(found).toBeGreaterThan(0.03);
      expect(found).toBeLessThan(0.2);
    }
  }, 60_000);

  it('keeps of runs no more than the rate that it is given', async () => {
    const spans = Array.from({ length: 3_000 }, () => ({ traceId: newTraceId(), attributes: { 'plumbline.run': 'a-flood' } }));
    for (let from = 0; from < spans.length; from += 500) await sendSpans(collector.otlp, spans.slice(from, from + 500));
    await pause(settledMs);
    const found = (await kept(spans.map(({ traceId }) => traceId))).length;
    // 600 a second over the second or two that they are decided in, and a tenth of what is left.
    expect(found).toBeGreaterThan(500);
    expect(found).toBeLessThan(2_700);
  }, 60_000);

  it('decides once all spans are there: the first ones of a stream that fails at its end are kept, and so are late ones', async () => {
    const stream = newTraceId();
    const refused = Array.from({ length: 20 }, newTraceId);
    await sendSpans(collector.otlp, [{ traceId: stream, name: 'store at the beginning' }, ...refused.map((traceId) => ({ traceId, name: 'nothing special' }))]);
    await pause(waitMs / 2);
    // Of refusals the collector remembers the last one: here, one of these.
    const fillers = Array.from({ length: 20 }, () => ({ traceId: newTraceId(), name: 'nothing special' }));
    await sendSpans(collector.otlp, [{ traceId: stream, name: 'edge at the end', error: true }, ...fillers]);
    await pause(settledMs);
    const early = await until('the stream', () => traceIn(jaeger.query, stream), 10_000);
    expect(early.spans.map(({ operationName }) => operationName).sort()).toEqual(['edge at the end', 'store at the beginning']);
    // A tenth of them, as of all that has nothing to keep it.
    expect((await kept(refused)).length).toBeLessThan(10);
    await sendSpans(collector.otlp, [
      { traceId: stream, name: "the driver's, after the run" },
      // Then the run's end asks for them.
      ...refused.map((traceId) => ({ traceId, name: 'asked for', attributes: { 'plumbline.kept_because': 'asked' } })),
    ]);
    await until('the late span', async () => ((await traceIn(jaeger.query, stream))?.spans.length === 3 ? true : undefined), 15_000);
    await pause(settledMs);
    for (const id of refused) {
      const trace = await until('an asked trace', () => traceIn(jaeger.query, id), 10_000);
      expect(trace.spans.map(({ operationName }) => operationName)).toContain('asked for');
    }
  }, 60_000);

  it('tells Prometheus who calls whom, and leaves latency to the server', async () => {
    const edges = await until('the whole service graph', async () => {
      const found = (await prometheus.query('sum by (client, server) (traces_service_graph_request_total)')).map(
        ({ metric }) => `${metric['client']} > ${metric['server']}`,
      );
      return found.filter((edge) => edge.includes('plumbline')).length >= 6 ? found : undefined;
    });
    expect(edges).toEqual(
      expect.arrayContaining([
        'user > plumbline-edge',
        'plumbline-edge > plumbline-lb',
        'plumbline-lb > plumbline-mesh',
        'plumbline-mesh > plumbline-services',
        'plumbline-services > plumbline-store',
        'plumbline-services > plumbline-inference',
      ]),
    );
    const calls = await prometheus.query('sum by (service_name, span_name, status_code) (traces_span_metrics_calls_total{service_name="plumbline-edge"})');
    const failed = calls.find(({ metric }) => metric['status_code'] === 'STATUS_CODE_ERROR');
    expect(Number(failed?.value[1])).toBeGreaterThanOrEqual(5);
    expect(failed?.metric['span_name']).toBe('GET /api/organizations/{org_uuid}/chat_conversations');
    expect(await prometheus.query('{__name__=~"traces_span_metrics_duration.*"}')).toEqual([]);
    expect((await prometheus.query('up')).map(({ metric, value }) => [metric['job'], metric['tier'], value[1]].join(' ')).sort()).toEqual([
      'collector  1',
      'driver  0',
      'prometheus  1',
      'server edge 1',
      'server inference 0',
      'server lb 0',
      'server services 0',
      'spans  1',
    ]);
    expect(await prometheus.query('sum(otelcol_receiver_refused_spans_total or otelcol_receiver_refused_spans) > 0')).toEqual([]);
  }, 60_000);
});

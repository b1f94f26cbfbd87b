import { describe, expect, it } from 'vitest';
import { baggageOf, type SpanFacts, serviceNameOf, spanCountOf, spansOf } from '../../reference-server/telemetry/spans.ts';
import type { StreamFacts } from '../../reference-server/telemetry/trace-record.ts';
import { hop, operationOf, record } from './records.ts';

const callerSpanId = 'b'.repeat(16);

function named(spans: readonly SpanFacts[], name: string): SpanFacts {
  const found = spans.find((span) => span.name === name);
  if (!found) throw new Error(`no span ${name} among ${spans.map((span) => span.name)}`);
  return found;
}

describe('spans of a plain request', () => {
  const spans = spansOf(record({ parentSpanId: callerSpanId, baggage: 'run=r1,scenario=page-load,step=projects', host: 'claude.ai:8787' }), 'sampled');

  it('are one a hop, each the child of the hop that called it, the edge that of the caller', () => {
    const parents = spans.map((span) => [span.name, spans.find(({ spanId }) => spanId === span.parentSpanId)?.name ?? span.parentSpanId]);
    const edge = 'GET /api/organizations/{org_uuid}/projects';
    expect(parents).toEqual([
      [edge, callerSpanId],
      ['lb route', edge],
      ['mesh projects', 'lb route'],
      ['service projects', 'mesh projects'],
      ['select session', 'service projects'],
      ['select projects', 'service projects'],
    ]);
    expect(new Set(spans.map(({ spanId }) => spanId)).size).toBe(6);
    for (const { spanId, traceId } of spans) {
      expect(spanId).toMatch(/^(?!0+$)[\da-f]{16}$/);
      expect(traceId).toBe('a'.repeat(32));
    }
  });

  it('have the times of the hops; the edge lasts from the arrival to the end of the response', () => {
    expect(spans.map(({ startMs, endMs }) => [startMs, endMs])).toEqual([
      [1_000, 1_050],
      [1_002, 1_039],
      [1_003, 1_038],
      [1_004, 1_037],
      [1_005, 1_006],
      [1_007, 1_030],
    ]);
  });

  it('have a service a tier, and the kind that the tier has', () => {
    expect(spans.map(({ tier, kind }) => `${serviceNameOf(tier)} ${kind}`)).toEqual([
      'plumbline-edge server',
      'plumbline-lb internal',
      'plumbline-mesh internal',
      'plumbline-services server',
      'plumbline-store client',
      'plumbline-store client',
    ]);
  });

  it('say what was asked, by whom, and what of it was drawn', () => {
    expect(spans[0]?.attributes).toEqual({
      'http.request.method': 'GET',
      'http.route': '/api/organizations/{org_uuid}/projects',
      'url.scheme': 'http',
      'url.path': '/api/organizations/o-1/projects',
      'http.response.status_code': 200,
      'server.address': 'claude.ai',
      'server.port': 8787,
      'plumbline.operation': 'projects.list',
      'plumbline.latency_class': 'metadata',
      'plumbline.request_id': 'req_1',
      'plumbline.request_key': 'projects.list#1',
      'plumbline.hop': 'edge',
      'plumbline.intended_ms': 40,
      'plumbline.queued_ms': 0,
      'plumbline.kept_because': 'sampled',
      'plumbline.run': 'r1',
      'plumbline.scenario': 'page-load',
      'plumbline.step': 'projects',
    });
    expect(named(spans, 'select projects').attributes).toEqual({
      'plumbline.hop': 'store',
      'plumbline.intended_ms': 23,
      'db.system.name': 'sqlite',
      'db.operation.name': 'SELECT',
      'db.collection.name': 'projects',
      'db.query.summary': 'select projects',
    });
  });

  it('of a query name the database that was asked, and what was waited for a connection to it', () => {
    const spans = spansOf(
      record({ hops: [hop('service', 'projects', 0, 90), hop('store', 'select projects', 1, 80, { dbSystem: 'postgresql', queuedMs: 41.25 })] }),
      'asked',
    );
    expect(named(spans, 'select projects').attributes).toMatchObject({ 'db.system.name': 'postgresql', 'plumbline.queued_ms': 41.25 });
  });

  it('keep the ids that hops have already, and are the same when they are made again', () => {
    const made = record();
    const first = spansOf(made, 'asked');
    expect(spansOf(made, 'asked')).toEqual(first);
    const remote = spansOf(record({ hops: [hop('service', 'projects', 1, 2, { spanId: 'c'.repeat(16), parentSpanId: 'd'.repeat(16) })] }), 'asked');
    expect(remote[0]).toMatchObject({ spanId: 'c'.repeat(16), parentSpanId: 'd'.repeat(16) });
  });
});

describe('other requests', () => {
  it('a cache lookup is named by the kind of its entry; a job is the service’s child and may end later', () => {
    const spans = spansOf(
      record({
        hops: [hop('edge', 'request', 0, 5), hop('service', 'chat', 1, 4), hop('cache', 'features o-1', 2, 3), hop('job', 'write title', 4, 804)],
      }),
      'asked',
    );
    expect(spans.map(({ name }) => name)).toEqual(['GET /api/organizations/{org_uuid}/projects', 'service chat', 'get features', 'write title']);
    expect(named(spans, 'service chat').parentSpanId).toBe(spans[0]?.spanId);
    expect(named(spans, 'write title')).toMatchObject({ tier: 'job', parentSpanId: named(spans, 'service chat').spanId, startMs: 4, endMs: 804 });
  });

  it('a hop that never ended, ends with the response', () => {
    expect(spansOf(record({ hops: [hop('edge', 'request', 1_000, 1_001), hop('lb', 'route', 1_002, Number.NaN)] }), 'asked')[1]?.endMs).toBe(1_050);
  });

  it('without a caller the edge has no parent; a caller of another trace is linked', () => {
    const link = { traceId: 'e'.repeat(32), spanId: 'f'.repeat(16) };
    const [edge, lb] = spansOf(record({ link }), 'asked');
    expect(edge).not.toHaveProperty('parentSpanId');
    expect([edge?.links, lb?.links]).toEqual([[link], []]);
  });

  it('a failure is marked on the edge and on the hops it passed; a fault of the client is no error', () => {
    const hops = [hop('edge', 'request', 0, 5, { outcome: 'error' }), hop('lb', 'route', 1, 4, { outcome: 'error' }), hop('store', 'select session', 2, 3)];
    const failed = spansOf(record({ hops, status: 500, failed: true }), 'failed');
    expect(failed.map(({ error }) => error)).toEqual([true, true, false]);
    expect(failed[0]?.attributes).toMatchObject({ 'error.type': '500', 'plumbline.kept_because': 'failed', 'http.response.status_code': 500 });
    const refused = spansOf(record({ hops, status: 404 }), 'sampled');
    expect(refused.map(({ error }) => error)).toEqual([false, false, false]);
    expect(refused[0]?.attributes).not.toHaveProperty('error.type');
    // Drawn to fail with less than 500.
    expect(spansOf(record({ hops, status: 429, failed: true }), 'failed')[0]?.attributes['error.type']).toBe('429');
  });

  it('without a response there is no status, and it says so', () => {
    const { status: _, ...gone } = record({ failed: true });
    const [edge] = spansOf(gone, 'failed');
    expect(edge?.attributes).not.toHaveProperty('http.response.status_code');
    expect(edge).toMatchObject({ error: true, attributes: { 'error.type': 'client_abort' } });
  });

  it('refused at the door: one span, named by the method alone', () => {
    const { operation: _, ...unknown } = record({ status: 404, requestKey: '', hops: [hop('edge', 'request', 1, 2)] });
    const spans = spansOf(unknown, 'sampled');
    expect(spans.map(({ name }) => name)).toEqual(['GET']);
    expect(Object.keys(spans[0]?.attributes ?? {}).filter((key) => /route|operation|class|key/.test(key))).toEqual([]);
  });
});

describe('spans of a stream', () => {
  const facts: StreamFacts = {
    model: 'm-1',
    openedMs: 1_100,
    firstMs: 2_000,
    lastMs: 6_000,
    events: 120,
    outcome: 'done',
    stalls: [
      { atMs: 3_000, stallMs: 700.1234 },
      { atMs: 5_000, stallMs: 900 },
    ],
  };
  const streamed = (stream: StreamFacts, failed = false) => {
    const one = record({
      operation: operationOf('chat.completion'),
      method: 'POST',
      endMs: 6_010,
      hops: [hop('edge', 'request', 1_000, 6_005), hop('service', 'model', 1_002, 6_004), hop('inference', 'm-1', 1_003, 6_002)],
      stream,
      failed,
    });
    const spans = spansOf(one, 'sampled');
    expect(spanCountOf(one)).toBe(spans.length);
    return spans;
  };

  it('prefill lasts to the first token, decode from there to the last, both children of the inference', () => {
    const spans = streamed(facts);
    const inference = named(spans, 'chat m-1');
    expect(inference).toMatchObject({
      kind: 'client',
      attributes: { 'gen_ai.operation.name': 'chat', 'gen_ai.request.model': 'm-1', 'plumbline.stream.events': 120 },
    });
    const parts = spans.filter(({ parentSpanId }) => parentSpanId === inference.spanId);
    expect(parts.map(({ name, startMs, endMs, kind, tier }) => [name, startMs, endMs, kind, tier])).toEqual([
      ['prefill', 1_003, 2_000, 'internal', 'inference'],
      ['decode', 2_000, 6_000, 'internal', 'inference'],
    ]);
  });

  it('the edge is marked as a stream, ends with it, and has an event for what matters, never one a token', () => {
    const [edge, ...rest] = streamed(facts);
    expect(edge).toMatchObject({ startMs: 1_000, endMs: 6_010, error: false, attributes: { stream: true, 'plumbline.stream.outcome': 'done' } });
    expect(edge?.events).toEqual([
      { name: 'message_start', atMs: 1_100 },
      { name: 'first_token', atMs: 2_000 },
      { name: 'stall', atMs: 3_000, attributes: { 'plumbline.stall_ms': 700.123 } },
      { name: 'stall', atMs: 5_000, attributes: { 'plumbline.stall_ms': 900 } },
      { name: 'last_token', atMs: 6_000 },
    ]);
    expect(rest.every(({ events, attributes }) => events.length === 0 && attributes['stream'] === undefined)).toBe(true);
  });

  it('a stream that ended before its first token has a prefill only', () => {
    const spans = streamed({ model: 'm-1', events: 0, outcome: 'client_abort', stalls: [] });
    expect(spans.map(({ name }) => name)).toContain('prefill');
    expect(spans.map(({ name }) => name)).not.toContain('decode');
    expect(named(spans, 'prefill').endMs).toBe(6_002);
    expect(spans[0]?.events).toEqual([]);
  });

  it.each(['drain', 'server_error'] as const)('one that ended by %s is an error of that type, with the status that it had', (outcome) => {
    const [edge] = streamed({ ...facts, outcome }, true);
    expect(edge).toMatchObject({ error: true, attributes: { 'error.type': outcome, 'plumbline.stream.outcome': outcome, 'http.response.status_code': 200 } });
  });

  it.each<[string, Partial<StreamFacts>, string[]]>([
    ['to the end', { made: { firstMs: 1_990, lastMs: 5_990 } }, ['prefill', 'decode']],
    ['to its first token', { made: { firstMs: 1_990 } }, ['prefill']],
    ['nothing of it', { made: {} }, ['prefill']],
  ])('times of another process go before our own: it made it %s', (_, more, parts) => {
    const names = streamed({ ...facts, ...more }).map(({ name }) => name);
    expect(names.filter((name) => name === 'prefill' || name === 'decode')).toEqual(parts);
  });

  it('one that was sent but not read, and cut off for it, says so', () => {
    expect(streamed(facts, true)[0]).toMatchObject({ error: true, attributes: { 'error.type': 'cut_off', 'plumbline.stream.outcome': 'done' } });
  });
});

describe('baggage', () => {
  it.each([
    [undefined, {}],
    ['', {}],
    ['run=r1', { run: 'r1' }],
    [' run = r1 ; ttl=3 , step=two%20words,other=x', { run: 'r1', step: 'two words' }],
    ['run=100%,scenario=%zz', { run: '100%', scenario: '%zz' }],
    ['run,scenario=', { scenario: '' }],
    ['__proto__=x,constructor=y', {}],
    ['run=a=b', { run: 'a' }],
  ])('%j', (header, expected) => {
    expect(baggageOf(header)).toEqual(expected);
  });
});

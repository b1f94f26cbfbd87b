/** Traces of a server as a collector receives them, over sockets. */
import http from 'node:http';
import { describe, expect, it } from 'vitest';
import { ask, json, newConversation, until } from '../server/frame.ts';
import { putInstant } from '../server/talk.ts';
import type { SeenSpan } from './collector.ts';
import { caller, edgeOf, getAs, named, outward, projectsOf, traceIdOf, walk, withTraced } from './traced.ts';

describe('a request of a sampled trace', () => {
  it('gives a span a tier, from the edge to the store, under the caller’s span, with what the caller says of the run', () =>
    withTraced({}, async (traced) => {
      const { traceId, spanId, headers } = caller(true);
      const beforeMs = performance.timeOrigin + performance.now();
      const answer = await getAs(traced, projectsOf(traced), { ...headers, baggage: 'run=r-1,scenario=page-load,step=list%20them,other=1', host: 'claude.ai' });
      expect(traceIdOf(answer)).toBe(traceId);
      await traced.flush();
      const afterMs = performance.timeOrigin + performance.now();
      const spans = traced.collector.of(traceId);
      const edge = edgeOf(spans);
      expect(edge).toMatchObject({ parentSpanId: spanId, name: 'GET /api/organizations/{org_uuid}/projects', kind: 2, status: 0 });
      expect(edge.attributes).toMatchObject({
        'http.response.status_code': 200,
        'server.address': 'claude.ai',
        'plumbline.request_id': answer.headers['request-id'],
        'plumbline.kept_because': 'sampled',
        'plumbline.run': 'r-1',
        'plumbline.scenario': 'page-load',
        'plumbline.step': 'list them',
      });
      // The session, and what was asked for.
      const store = spans.filter(({ service }) => service === 'plumbline-store');
      expect(store.map(({ name }) => name)).toEqual(['select session', 'select projects']);
      for (const span of store) expect(walk(span, spans, spanId)).toEqual(['plumbline-store', ...outward]);
      expect(spans).toHaveLength(6);
      for (const span of spans) {
        expect(span.resource).toMatchObject({ 'service.namespace': 'plumbline', 'service.instance.id': String(process.pid) });
        const parent = spans.find((one) => one.spanId === span.parentSpanId);
        expect(span.startMs).toBeGreaterThanOrEqual(parent?.startMs ?? beforeMs);
        expect(span.endMs).toBeLessThanOrEqual(parent?.endMs ?? afterMs);
        expect(span.endMs).toBeGreaterThanOrEqual(span.startMs);
      }
      expect(await traced.health()).toMatchObject({
        exported: 6,
        dropped: 0,
        queued: 0,
        failedExports: 0,
        enabled: true,
        endpoint: `${traced.collector.url}/v1/traces`,
      });
    }));

  it('lookups in the cache are of the cache', () =>
    withTraced({}, async (traced) => {
      const { traceId, headers, spanId } = caller(true);
      await getAs(traced, `/api/organizations/${traced.user.org}/feature_settings`, headers);
      await traced.flush();
      const spans = traced.collector.of(traceId);
      const cache = spans.find(({ service }) => service === 'plumbline-cache');
      expect(cache?.name).toMatch(/^get \w+$/);
      expect(walk(cache as SeenSpan, spans, spanId)).toEqual(['plumbline-cache', ...outward]);
    }));

  it.each([
    ['a title', (path: string) => [`${path}/title`, { message_content: 'What is this' }] as const, 'write title'],
    ['an ingestion', (_: string, org: string) => [`${org}/ingestion`, { provider: 'drive' }] as const, 'ingest'],
  ])('the job that %s leaves behind is a child of the service', (_, request, name) =>
    withTraced({}, async (traced) => {
      const { user, server, collector } = traced;
      const org = `/api/organizations/${user.org}`;
      const [path, body] = request(`${org}/chat_conversations/${await newConversation(server.url, user)}`, org);
      const { traceId, headers, spanId } = caller(true);
      const answer = await ask(server.url, path, { method: 'POST', headers: { cookie: user.cookie, ...headers }, body });
      expect(answer.status, answer.body.toString()).toBe(202);
      await traced.flush();
      const spans = collector.of(traceId);
      const job = named(spans, name);
      expect(walk(job, spans, spanId)).toEqual(['plumbline-jobs', ...outward]);
      expect(job.endMs - job.startMs).toBeGreaterThan(100);
      expect(answer.headers['server-timing']).not.toContain('job');
    }),
  );
});

describe('what is kept', () => {
  it('failures that were drawn, marked, though nobody sampled them', () =>
    withTraced({}, async (traced) => {
      await putInstant(traced.server, 'operations:\n  projects.list: {total: 5ms, errorRatio: 1, errorStatus: 503}\n');
      const { traceId, headers, spanId } = caller(false);
      expect((await getAs(traced, projectsOf(traced), headers)).status).toBe(503);
      await traced.flush();
      const spans = traced.collector.of(traceId);
      expect(edgeOf(spans)).toMatchObject({
        status: 2,
        parentSpanId: spanId,
        attributes: { 'http.response.status_code': 503, 'error.type': '503', 'plumbline.kept_because': 'failed' },
      });
      expect(spans.map(({ service, status }) => `${service} ${status}`)).toEqual([
        'plumbline-edge 2',
        'plumbline-lb 2',
        'plumbline-mesh 2',
        'plumbline-services 2',
      ]);
    }));

  it('what was slower than its objective', () =>
    withTraced({}, async (traced) => {
      await putInstant(traced.server, 'operations:\n  projects.list: {total: 200ms}\n');
      const { traceId, headers } = caller(false);
      await getAs(traced, projectsOf(traced), headers);
      await traced.flush();
      const edge = edgeOf(traced.collector.of(traceId));
      expect(edge.attributes['plumbline.kept_because']).toBe('slow');
      expect(edge.endMs - edge.startMs).toBeGreaterThanOrEqual(199);
    }));

  it('nothing else, until somebody asks for it', () =>
    withTraced({}, async (traced) => {
      const quiet = caller(false);
      const refused = caller(false);
      await getAs(traced, projectsOf(traced), quiet.headers);
      await getAs(traced, `${projectsOf(traced)}/019b8680-3afb-731f-88ab-13fba59cab9c`, refused.headers);
      await getAs(traced, projectsOf(traced), { traceparent: 'nonsense' });
      await traced.flush();
      expect(traced.collector.spans).toEqual([]);
      expect(await traced.keep(quiet.traceId, 'f'.repeat(32))).toEqual({ emitted: 6, missing: ['f'.repeat(32)] });
      await traced.flush();
      expect(edgeOf(traced.collector.of(quiet.traceId)).attributes['plumbline.kept_because']).toBe('asked');
      expect(traced.collector.spans).toHaveLength(6);
      expect(await traced.keep(quiet.traceId)).toEqual({ emitted: 0, missing: [] });
    }));

  it('without a caller, the share that is asked for', () =>
    withTraced({ traceRatio: 1 }, async (traced) => {
      const answer = await getAs(traced, projectsOf(traced));
      await traced.flush();
      const edge = edgeOf(traced.collector.of(traceIdOf(answer)));
      expect(edge.parentSpanId).toBeUndefined();
      expect(edge.attributes['plumbline.kept_because']).toBe('sampled');
    }));
});

describe('a request that never came to an operation', () => {
  it.each([
    ['nothing there', 'GET', '/api/nothing', {}, 404, undefined],
    ['a wrong method', 'PATCH', '/api/account', {}, 405, undefined],
    ['a URL that cannot be read', 'GET', '/api/organizations/%zz/projects', {}, 400, undefined],
    ['a wrong host', 'GET', '/api/account', { host: 'a-cdn.anthropic.com' }, 404, '/api/account'],
  ])('%s: one span of the edge, and the trace is told', (_, method, path, headers, status, route) =>
    withTraced({}, async ({ server, collector, flush }) => {
      const { traceId, spanId, headers: context } = caller(true);
      const answer = await ask(server.url, path, { method, headers: { ...headers, ...context } });
      expect([answer.status, traceIdOf(answer)]).toEqual([status, traceId]);
      await flush();
      expect(collector.spans).toHaveLength(1);
      const edge = edgeOf(collector.of(traceId));
      expect(edge).toMatchObject({ name: route === undefined ? method : `${method} ${route}`, parentSpanId: spanId, status: 0 });
      expect(edge.attributes).toMatchObject({ 'http.response.status_code': status, 'url.path': path, 'plumbline.request_id': answer.headers['request-id'] });
      expect(edge.attributes['http.route']).toBe(route);
    }),
  );

  it('a body that is no JSON keeps the name of its method alone', () =>
    withTraced({}, async ({ server, collector, flush }) => {
      const { traceId, headers } = caller(true);
      const answer = await ask(server.url, '/api/auth/sign_in', { method: 'POST', headers: { ...headers, 'content-type': 'application/json' }, rawBody: '{' });
      expect(answer.status).toBe(400);
      await flush();
      expect(edgeOf(collector.of(traceId)).name).toBe('POST');
    }));
});

it('HEAD of an asset is a HEAD', () =>
  withTraced({}, async (traced) => {
    const { traceId, headers } = caller(true);
    const answer = await ask(traced.server.url, '/', { method: 'HEAD', headers });
    expect([answer.status, answer.body.length, traceIdOf(answer)]).toEqual([200, 0, traceId]);
    await traced.flush();
    expect(edgeOf(traced.collector.of(traceId))).toMatchObject({ name: 'HEAD /', attributes: { 'http.request.method': 'HEAD', 'http.route': '/' } });
  }));

it('a client that goes before its answer: kept as failed, without a status', () =>
  withTraced({}, async (traced) => {
    await putInstant(traced.server, 'operations:\n  projects.list: {total: 300ms}\n');
    const { traceId, headers } = caller(false);
    const request = http.get(`${traced.server.url}${projectsOf(traced)}`, { agent: false, headers: { cookie: traced.user.cookie, ...headers } });
    request.on('error', () => undefined);
    await new Promise((resolve) => setTimeout(resolve, 100));
    request.destroy();
    await until(() => traced.collector.of(traceId).length > 0, 'the span is there');
    const edge = edgeOf(traced.collector.of(traceId));
    expect(edge).toMatchObject({ status: 2, attributes: { 'error.type': 'client_abort', 'plumbline.kept_because': 'failed' } });
    expect(edge.attributes).not.toHaveProperty('http.response.status_code');
  }));

it('headers of any length leave short attributes', () =>
  withTraced({}, async (traced) => {
    const { traceId, headers } = caller(true);
    const answer = await getAs(traced, projectsOf(traced), { ...headers, baggage: `other=${'x'.repeat(7_000)},run=r-1`, 'x-plumbline-key': 'k'.repeat(5_000) });
    expect(answer.status).toBe(200);
    await traced.flush();
    const { attributes } = edgeOf(traced.collector.of(traceId));
    expect(attributes['plumbline.run']).toBe('r-1');
    expect(attributes['plumbline.request_key']).toBe('k'.repeat(512));
  }));

it('the control port refuses what it cannot keep', () =>
  withTraced({}, async ({ server }) => {
    for (const body of [{}, { traceIds: 'x' }, { traceIds: ['x'] }, { traceIds: ['A'.repeat(32)] }, { traceIds: Array(10_001).fill('a'.repeat(32)) }]) {
      const answer = await ask(server.controlUrl, '/traces/keep', { method: 'POST', body });
      expect([answer.status, json(answer, 'error.faults.0.path')]).toEqual([400, '/traceIds']);
    }
  }));

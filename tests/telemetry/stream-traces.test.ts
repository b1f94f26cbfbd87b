/** Traces of streams, of a server that starts traces of its own, and over HTTP/2. */
import http2 from 'node:http2';
import { describe, expect, it } from 'vitest';
import { at, events, h2, newConversation, prompt, until } from '../server/frame.ts';
import { putInstant, talkOn } from '../server/talk.ts';
import { caller, edgeOf, getAs, named, outward, projectsOf, traceIdOf, walk, withTraced } from './traced.ts';

describe('a stream', () => {
  const yaml = 'classes:\n  completion: {total: 600ms, stream: {firstEvent: 200ms, events: 20}}\n';

  it('has one server span to its end, marked, and children for prefill and decode', () =>
    withTraced({}, async ({ server, collector, flush }) => {
      const talk = await talkOn(server);
      await putInstant(server, yaml);
      const { traceId, spanId, headers } = caller(true);
      const answer = await talk.complete(headers);
      const [start] = events(answer.body.toString());
      expect(at(start?.data, 'message')).toMatchObject({ trace_id: traceId, sampled: true });
      await flush();
      const spans = collector.of(traceId);
      const edge = edgeOf(spans);
      expect(edge).toMatchObject({ kind: 2, status: 0, attributes: { stream: true, 'plumbline.stream.outcome': 'done', 'plumbline.kept_because': 'sampled' } });
      expect(edge.endMs - edge.startMs).toBeGreaterThanOrEqual(599);
      expect(spans.filter(({ kind }) => kind === 2).map(({ service }) => service)).toEqual(['plumbline-edge', 'plumbline-services']);
      // 20 tokens, three events.
      expect(edge.events.map(({ name }) => name)).toEqual(['message_start', 'first_token', 'last_token']);
      const [, first, last] = edge.events.map(({ atMs }) => atMs - edge.startMs);
      expect(first).toBeGreaterThanOrEqual(199);
      expect((last ?? 0) - (first ?? 0)).toBeGreaterThan(200);
      const prefill = named(spans, 'prefill');
      const decode = named(spans, 'decode');
      for (const part of [prefill, decode]) expect(walk(part, spans, spanId)).toEqual(['plumbline-inference', 'plumbline-inference', ...outward]);
      expect(decode.startMs).toBe(prefill.endMs);
      expect([decode.startMs - edge.startMs, decode.endMs - edge.startMs]).toEqual([first, last]);
      expect(spans.find(({ spanId: id }) => id === decode.parentSpanId)?.attributes).toMatchObject({
        'gen_ai.operation.name': 'chat',
        'plumbline.stream.events': 20,
      });
    }));

  it('has an event for a stall, with its length', () =>
    withTraced({}, async ({ server, collector, flush }) => {
      const talk = await talkOn(server);
      await putInstant(server, 'classes:\n  completion: {total: 300ms, stream: {firstEvent: 50ms, events: 10, stall: {ratio: 1, duration: 400ms}}}\n');
      const { traceId, headers } = caller(true);
      await talk.complete(headers);
      await flush();
      const stalls = edgeOf(collector.of(traceId)).events.filter(({ name }) => name === 'stall');
      expect(stalls.length).toBeGreaterThan(0);
      expect(Number(stalls[0]?.attributes['plumbline.stall_ms'])).toBeGreaterThan(350);
    }));

  it('whose client goes ends as client_abort, which is no failure', () =>
    withTraced({}, async ({ server, collector, flush, keep }) => {
      const talk = await talkOn(server);
      await putInstant(server, 'classes:\n  completion: {total: 3s, stream: {firstEvent: 50ms, events: 60}}\n');
      const { traceId, headers } = caller(false);
      const { response, request } = await talk.open({ headers });
      await new Promise((resolve) => response.once('data', resolve));
      response.on('error', () => undefined);
      request.destroy();
      await until(async () => (await keep(traceId)).emitted > 0, 'the stream is over');
      await flush();
      const edge = edgeOf(collector.of(traceId));
      expect(edge).toMatchObject({ status: 0, attributes: { 'plumbline.stream.outcome': 'client_abort', 'plumbline.kept_because': 'asked' } });
      expect(edge.endMs - edge.startMs).toBeLessThan(2_500);
    }));

  it('whose answer is an error is a plain request that failed', () =>
    withTraced({}, async ({ server, collector, flush }) => {
      const talk = await talkOn(server);
      await putInstant(server, 'classes:\n  completion: {total: 60ms, errorRatio: 1, stream: {firstEvent: 50ms, events: 6}}\n');
      const { traceId, headers } = caller(false);
      expect((await talk.complete(headers)).status).toBe(500);
      await flush();
      const edge = edgeOf(collector.of(traceId));
      expect(edge).toMatchObject({ status: 2, attributes: { 'error.type': '500' } });
      expect(edge.attributes).not.toHaveProperty('stream');
    }));
});

describe('restart', () => {
  it('gives each request a trace of its own, tells it, and links it to the caller’s', () =>
    withTraced({ traceMode: 'restart', traceRatio: 1 }, async (traced) => {
      const { traceId, spanId, headers } = caller(false);
      const ids = [traceIdOf(await getAs(traced, projectsOf(traced), headers)), traceIdOf(await getAs(traced, projectsOf(traced), headers))];
      expect(new Set([...ids, traceId]).size).toBe(3);
      await traced.flush();
      expect(traced.collector.of(traceId)).toEqual([]);
      for (const id of ids) {
        const spans = traced.collector.of(id);
        expect(edgeOf(spans)).toMatchObject({ parentSpanId: undefined, links: [{ traceId, spanId }] });
        expect(spans.filter(({ links }) => links.length > 0)).toHaveLength(1);
        expect(walk(named(spans, 'select projects'), spans)).toEqual(['plumbline-store', ...outward]);
      }
    }));

  it('a completion tells it in its first event as well, and whether it is sampled', () =>
    withTraced({ traceMode: 'restart', traceRatio: 0 }, async ({ server, collector, flush, keep }) => {
      const talk = await talkOn(server);
      const { traceId, spanId, headers } = caller(true);
      const answer = await talk.complete(headers);
      const message = at(events(answer.body.toString())[0]?.data, 'message');
      expect(message).toMatchObject({ trace_id: traceIdOf(answer), sampled: false });
      expect(traceIdOf(answer)).not.toBe(traceId);
      await keep(traceIdOf(answer));
      await flush();
      expect(edgeOf(collector.of(traceIdOf(answer))).links).toEqual([{ traceId, spanId }]);
    }));
});

it('HTTP/2: requests, refusals and streams of one connection have traces of their own', () =>
  withTraced({ tls: true }, async ({ server, collector, user, flush }) => {
    const talk = { path: `/api/organizations/${user.org}/chat_conversations/${await newConversation(server.url, user)}/completion` };
    const session = http2.connect(server.url, { rejectUnauthorized: false });
    try {
      const [plain, refused, stream] = [caller(true), caller(true), caller(true)];
      const cookie = user.cookie;
      const answers = await Promise.all([
        h2(session, `/api/organizations/${user.org}/projects`, { cookie, ...plain.headers, ':authority': 'claude.ai' }),
        h2(session, '/api/nothing', refused.headers),
        h2(session, talk.path, { cookie, ...stream.headers }, prompt),
      ]);
      expect(answers.map(({ status }) => status)).toEqual([200, 404, 200]);
      expect(answers.map(traceIdOf)).toEqual([plain.traceId, refused.traceId, stream.traceId]);
      await flush();
      expect(edgeOf(collector.of(plain.traceId)).attributes['server.address']).toBe('claude.ai');
      expect(collector.of(refused.traceId)).toHaveLength(1);
      expect(edgeOf(collector.of(stream.traceId)).attributes).toMatchObject({ stream: true, 'plumbline.stream.outcome': 'done' });
    } finally {
      session.close();
    }
  }));

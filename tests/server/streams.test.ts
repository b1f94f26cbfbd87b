import http from 'node:http';
import type net from 'node:net';
import { brotliDecompressSync, constants } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, at, events, start, timing, until } from './frame.ts';
import { putInstant, type StreamTruth, type Talk, talkOn, truthOf, withTalk } from './talk.ts';

let talk: Talk;
beforeAll(async () => {
  talk = await talkOn(await start({ profile: 'fast', seed: 3 }));
});
afterAll(() => talk.server.stop());

describe('a completion', () => {
  it('has its events in order, with the trace and the request in the first one', async () => {
    const traceId = 'db7577439d3cacb9818e102c307ed657';
    const answer = await talk.complete({ traceparent: `00-${traceId}-00f067aa0ba902b7-01` });
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toBe('text/event-stream; charset=utf-8');
    const received = events(answer.body.toString());
    const names = received.map((event) => event.name).filter((name) => name !== 'ping');
    const deltas = names.filter((name) => name === 'content_block_delta').length;
    expect(names).toEqual([
      'message_start',
      'content_block_start',
      ...Array(deltas).fill('content_block_delta'),
      'content_block_stop',
      'message_delta',
      'message_stop',
    ]);
    expect(deltas).toBeGreaterThanOrEqual(36);
    expect(deltas).toBeLessThanOrEqual(40);
    expect(at(received[0]?.data, 'message.trace_id')).toBe(traceId);
    expect(at(received[0]?.data, 'message.request_id')).toBe(answer.headers['request-id']);
    expect(at(received.find((event) => event.name === 'message_delta')?.data, 'delta.stop_reason')).toBe('end_turn');
  });

  it('closes with the truth of every event when asked, and only then', async () => {
    const answer = await talk.complete({ 'x-plumbline-truth': '1', 'x-plumbline-key': 'truth' });
    const received = events(answer.body.toString());
    expect(received.at(-1)?.name).toBe('plumbline_truth');
    const truth = received.at(-1)?.data as StreamTruth;
    const deltas = received.filter((event) => event.name === 'content_block_delta').length;
    expect(truth.events.intendedMs).toHaveLength(deltas);
    expect(truth.events.actualMs).toHaveLength(deltas);
    expect(truth.intendedMs).toBe(truth.events.intendedMs.at(-1));
    expect(truth.intendedFirstMs).toBe(truth.events.intendedMs[0]);
    expect(truth.queuedMs).toBe(0);
    // A tenth of 850 to 1,300 ms, and of 4 to 5 s.
    expect(truth.intendedFirstMs).toBeGreaterThanOrEqual(85);
    expect(truth.intendedFirstMs).toBeLessThanOrEqual(130);
    expect(truth.intendedMs).toBeGreaterThanOrEqual(400);
    expect(truth.intendedMs).toBeLessThanOrEqual(500);
    for (const [i, actualMs] of truth.events.actualMs.entries()) expect(actualMs).toBeGreaterThanOrEqual((truth.events.intendedMs[i] ?? Number.NaN) - 0.001);
    expect(truth.actualMs - truth.intendedMs).toBeLessThan(250);
    expect(timing(answer)).toMatchObject({ intended: { dur: truth.intendedMs }, 'intended-first': { dur: truth.intendedFirstMs } });
    expect(truth.hops.map((hop) => hop.hop)).toEqual(expect.arrayContaining(['edge', 'lb', 'mesh', 'service', 'inference']));
    const edge = truth.hops.find((hop) => hop.hop === 'edge');
    expect((edge?.startMs ?? Number.NaN) + (edge?.durationMs ?? Number.NaN)).toBeGreaterThanOrEqual(truth.intendedMs - 0.01);
    expect(truthOf((await talk.complete()).body.toString())).toBeUndefined();
  });

  it('says the same words and keeps the same schedule for the same key', async () => {
    const texts = async (): Promise<string> => {
      const body = (await talk.complete({ 'x-plumbline-key': 'words', 'x-plumbline-truth': '1' })).body.toString();
      const text = events(body)
        .map((event) => at(event.data, 'delta.text') ?? '')
        .join('');
      return `${text} ${JSON.stringify(truthOf(body)?.events.intendedMs)}`;
    };
    const first = await texts();
    expect(first.length).toBeGreaterThan(300);
    expect(await texts()).toBe(first);
  });

  it('through Brotli decodes to the same, each event flushed on its own', async () => {
    const plain = events((await talk.complete({ 'x-plumbline-key': 'br' })).body.toString());
    const packed = await talk.complete({ 'x-plumbline-key': 'br', 'accept-encoding': 'br, zstd' });
    expect(packed.headers['content-encoding']).toBe('br');
    const decoded = events(brotliDecompressSync(packed.body, { finishFlush: constants.BROTLI_OPERATION_FLUSH }).toString());
    const shape = (received: typeof plain): unknown[] => received.map((event) => [event.name, at(event.data, 'delta.text')]);
    expect(shape(decoded)).toEqual(shape(plain));
    const { response } = await talk.open({ headers: { 'accept-encoding': 'br' } });
    let chunksSeen = 0;
    for await (const _chunk of response) chunksSeen += 1;
    expect(chunksSeen).toBeGreaterThan(20);
  });

  it('keeps its connection alive for the next request', async () => {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    const send = async (): Promise<net.Socket> => {
      const { response } = await talk.open({ agent });
      const { socket } = response;
      for await (const _chunk of response);
      return socket;
    };
    const first = await send();
    expect(await send()).toBe(first);
    agent.destroy();
  });

  it('sends its head with the first event, or at once where the profile says so', async () => {
    const stream = (flush: string): string => `classes:\n  completion:\n    total: 900ms\n    stream: {firstEvent: 600ms, flushHeaders: ${flush}}\n`;
    await withTalk(stream('with first event'), async ({ server, open }) => {
      const headersAfter = async (): Promise<{ headersMs: number; upstreamMs: number }> => {
        const { response, sentMs } = await open();
        const headersMs = performance.now() - sentMs;
        response.destroy();
        return { headersMs, upstreamMs: Number(response.headers['x-envoy-upstream-service-time']) };
      };
      const withFirst = await headersAfter();
      expect(withFirst.headersMs).toBeGreaterThanOrEqual(598);
      // Behind the mesh is 0.95 of it, up to the headers.
      expect(withFirst.upstreamMs).toBeGreaterThan(550);
      await putInstant(server, stream('at once'));
      const atOnce = await headersAfter();
      expect(atOnce.headersMs).toBeLessThan(400);
      expect(atOnce.upstreamMs).toBeLessThan(400);
    });
  });
});

describe('a client that goes away', () => {
  it('stops the work at once and is counted', async () => {
    const before = await talk.counts();
    const { request, response } = await talk.open();
    await new Promise((resolve) => response.once('data', resolve));
    request.destroy();
    const goneMs = performance.now();
    await until(async () => (await talk.counts()).aborted === before.aborted + 1, 'the aborted stream to be counted');
    expect(performance.now() - goneMs).toBeLessThan(2_000);
    expect((await talk.counts()).completed).toBe(before.completed);
  });

  it('before its stream began is counted, too, and leaves nothing behind', async () => {
    const yaml = 'classes:\n  completion: {total: 60s, hops: {behindMesh: {fixed: 0ms, share: 0.1}}, stream: {firstEvent: 2s}}\n';
    await withTalk(yaml, async ({ server, openUnread, counts }) => {
      const socket = openUnread();
      await new Promise((resolve) => setTimeout(resolve, 200));
      socket.destroy();
      await until(async () => (await counts()).aborted === 1, 'the aborted stream to be counted');
      const metrics = (await ask(server.url, '/metrics')).body.toString();
      expect(metrics).toContain('plumbline_streams_active 0');
      expect(metrics).toContain('http_server_active_requests 0');
    });
  });
});

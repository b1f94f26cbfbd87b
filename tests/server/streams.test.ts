import http from 'node:http';
import net from 'node:net';
import { brotliDecompressSync, constants } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningServer } from '../../reference-server/server.ts';
import { ask, at, completionPath, events, json, newConversation, prompt, putProfile, signIn, start, timing, until, type User } from './frame.ts';

let server: RunningServer;
let user: User;
let conversation: string;
beforeAll(async () => {
  server = await start({ profile: 'fast', seed: 3 });
  user = await signIn(server.url);
  conversation = await newConversation(server.url, user);
});
afterAll(() => server.stop());

const complete = (headers: Record<string, string> = {}): ReturnType<typeof ask> =>
  ask(server.url, completionPath(user, conversation), {
    method: 'POST',
    headers: { cookie: user.cookie, accept: 'text/event-stream', ...headers },
    body: prompt,
  });
const truthOf = (body: string): unknown => events(body).find((event) => event.name === 'plumbline_truth')?.data;
const streams = async (): Promise<Record<string, number>> => json(await ask(server.controlUrl, '/truth'), 'streams') as Record<string, number>;

describe('a completion', () => {
  it('has its events in order, with the trace and the request in the first one', async () => {
    const traceId = 'db7577439d3cacb9818e102c307ed657';
    const answer = await complete({ traceparent: `00-${traceId}-00f067aa0ba902b7-01` });
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
    const answer = await complete({ 'x-plumbline-truth': '1', 'x-plumbline-key': 'truth' });
    const received = events(answer.body.toString());
    expect(received.at(-1)?.name).toBe('plumbline_truth');
    const truth = received.at(-1)?.data as {
      intendedMs: number;
      actualMs: number;
      queuedMs: number;
      intendedFirstMs: number;
      actualFirstMs: number;
      events: { intendedMs: number[]; actualMs: number[] };
      hops: { hop: string; startMs: number; durationMs: number }[];
    };
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
    expect(truthOf((await complete()).body.toString())).toBeUndefined();
  });

  it('says the same words and keeps the same schedule for the same key', async () => {
    const texts = async (): Promise<string> => {
      const body = (await complete({ 'x-plumbline-key': 'words', 'x-plumbline-truth': '1' })).body.toString();
      const text = events(body)
        .map((event) => at(event.data, 'delta.text') ?? '')
        .join('');
      return `${text} ${JSON.stringify(at(truthOf(body), 'events.intendedMs'))}`;
    };
    const first = await texts();
    expect(first.length).toBeGreaterThan(300);
    expect(await texts()).toBe(first);
  });

  it('through Brotli decodes to the same, each event flushed on its own', async () => {
    const plain = events((await complete({ 'x-plumbline-key': 'br' })).body.toString());
    const packed = await complete({ 'x-plumbline-key': 'br', 'accept-encoding': 'br, zstd' });
    expect(packed.headers['content-encoding']).toBe('br');
    const decoded = events(brotliDecompressSync(packed.body, { finishFlush: constants.BROTLI_OPERATION_FLUSH }).toString());
    const shape = (received: typeof plain): unknown[] => received.map((event) => [event.name, at(event.data, 'delta.text')]);
    expect(shape(decoded)).toEqual(shape(plain));
    const chunksSeen = await new Promise<number>((resolve, reject) => {
      const request = http.request(
        `${server.url}${completionPath(user, conversation)}`,
        { method: 'POST', headers: { cookie: user.cookie, 'content-type': 'application/json', 'accept-encoding': 'br' } },
        (response) => {
          let count = 0;
          response.on('data', () => (count += 1));
          response.on('end', () => resolve(count));
        },
      );
      request.on('error', reject);
      request.end(JSON.stringify(prompt));
    });
    expect(chunksSeen).toBeGreaterThan(20);
  });

  it('keeps its connection alive for the next request', async () => {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    const send = (): Promise<net.Socket> =>
      new Promise((resolve, reject) => {
        const request = http.request(
          `${server.url}${completionPath(user, conversation)}`,
          { method: 'POST', agent, headers: { cookie: user.cookie, 'content-type': 'application/json' } },
          (response) => {
            const { socket } = response;
            response.resume().on('end', () => resolve(socket));
          },
        );
        request.on('error', reject);
        request.end(JSON.stringify(prompt));
      });
    const first = await send();
    expect(await send()).toBe(first);
    agent.destroy();
  });

  it('sends its head with the first event, or at once where the profile says so', async () => {
    const headersAfter = (base: string, who: User, where: string): Promise<{ headersMs: number; upstreamMs: number }> =>
      new Promise((resolve, reject) => {
        const fromMs = performance.now();
        const request = http.request(
          `${base}${completionPath(who, where)}`,
          { method: 'POST', agent: false, headers: { cookie: who.cookie, 'content-type': 'application/json' } },
          (response) => {
            resolve({ headersMs: performance.now() - fromMs, upstreamMs: Number(response.headers['x-envoy-upstream-service-time']) });
            response.destroy();
          },
        );
        request.on('error', reject);
        request.end(JSON.stringify(prompt));
      });
    const other = await start();
    try {
      const who = await signIn(other.url);
      const where = await newConversation(other.url, who);
      const stream = (flush: string): string =>
        `extends: instant\nclasses:\n  completion:\n    total: 900ms\n    stream: {firstEvent: 600ms, flushHeaders: ${flush}}\n`;
      await putProfile(other.controlUrl, stream('with first event'));
      const withFirst = await headersAfter(other.url, who, where);
      expect(withFirst.headersMs).toBeGreaterThanOrEqual(598);
      // Behind the mesh is 0.95 of it, up to the headers.
      expect(withFirst.upstreamMs).toBeGreaterThan(550);
      await putProfile(other.controlUrl, stream('at once'));
      const atOnce = await headersAfter(other.url, who, where);
      expect(atOnce.headersMs).toBeLessThan(400);
      expect(atOnce.upstreamMs).toBeLessThan(400);
    } finally {
      await other.stop();
    }
  });
});

describe('a client that goes away', () => {
  it('stops the work at once and is counted', async () => {
    const before = await streams();
    await new Promise<void>((resolve, reject) => {
      const request = http.request(
        `${server.url}${completionPath(user, conversation)}`,
        { method: 'POST', agent: false, headers: { cookie: user.cookie, 'content-type': 'application/json' } },
        (response) => {
          response.once('data', () => {
            request.destroy();
            resolve();
          });
        },
      );
      request.on('error', reject);
      request.end(JSON.stringify(prompt));
    });
    const goneMs = performance.now();
    await until(async () => (await streams())['aborted'] === (before['aborted'] ?? 0) + 1, 'the aborted stream to be counted');
    expect(performance.now() - goneMs).toBeLessThan(2_000);
    expect((await streams())['completed']).toBe(before['completed']);
  });

  it('before its stream began is counted, too, and leaves nothing behind', async () => {
    const other = await start();
    try {
      const who = await signIn(other.url);
      const where = await newConversation(other.url, who);
      await putProfile(
        other.controlUrl,
        'extends: instant\nclasses:\n  completion: {total: 60s, hops: {behindMesh: {fixed: 0ms, share: 0.1}}, stream: {firstEvent: 2s}}\n',
      );
      const body = JSON.stringify(prompt);
      const socket = net.connect(Number(new URL(other.url).port), '127.0.0.1');
      await new Promise<void>((resolve) => socket.once('connect', () => resolve()));
      socket.write(
        `POST ${completionPath(who, where)} HTTP/1.1\r\nhost: x\r\ncookie: ${who.cookie}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
      );
      await new Promise((resolve) => setTimeout(resolve, 200));
      socket.destroy();
      const counts = async (): Promise<Record<string, number>> => json(await ask(other.controlUrl, '/truth'), 'streams') as Record<string, number>;
      await until(async () => (await counts())['aborted'] === 1, 'the aborted stream to be counted');
      const metrics = (await ask(other.url, '/metrics')).body.toString();
      expect(metrics).toContain('plumbline_streams_active 0');
      expect(metrics).toContain('http_server_active_requests 0');
    } finally {
      await other.stop();
    }
  });

  it('without being told so: one that reads too slowly is cut off and counted', async () => {
    const other = await start();
    try {
      const who = await signIn(other.url);
      const where = await newConversation(other.url, who);
      await putProfile(
        other.controlUrl,
        'extends: instant\nclasses:\n  completion: {total: 8s, stream: {firstEvent: 10ms, events: 1000, eventChars: 60000}}\n',
      );
      const body = JSON.stringify(prompt);
      const socket = net.connect(Number(new URL(other.url).port), '127.0.0.1');
      socket.on('error', () => undefined);
      socket.pause();
      socket.write(
        `POST ${completionPath(who, where)} HTTP/1.1\r\nhost: x\r\ncookie: ${who.cookie}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
      );
      const counts = async (): Promise<Record<string, number>> => json(await ask(other.controlUrl, '/truth'), 'streams') as Record<string, number>;
      await until(async () => (await counts())['slowReaders'] === 1, 'the slow reader to be cut', 9_000);
      await until(async () => (await counts())['aborted'] === 1, 'its stream to end');
      socket.destroy();
    } finally {
      await other.stop();
    }
  }, 20_000);
});

describe('inference slots', () => {
  it('waiting for one is queued; beyond the queue it is 503', async () => {
    const other = await start();
    try {
      const who = await signIn(other.url);
      const where = await newConversation(other.url, who);
      await putProfile(
        other.controlUrl,
        'extends: instant\ninference: {slots: 1, queue: 1, slowdownAtFull: 1}\nclasses:\n  completion: {total: 400ms, stream: {firstEvent: 100ms}}\n',
      );
      const send = (): ReturnType<typeof ask> =>
        ask(other.url, completionPath(who, where), { method: 'POST', headers: { cookie: who.cookie, 'x-plumbline-truth': '1' }, body: prompt });
      const running = [send(), send()];
      await new Promise((resolve) => setTimeout(resolve, 150));
      expect((await send()).status).toBe(503);
      const queued = (await Promise.all(running)).map((answer) => Number(at(truthOf(answer.body.toString()), 'queuedMs'))).sort((a, b) => a - b);
      expect(queued[0]).toBe(0);
      expect(queued[1]).toBeGreaterThan(250);
    } finally {
      await other.stop();
    }
  });
});

/** The end of a server with many streams open: what comes is refused with a reason, and no span is lost. */
import http from 'node:http';
import http2 from 'node:http2';
import { afterEach, expect, it } from 'vitest';
import { ask, events, h2, json, until } from '../server/frame.ts';
import { putInstant, type Talk, talkOn } from '../server/talk.ts';
import type { Collector } from './collector.ts';
import { collecting, endAll, run, serveCommand } from './server-child.ts';
import { type Caller, caller, exporting, withTraced } from './traced.ts';

afterEach(endAll);

const streams = 500;

interface Ended {
  status: number | undefined;
  lastEvent: string | undefined;
  stopReason: unknown;
}

/** Opens streams, each of an unsampled trace; resolves when all have had their first event. */
async function openAll(talk: Talk): Promise<{ callers: Caller[]; ended: Promise<Ended[]> }> {
  const callers = Array.from({ length: streams }, () => caller(false));
  const ended: Promise<Ended>[] = [];
  let begun = 0;
  const one = async ({ headers }: Caller): Promise<Ended> => {
    const { response } = await talk.open({ headers });
    let body = '';
    for await (const chunk of response) {
      if (body === '') begun += 1;
      body += (chunk as Buffer).toString('latin1');
    }
    const received = events(body);
    const delta = received.find(({ name }) => name === 'message_delta')?.data as { delta: { stop_reason: unknown } } | undefined;
    return { status: response.statusCode, lastEvent: received.at(-1)?.name, stopReason: delta?.delta.stop_reason };
  };
  for (const each of callers) {
    ended.push(one(each));
    // All at once would be a flood.
    if (ended.length % 25 === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const all = Promise.all(ended);
  all.catch(() => undefined);
  await until(() => begun === streams, 'every stream has begun', 60_000);
  return { callers, ended: all };
}

async function refusedWhileDraining(server: { url: string }): Promise<void> {
  const answer = await ask(server.url, '/api/account');
  expect([answer.status, json(answer, 'error.type'), answer.headers['connection']]).toEqual([503, 'draining', 'close']);
  const ready = await ask(server.url, '/readyz');
  expect([ready.status, json(ready, 'status')]).toEqual([503, 'draining']);
}

const outcomes = (collector: Collector, callers: readonly Caller[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const { traceId } of callers) {
    const edge = collector.of(traceId).find(({ service }) => service === 'plumbline-edge');
    const outcome = String(edge?.attributes['plumbline.stream.outcome']);
    counts[outcome] = (counts[outcome] ?? 0) + 1;
  }
  return counts;
};

/** The tiers as processes of their own: the signal goes to the one that started them. */
const ways = [
  ['one process', []],
  ['tiers', ['--tiers']],
] as const;

it.each(ways)(
  '%s: 500 streams at SIGTERM that end before the deadline are finished, and new work is refused with 503 meanwhile',
  async (_, flags) => {
    const collector = await collecting();
    const server = await run([...flags, '--otlp', collector.url, '--trace-ratio', '0'], {}, serveCommand);
    await exporting(server);
    const talk = await talkOn(server);
    // The objective of a stream's first event is passed: they are kept as slow.
    await putInstant(server, 'classes:\n  completion: {total: 8s, stream: {firstEvent: 1600ms, events: 20}}\n');
    const { callers, ended } = await openAll(talk);
    const exited = server.end();
    await until(async () => (await ask(server.url, '/readyz')).status === 503, 'it drains');
    await refusedWhileDraining(server);
    expect(await ended).toEqual(Array(streams).fill({ status: 200, lastEvent: 'message_stop', stopReason: 'end_turn' }));
    expect(await exited).toEqual({ code: 0, stderr: '' });
    expect(outcomes(collector, callers)).toEqual({ done: streams });
    for (const { traceId } of callers) expect(collector.of(traceId).map(({ name }) => name)).toEqual(expect.arrayContaining(['prefill', 'decode']));
    // The refusal is a failure: kept, too.
    expect(collector.spans.some(({ name, attributes }) => name === 'GET /api/account' && attributes['http.response.status_code'] === 503)).toBe(true);
  },
  90_000,
);

it('tiers: 500 streams that would go on are told to end at the deadline, and all of them are in the traces as drained', async () => {
  const collector = await collecting();
  const server = await run(['--tiers', '--otlp', collector.url, '--trace-ratio', '0'], {}, serveCommand);
  await exporting(server);
  const talk = await talkOn(server);
  await putInstant(server, 'classes:\n  completion: {total: 60s, stream: {firstEvent: 100ms, events: 150}}\n');
  const { callers, ended } = await openAll(talk);
  const exited = server.end();
  expect(await ended).toEqual(Array(streams).fill({ status: 200, lastEvent: 'message_stop', stopReason: 'drain' }));
  expect(await exited).toEqual({ code: 0, stderr: '' });
  expect(outcomes(collector, callers)).toEqual({ drain: streams });
}, 120_000);

it(
  '500 streams that would go on are told to end at the deadline, and all of them are in the traces as drained',
  () =>
    withTraced({ traceRatio: 0 }, async (traced) => {
      const talk = await talkOn(traced.server);
      await putInstant(traced.server, 'classes:\n  completion: {total: 60s, stream: {firstEvent: 100ms, events: 300}}\n');
      const { callers, ended } = await openAll(talk);
      const fromMs = performance.now();
      const stopped = traced.server.stop({ drainMs: 1_000 });
      const all = await ended;
      await stopped;
      // The deadline, the last words, the last spans.
      expect(performance.now() - fromMs).toBeLessThan(1_000 + 6_000 + 2_000 + 1_500);
      expect(all).toEqual(Array(streams).fill({ status: 200, lastEvent: 'message_stop', stopReason: 'drain' }));
      expect(outcomes(traced.collector, callers)).toEqual({ drain: streams });
      for (const { traceId } of callers) expect(traced.collector.of(traceId).map(({ name }) => name)).toEqual(expect.arrayContaining(['prefill', 'decode']));
    }),
  60_000,
);

it(
  'over HTTP/2 new work on the same connection is refused as well, while its stream goes on',
  () =>
    withTraced({ tls: true, traceRatio: 1 }, async (traced) => {
      const { server, user } = traced;
      const created = await ask(server.url, `/api/organizations/${user.org}/chat_conversations`, {
        method: 'POST',
        headers: { cookie: user.cookie },
        body: { name: '' },
      });
      await putInstant(server, 'classes:\n  completion: {total: 1500ms, stream: {firstEvent: 100ms, events: 10}}\n');
      const session = http2.connect(server.url, { rejectUnauthorized: false });
      session.on('error', () => undefined);
      const path = `/api/organizations/${user.org}/chat_conversations/${String(json(created, 'uuid'))}/completion`;
      const streaming = h2(session, path, { cookie: user.cookie }, { prompt: 'x' });
      await new Promise((resolve) => setTimeout(resolve, 400));
      const stopped = server.stop({ drainMs: 10_000 });
      const refused = await h2(session, '/api/account');
      expect([refused.status, json(refused, 'error.type')]).toEqual([503, 'draining']);
      const stream = await streaming;
      expect(events(stream.body.toString()).at(-1)?.name).toBe('message_stop');
      session.close();
      await stopped;
    }),
  30_000,
);

it(
  'a connection that is kept alive is let go by its refusal',
  () =>
    withTraced({}, async (traced) => {
      const talk = await talkOn(traced.server);
      await putInstant(traced.server, 'classes:\n  completion: {total: 1500ms, stream: {firstEvent: 100ms, events: 10}}\n');
      const { response } = await talk.open();
      response.resume();
      const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
      const get = (): Promise<{ status: number | undefined; connection: string | undefined }> =>
        new Promise((resolve, reject) => {
          http
            .get(`${traced.server.url}/api/account`, { agent }, (answer) => {
              answer.resume();
              answer.on('end', () => resolve({ status: answer.statusCode, connection: answer.headers.connection }));
            })
            .on('error', reject);
        });
      expect(await get()).toEqual({ status: 401, connection: 'keep-alive' });
      const stopped = traced.server.stop({ drainMs: 10_000 });
      expect(await get()).toEqual({ status: 503, connection: 'close' });
      await stopped;
      agent.destroy();
    }),
  30_000,
);

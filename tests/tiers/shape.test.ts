/** The trace of a request has the same shape whether tiers are functions or processes: walked by parents. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningServer } from '../../reference-server/server.ts';
import { type Answer, type Ask, ask, completionPath, newConversation, prompt, putProfile, signIn, start, until, type User } from '../server/frame.ts';
import { type Collector, type SeenSpan, startCollector } from '../telemetry/collector.ts';
import { caller, exporting, walk } from '../telemetry/traced.ts';
import { startTiers } from './tiers.ts';

interface Side {
  server: RunningServer;
  collector: Collector;
  user: User;
  conversation: string;
}

let one: Side;
let tiers: Side;

async function side(startServer: typeof start): Promise<Side> {
  const collector = await startCollector();
  const server = await startServer({ otlp: collector.url, traceRatio: 0 });
  await exporting(server);
  const user = await signIn(server.url);
  return { server, collector, user, conversation: await newConversation(server.url, user) };
}

beforeAll(async () => {
  one = await side(start);
  tiers = await side(startTiers);
});
afterAll(async () => {
  for (const { server, collector } of [one, tiers]) {
    await server.stop();
    await collector.stop();
  }
});

const streams = 'extends: instant\nclasses:\n  completion: {total: 400ms, stream: {firstEvent: 100ms, events: 11}}\n';

async function withProfile(yaml: string): Promise<void> {
  for (const { server } of [one, tiers]) expect((await putProfile(server.controlUrl, yaml)).status).toBe(200);
}

async function flushed({ server, collector }: Side, traceId: string): Promise<SeenSpan[]> {
  await until(async () => {
    await ask(server.controlUrl, '/traces/flush', { method: 'POST' });
    return collector.of(traceId).length > 0;
  }, 'the trace to arrive');
  return collector.of(traceId);
}

/** Each span by its tiers up to the client, its name and what it says, ids and times apart. */
function shape(spans: readonly SeenSpan[], callerSpanId: string): unknown[] {
  return spans
    .map((span) => ({
      path: walk(span, spans, callerSpanId),
      name: span.name,
      kind: span.kind,
      status: span.status,
      attributes: Object.keys(span.attributes).sort(),
      events: span.events.map(({ name }) => name),
    }))
    .map((row) => JSON.stringify(row))
    .sort();
}

async function traceOf(of: Side, send: (side: Side, headers: Record<string, string>) => Promise<unknown>): Promise<{ spans: SeenSpan[]; spanId: string }> {
  const { traceId, spanId, headers } = caller(true);
  await send(of, headers);
  return { spans: await flushed(of, traceId), spanId };
}

/** Every child within its parent; a job goes on after it. Clocks of processes are told apart by half of what the way takes, both ways. */
function expectNested(spans: readonly SeenSpan[]): void {
  const toleranceMs = 0.002;
  for (const span of spans) {
    const parent = spans.find(({ spanId }) => spanId === span.parentSpanId);
    if (!parent || span.service === 'plumbline-jobs') continue;
    expect(span.startMs, `${span.name} begins within ${parent.name}`).toBeGreaterThanOrEqual(parent.startMs - toleranceMs);
    expect(span.endMs, `${span.name} ends within ${parent.name}`).toBeLessThanOrEqual(parent.endMs + toleranceMs);
  }
}

const as = (path: (side: Side) => string, options: Ask = {}, status = 200) => {
  return async (side: Side, headers: Record<string, string>): Promise<Answer> => {
    const answer = await ask(side.server.url, path(side), { ...options, headers: { cookie: side.user.cookie, ...headers } });
    expect(answer.status).toBe(status);
    return answer;
  };
};
const inOrg = (rest: string) => (side: Side) => `/api/organizations/${side.user.org}/${rest}`;

const requests: [string, number, ReturnType<typeof as>][] = [
  ['a read', 5, as(inOrg('chat_conversations?limit=3'))],
  ['a cached read', 5, as(inOrg('skills/list-skills'), {}, 200)],
  ['a write', 5, as(inOrg('chat_conversations'), { method: 'POST', body: { name: 'x' } }, 201)],
  [
    'a write with a job after it',
    6,
    as((side) => `${inOrg('chat_conversations')(side)}/${side.conversation}/title`, { method: 'POST', body: { message_content: 'What?' } }, 202),
  ],
  ['a thing that is not there', 5, as(inOrg('chat_conversations/019b8680-3afb-731f-88ab-000000000000'), {}, 404)],
  ['a request with faults', 4, as(inOrg('chat_conversations'), { method: 'POST', body: { name: 5 } }, 400)],
  ['a static file', 4, as(() => '/')],
];

describe('a trace has the same shape in one process and in four', () => {
  it.each(requests)('%s', async (_name, least, send) => {
    // The first one of a kind asks the store for more.
    for (const of of [one, tiers]) await send(of, {});
    const [here, apart] = [await traceOf(one, send), await traceOf(tiers, send)];
    expect(apart.spans.length).toBeGreaterThanOrEqual(least);
    expect(shape(apart.spans, apart.spanId)).toEqual(shape(here.spans, here.spanId));
    expectNested(apart.spans);
  });

  it('a drawn error', async () => {
    await withProfile('extends: instant\noperations:\n  projects.list: {errorRatio: 1}\n');
    const send = async ({ server, user }: Side, headers: Record<string, string>) =>
      expect(
        (await ask(server.url, `/api/organizations/${user.org}/projects`, { headers: { cookie: user.cookie, ...headers } })).status,
      ).toBeGreaterThanOrEqual(500);
    const [here, apart] = [await traceOf(one, send), await traceOf(tiers, send)];
    expect(shape(apart.spans, apart.spanId)).toEqual(shape(here.spans, here.spanId));
    expect(
      apart.spans
        .filter(({ status }) => status === 2)
        .map(({ service }) => service)
        .sort(),
    ).toEqual(['plumbline-edge', 'plumbline-lb', 'plumbline-mesh', 'plumbline-services']);
  });

  it('a completion: one server span to its end, prefill and decode in inference, the answer stored by services', async () => {
    await withProfile(streams);
    const send = ({ server, user, conversation }: Side, headers: Record<string, string>) =>
      ask(server.url, completionPath(user, conversation), { method: 'POST', headers: { cookie: user.cookie, ...headers }, body: prompt });
    const [here, apart] = [await traceOf(one, send), await traceOf(tiers, send)];
    expect(shape(apart.spans, apart.spanId)).toEqual(shape(here.spans, here.spanId));
    expectNested(apart.spans);
    const decode = apart.spans.find(({ name }) => name === 'decode') as SeenSpan;
    expect(walk(decode, apart.spans, apart.spanId)).toEqual([
      'plumbline-inference',
      'plumbline-inference',
      'plumbline-services',
      'plumbline-mesh',
      'plumbline-lb',
      'plumbline-edge',
    ]);
    expect(decode.endMs - decode.startMs).toBeGreaterThan(295);
  });

  it('a client that goes in the middle of a stream', async () => {
    await withProfile('extends: instant\nclasses:\n  completion: {total: 20s, stream: {firstEvent: 50ms, events: 400}}\n');
    const send = async ({ server, user, conversation }: Side, headers: Record<string, string>) => {
      const gone = new AbortController();
      const response = await fetch(`${server.url}${completionPath(user, conversation)}`, {
        method: 'POST',
        headers: { cookie: user.cookie, 'content-type': 'application/json', ...headers },
        body: JSON.stringify(prompt),
        signal: gone.signal,
      });
      await response.body?.getReader().read();
      gone.abort();
    };
    const [here, apart] = [await traceOf(one, send), await traceOf(tiers, send)];
    expect(shape(apart.spans, apart.spanId)).toEqual(shape(here.spans, here.spanId));
    const edge = apart.spans.find(({ service }) => service === 'plumbline-edge') as SeenSpan;
    expect(edge.attributes['plumbline.stream.outcome']).toBe('client_abort');
    expect(apart.spans.map(({ name }) => name)).toContain('insert answer');
  });
});

it('a trace that nobody sampled waits at the edge with the records of all tiers', async () => {
  await withProfile('extends: instant\n');
  const { traceId, headers } = caller(false);
  const { server, user, collector } = tiers;
  await ask(server.url, `/api/organizations/${user.org}/projects`, { headers: { cookie: user.cookie, ...headers } });
  expect(collector.of(traceId)).toEqual([]);
  await ask(server.controlUrl, '/traces/keep', { method: 'POST', body: { traceIds: [traceId] } });
  const spans = await flushed(tiers, traceId);
  expect([...new Set(spans.map(({ service }) => service))].sort()).toEqual([
    'plumbline-edge',
    'plumbline-lb',
    'plumbline-mesh',
    'plumbline-services',
    'plumbline-store',
  ]);
});

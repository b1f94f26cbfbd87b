/** What a client gets is the same, byte by byte, from one process and from four. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { RunningServer } from '../../reference-server/server.ts';
import { type Ask, ask, completionPath, events, json, newConversation, prompt, putProfile, signIn, start, timing, type User } from '../server/frame.ts';
import { startTiers } from './tiers.ts';

let one: { server: RunningServer; user: User };
let tiers: { server: RunningServer; user: User };

beforeAll(async () => {
  const side = async (server: RunningServer) => ({ server, user: await signIn(server.url) });
  one = await side(await start({ profile: 'fast' }));
  tiers = await side(await startTiers({ profile: 'fast' }));
});
afterAll(async () => {
  for (const { server } of [one, tiers]) await server.stop();
});

const both = (path: (user: User) => string, options: Ask = {}) =>
  Promise.all([one, tiers].map(({ server, user }) => ask(server.url, path(user), { ...options, headers: { cookie: user.cookie, ...options.headers } })));

/** Headers that differ from answer to answer. */
const ofOneAnswer = ['cf-ray', 'request-id', 'x-plumbline-trace-id', 'server-timing', 'date', 'x-envoy-upstream-service-time'];

const reads: [name: string, path: (user: User) => string, options?: Ask, status?: number][] = [
  ['a list', ({ org }) => `/api/organizations/${org}/chat_conversations?limit=30&offset=2`],
  ['a large list, compressed', ({ org }) => `/api/organizations/${org}/chat_conversations?limit=30`, { headers: { 'accept-encoding': 'zstd' } }],
  ['a large constant body, kept encoded', ({ org }) => `/api/organizations/${org}/dxt/extensions`],
  ['what a cache holds', ({ org }) => `/api/organizations/${org}/feature_settings`],
  ['projects', ({ org }) => `/api/organizations/${org}/projects`],
  ['a model', ({ org }) => `/api/organizations/${org}/model_configs/claude-opus-4-5-20251101`],
  ['the account', () => '/api/account'],
  ['a stream that is no completion', ({ org }) => `/api/organizations/${org}/mcp/v2/bootstrap`],
  ['the shell, HTML', () => '/'],
  ['a query that is refused', ({ org }) => `/api/organizations/${org}/projects?q=%C3%A9`, {}, 400],
];

it.each(reads)('%s', async (_name, path, options = {}, status = 200) => {
  for (const _again of ['first', 'kept']) {
    const [here, apart] = await both(path, options);
    expect([here?.status, apart?.status]).toEqual([status, status]);
    // An error names its request.
    const bodies = [here, apart].map((answer) => answer?.body.toString('latin1').replace(/"request_id":"[^"]*"/, ''));
    expect(bodies[1]).toBe(bodies[0]);
    expect(bodies[0]).not.toBe('');
    const names = (headers: Record<string, string> = {}) =>
      Object.entries(headers)
        .filter(([name]) => !ofOneAnswer.includes(name))
        .sort();
    if (status === 200) expect(names(apart?.headers)).toEqual(names(here?.headers));
    expect(Object.keys(apart?.headers ?? {}).sort()).toEqual(Object.keys(here?.headers ?? {}).sort());
  }
});

it('an upload keeps its bytes on the way in and out', async () => {
  const bytes = Buffer.from(Array.from({ length: 70_000 }, (_, i) => (i * 7) % 256));
  const { server, user } = tiers;
  const files = `/api/organizations/${user.org}/conversations/${await newConversation(server.url, user)}/wiggle`;
  const headers = { cookie: user.cookie };
  const sent = await ask(server.url, `${files}/upload-file?path=a.bin`, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/octet-stream' },
    rawBody: bytes,
  });
  expect(sent.status).toBe(201);
  const back = await ask(server.url, `${files}/download-file?path=a.bin`, { headers });
  expect(back.body.equals(bytes)).toBe(true);
});

it('all faults of a request are told, as in one process', async () => {
  const [here, apart] = await both(({ org }) => `/api/organizations/${org}/chat_conversations?no=1`, { method: 'POST', body: { name: 5, more: true } });
  expect(apart?.status).toBe(400);
  expect(json(apart as never, 'error')).toEqual(json(here as never, 'error'));
});

it('the same key draws the same, and says the same words', async () => {
  for (const { server } of [one, tiers]) {
    const yaml =
      'extends: instant\nclasses:\n  completion: {total: 300ms, stream: {firstEvent: 80ms, events: 9}}\noperations:\n  projects.list: {total: {p0: 5ms, p50: 20ms, p100: 60ms}}\n';
    expect((await putProfile(server.controlUrl, yaml)).status).toBe(200);
  }
  const texts: string[] = [];
  for (const { server, user } of [one, tiers]) {
    const path = completionPath(user, await newConversation(server.url, user));
    const answer = await ask(server.url, path, {
      method: 'POST',
      headers: { cookie: user.cookie, 'x-plumbline-key': 'the same', 'x-plumbline-truth': '1' },
      body: prompt,
    });
    const seen = events(answer.body.toString());
    const truth = seen.at(-1)?.data as { events: { intendedMs: number[]; actualMs: number[] }; hops: { hop: string }[] };
    expect(truth.hops.map(({ hop }) => hop)).toEqual(['edge', 'lb', 'mesh', 'service', 'store', 'inference', 'store']);
    truth.events.actualMs.forEach((ms, index) => {
      expect(ms, `event ${index} is never early`).toBeGreaterThanOrEqual(truth.events.intendedMs[index] as number);
    });
    const content = seen.filter(({ name }) => name.startsWith('content_block'));
    texts.push(JSON.stringify({ content, intendedMs: truth.events.intendedMs, kinds: seen.map(({ name }) => name) }));
  }
  expect(texts[1]).toBe(texts[0]);
  const [here, apart] = await both(({ org }) => `/api/organizations/${org}/projects`, { headers: { 'x-plumbline-key': 'another' } });
  expect(timing(apart as never)['intended']).toEqual(timing(here as never)['intended']);
  expect(timing(apart as never)['intended']?.dur).toBeGreaterThan(5);
});

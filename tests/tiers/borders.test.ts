/** What can go wrong between tiers, and what passes between them besides requests. */
import type http from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { startServer } from '../../reference-server/server.ts';
import { ask, completionPath, events, json, newConversation, prompt, putProfile, signIn, timing, until } from '../server/frame.ts';
import { putInstant, type Talk, talkOn } from '../server/talk.ts';
import { startTiers, type Tiers } from './tiers.ts';

const running: Tiers[] = [];
afterEach(async () => {
  for (const tiers of running.splice(0)) await tiers.stop();
});

async function tiersOn(options: Parameters<typeof startTiers>[0] = {}): Promise<Tiers> {
  const tiers = await startTiers(options);
  running.push(tiers);
  return tiers;
}

async function talkOnTiers(yaml: string): Promise<Talk & { tiers: Tiers }> {
  const tiers = await tiersOn();
  const talk = await talkOn(tiers);
  await putInstant(tiers, yaml);
  return { ...talk, tiers };
}

const countsOf = async (server: { controlUrl: string }) =>
  json(await ask(server.controlUrl, '/truth'), 'streams') as Record<'opened' | 'completed' | 'aborted', number>;

async function read(response: http.IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of response) body += (chunk as Buffer).toString();
  return body;
}

const long = 'classes:\n  completion: {total: 20s, stream: {firstEvent: 50ms, events: 400}}\n';

describe('a tier that is gone', () => {
  it.each(['lb', 'services'] as const)('%s: 502 in the one error shape, and 200 again when it is back', async (name) => {
    const tiers = await tiersOn();
    let user = await signIn(tiers.url);
    const list = () => ask(tiers.url, `/api/organizations/${user.org}/projects`, { headers: { cookie: user.cookie } });
    expect((await list()).status).toBe(200);
    const gone = tiers.inner[name];
    await gone.stop();
    for (let i = 0; i < 3; i += 1) {
      const answer = await list();
      expect(answer.status).toBe(502);
      expect(json(answer)).toEqual({
        type: 'error',
        error: { type: 'bad_gateway', message: expect.stringContaining(`the ${name} tier does not answer`) },
        request_id: answer.headers['request-id'],
      });
      // What was crossed is told all the same.
      expect(Object.keys(timing(answer))).toContain('edge');
    }
    const behind = name === 'lb' ? { next: tiers.inner.services.url } : { inference: tiers.inner.inference.url };
    const back = await startServer({ profile: 'instant', tier: name, port: Number(new URL(gone.url).port), ...behind });
    try {
      // In memory, the sessions went with services.
      user = await signIn(tiers.url);
      expect((await list()).status).toBe(200);
    } finally {
      await tiers.stop();
      await back.stop();
    }
  });

  it('inference: a completion is 502 and has stored nothing; everything else goes on', async () => {
    const { tiers, complete, user, path } = await talkOnTiers('');
    await tiers.inner.inference.stop();
    const answer = await complete();
    expect([answer.status, json(answer, 'error.type')]).toEqual([502, 'bad_gateway']);
    const tree = await ask(tiers.url, `${path.replace(/\/completion$/, '')}?tree=True`, { headers: { cookie: user.cookie } });
    expect([tree.status, (json(tree, 'messages') as unknown[]).length]).toEqual([200, 0]);
  });
});

describe('a stream', () => {
  it('stops at once in inference when the client goes, and its answer is stored so far', async () => {
    const { tiers, open, user, path } = await talkOnTiers(long);
    const { request, response } = await open();
    await new Promise((resolve) => response.once('data', resolve));
    expect(await countsOf(tiers.inner.inference)).toMatchObject({ opened: 1, aborted: 0 });
    const goneMs = performance.now();
    request.destroy();
    await until(async () => (await countsOf(tiers.inner.inference)).aborted === 1, 'inference to stop');
    expect(performance.now() - goneMs).toBeLessThan(1_000);
    await until(async () => (await countsOf(tiers)).aborted === 1, 'the edge to know');
    const tree = await ask(tiers.url, `${path.replace(/\/completion$/, '')}?tree=True`, { headers: { cookie: user.cookie } });
    expect(json(tree, 'messages.1.stop_reason')).toBe('client_abort');
  });

  it('stops in inference when the edge dies', async () => {
    const { tiers, open } = await talkOnTiers(long);
    const { response } = await open();
    response.on('error', () => undefined);
    await new Promise((resolve) => response.once('data', resolve));
    // All of the edge's connections at once: nobody is told anything.
    const inference = tiers.inner.inference;
    await tiers.inner.lb.stop();
    await until(async () => (await countsOf(inference)).aborted === 1, 'inference to stop');
    response.destroy();
  });

  it('passes each event on when it comes', async () => {
    const { open } = await talkOnTiers('classes:\n  completion: {total: 1s, stream: {firstEvent: 100ms, events: 10}}\n');
    const { response, sentMs } = await open();
    const atMs: number[] = [];
    response.on('data', () => atMs.push(performance.now() - sentMs));
    await new Promise((resolve) => response.once('end', resolve));
    // Ten events 100 ms apart and the end: never in one lump.
    expect(atMs.length).toBeGreaterThanOrEqual(10);
    expect((atMs[8] as number) - (atMs[0] as number)).toBeGreaterThan(700);
  });

  it('that is drained says so to its client', async () => {
    const { tiers, open } = await talkOnTiers(long);
    const { response } = await open();
    const body = read(response);
    await new Promise((resolve) => setTimeout(resolve, 200));
    await tiers.stop({ drainMs: 100 });
    const seen = events(await body);
    expect(seen.at(-2)?.data).toMatchObject({ delta: { stop_reason: 'drain' } });
    expect(seen.at(-1)?.name).toBe('message_stop');
  });

  it('finishes when all tiers are told to stop at the same moment, as a container runtime does', async () => {
    const { tiers, open } = await talkOnTiers('classes:\n  completion: {total: 1500ms, stream: {firstEvent: 50ms, events: 10}}\n');
    const { response } = await open();
    const body = read(response);
    await new Promise((resolve) => setTimeout(resolve, 200));
    const { lb, services, inference } = tiers.inner;
    await Promise.all([tiers, lb, services, inference].map((server) => server.stop({ drainMs: 5_000 })));
    expect(events(await body).at(-1)?.name).toBe('message_stop');
  });

  it('and a request that has only come to the edge by then is answered, too', async () => {
    const tiers = await tiersOn();
    const user = await signIn(tiers.url);
    await putProfile(tiers.controlUrl, 'extends: instant\noperations:\n  projects.list: {total: 2s}\n');
    const answer = ask(tiers.url, `/api/organizations/${user.org}/projects`, { headers: { cookie: user.cookie } });
    await new Promise((resolve) => setTimeout(resolve, 60));
    const { lb, services, inference } = tiers.inner;
    await Promise.all([tiers, lb, services, inference].map((server) => server.stop({ drainMs: 5_000 })));
    expect((await answer).status).toBe(200);
    expect(timing(await answer)['lb']?.start).toBeGreaterThan(100);
  });
});

describe('the control port of the edge', () => {
  it('puts a profile into force in every tier, and one with a fault in none', async () => {
    const tiers = await tiersOn();
    const all = [tiers, ...Object.values(tiers.inner)];
    const hashes = async () => await Promise.all(all.map(async ({ controlUrl }) => json(await ask(controlUrl, '/profile'), 'hash')));
    const before = await hashes();
    expect((await putProfile(tiers.controlUrl, 'extends: instant\nclasses: {crud: {total: -1ms}}\n')).status).toBe(400);
    expect(await hashes()).toEqual(before);
    expect((await putProfile(tiers.controlUrl, 'extends: instant\ninference: {slots: 1, queue: 0, slowdownAtFull: 1}\n')).status).toBe(200);
    const after = await hashes();
    expect(new Set(after).size).toBe(1);
    expect(after[0]).not.toBe(before[0]);
  });

  it('resets the data of services, and tells their size', async () => {
    const tiers = await tiersOn();
    const answer = await ask(tiers.controlUrl, '/reset', { method: 'POST', body: { size: 'conversations=7' } });
    expect([answer.status, json(answer, 'size.conversations')]).toEqual([200, 7]);
    const user = await signIn(tiers.url);
    const list = await ask(tiers.url, `/api/organizations/${user.org}/chat_conversations?limit=100`, { headers: { cookie: user.cookie } });
    expect(json(list, 'total')).toBe(7);
    expect((await ask(tiers.controlUrl, '/reset', { method: 'POST', body: { size: 'conversations=-1' } })).status).toBe(400);
  });

  it('stalls inference, too', async () => {
    const { tiers, open } = await talkOnTiers('classes:\n  completion: {total: 600ms, stream: {firstEvent: 50ms, events: 12}}\n');
    const { response } = await open();
    const atMs: number[] = [];
    response.on('data', () => atMs.push(performance.now()));
    await new Promise((resolve) => response.once('data', resolve));
    await ask(tiers.controlUrl, '/stall', { method: 'POST', body: { durationMs: 700 } });
    await new Promise((resolve) => response.once('end', resolve));
    const gaps = atMs.slice(1).map((ms, index) => ms - (atMs[index] as number));
    expect(Math.max(...gaps)).toBeGreaterThan(550);
  });

  it('tells the truth of each tier, and begins anew in each', async () => {
    const { tiers, complete } = await talkOnTiers('');
    await complete();
    const truth = json(await ask(tiers.controlUrl, '/truth'));
    expect(truth).toMatchObject({
      streams: { completed: 1 },
      tiers: { lb: { rssBytes: expect.any(Number) }, services: {}, inference: { streams: { completed: 1 } } },
    });
    await ask(tiers.controlUrl, '/truth/reset', { method: 'POST' });
    expect(json(await ask(tiers.controlUrl, '/truth'))).toMatchObject({ streams: { completed: 0 }, tiers: { inference: { streams: { completed: 0 } } } });
  });

  it('says which tier is missing', async () => {
    const tiers = await tiersOn();
    await tiers.inner.services.stop();
    const answer = await ask(tiers.controlUrl, '/seed', { method: 'POST', body: { seed: 5 } });
    expect(answer.status).toBe(502);
    expect(json(answer, 'error.message')).toContain('services');
  });
});

describe('the port between tiers', () => {
  const type = { 'content-type': 'application/x-plumbline-hop' };

  it('is for tiers: a browser, another media type and another path are refused', async () => {
    const { inner } = await tiersOn();
    const rawBody = JSON.stringify({ method: 'GET', url: '/healthz' });
    expect((await ask(inner.services.url, '/control', { method: 'POST', headers: type, rawBody })).status).toBe(200);
    for (const [path, headers] of [
      ['/control', { ...type, origin: 'http://evil.example' }],
      ['/control', { 'content-type': 'text/plain' }],
      ['/nothing', type],
    ] as const) {
      const answer = await ask(inner.services.url, path, { method: 'POST', headers, rawBody });
      expect([answer.status, json(answer, 'error.type')]).toEqual([400, 'not_a_hop']);
    }
  });

  it('outlives what is no call', async () => {
    const { inner, url } = await tiersOn();
    for (const rawBody of ['{}', Buffer.from([1, 0, 0, 0, 2, 0x7b, 0x7d]), Buffer.alloc(0)]) {
      expect((await ask(inner.lb.url, '/hop', { method: 'POST', headers: type, rawBody })).status).toBe(400);
    }
    expect((await signIn(url)).cookie).toContain('sessionKey');
  });

  it('has health and metrics of its tier', async () => {
    const { inner } = await tiersOn();
    for (const { url } of Object.values(inner)) {
      expect((await ask(url, '/healthz')).status).toBe(200);
      expect((await ask(url, '/readyz')).status).toBe(200);
    }
    expect((await ask(inner.services.url, '/metrics')).body.toString()).toContain('cache');
  });
});

it('no session, no key, no draw of one request shows in another, whatever is under way at once', async () => {
  const tiers = await tiersOn({ profile: 'fast' });
  const user = await signIn(tiers.url);
  const conversation = await newConversation(tiers.url, user);
  const asked = Array.from({ length: 60 }, (_, i) => i);
  const answers = await Promise.all(
    asked.map((i) =>
      i % 3 === 0
        ? ask(tiers.url, completionPath(user, conversation), {
            method: 'POST',
            headers: { cookie: user.cookie, 'x-plumbline-key': `key ${i}` },
            body: { ...prompt, prompt: `number ${i}` },
          })
        : ask(tiers.url, `/api/organizations/${user.org}/chat_conversations?limit=${(i % 20) + 1}`, {
            headers: { cookie: i % 3 === 1 ? user.cookie : 'sessionKey=nobody' },
          }),
    ),
  );
  answers.forEach((answer, i) => {
    if (i % 3 === 0) expect(events(answer.body.toString())[0]?.data).toMatchObject({ message: { request_id: answer.headers['request-id'] } });
    else if (i % 3 === 1) expect((json(answer, 'data') as unknown[]).length).toBe((i % 20) + 1);
    else expect(answer.status).toBe(401);
  });
});

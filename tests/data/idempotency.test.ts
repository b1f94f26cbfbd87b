/** The same key and request once, whatever happens to its client. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { type RunningServer, startServer } from '../../reference-server/server.ts';
import { ask, json, putProfile } from '../server/frame.ts';
import { type Client, type ErrorAnswer, eventsOf, signIn, type WithMessages } from '../services-core/client.ts';
import { forEachDatabase } from '../store/databases.ts';
import { startTiers } from '../tiers/tiers.ts';
import { startOn } from './place.ts';

const root = '00000000-0000-4000-8000-000000000000';
const replayedHeader = 'idempotency-replayed';
const keyed = (key: string): Record<string, string> => ({ 'idempotency-key': key });
const textOf = (answer: string): string =>
  eventsOf(answer)
    .filter(({ event }) => event === 'content_block_delta')
    .map(({ data }) => (data['delta'] as { text: string }).text)
    .join('');
const tree = (user: Client, uuid: string): Promise<WithMessages> => user.ask('GET', `/chat_conversations/${uuid}?tree=True`);

await forEachDatabase(({ name, place }) => {
  let server: RunningServer;
  let user: Client;
  beforeAll(async () => {
    server = await startOn(await place(), { policies: { idempotency: 'keys', conflict: 'branch' } });
    user = await signIn(server, 'user-0@example.com');
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    await putProfile(server.controlUrl, 'extends: instant\n');
  });
  const total = async (): Promise<number> => (await user.ask<{ count: number }>('GET', '/chat_conversations/count_all')).count;
  const create = (key: string, body: object = { name: 'Once' }) => user.request('POST', '/chat_conversations', body, keyed(key));

  it('the second is answered as the first, word for word, and nothing is done; another body is 422', async () => {
    const before = await total();
    const first = await create('a');
    const second = await create('a');
    expect([first.status, first.headers.get(replayedHeader), second.status, second.headers.get(replayedHeader)]).toEqual([201, null, 201, 'true']);
    expect(second.text).toBe(first.text);
    expect(second.headers.get('x-consistency-token')).toBe(first.headers.get('x-consistency-token'));
    const other = await create('a', { name: 'Another' });
    expect([other.status, other.json<ErrorAnswer>().error.type]).toEqual([422, 'idempotency_key_reused']);
    // The same words under another path are another request.
    expect((await user.request('PUT', `/chat_conversations/${first.json<{ uuid: string }>().uuid}`, { name: 'Once' }, keyed('a'))).status).toBe(422);
    expect(await total()).toBe(before + 1);
  });

  it('is of one user, and of writes alone; what is no key is 400', async () => {
    const before = await total();
    const other = await signIn(server, 'user-1@example.com');
    await create('b');
    expect((await other.request('POST', '/chat_conversations', { name: 'Once' }, keyed('b'))).headers.get(replayedHeader)).toBe(null);
    expect(await total()).toBe(before + 2);
    expect((await user.request('GET', '/chat_conversations', undefined, keyed('b'))).status).toBe(200);
    expect((await create('no key')).status).toBe(400);
  });

  it('of 30 at once one is run, and all have its answer', async () => {
    const before = await total();
    const answers = await Promise.all(Array.from({ length: 30 }, () => create('c')));
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect(answers.filter(({ headers }) => headers.get(replayedHeader) === null)).toHaveLength(1);
    expect(await total()).toBe(before + 1);
  });

  it('what failed has its key back', async () => {
    const refused = await create('d', { model: 'gpt-99' });
    expect(refused.status).toBe(400);
    expect((await create('d', { model: 'gpt-99' })).headers.get(replayedHeader)).toBe(null);
    expect((await create('d')).status).toBe(201);
  });

  it('a stream in progress is joined from its beginning, and a finished one comes again whole; the prompt is stored once', async () => {
    await putProfile(server.controlUrl, 'extends: fast\n');
    const { uuid } = await user.ask<{ uuid: string }>('POST', '/chat_conversations', {}, 201);
    const path = `/chat_conversations/${uuid}/completion`;
    const body = { prompt: 'Once only', parent_message_uuid: root };
    const first = user.request('POST', path, body, keyed('e'));
    await expect.poll(async () => (await tree(user, uuid)).messages.length, { interval: 5, timeout: 10_000 }).toBe(1);
    const second = await user.request('POST', path, body, keyed('e'));
    const third = await user.request('POST', path, body, keyed('e'));
    expect([(await first).headers.get(replayedHeader), second.headers.get(replayedHeader), third.headers.get(replayedHeader)]).toEqual([null, 'true', 'true']);
    expect(textOf((await first).text).length).toBeGreaterThan(100);
    expect([second.text, third.text]).toEqual([(await first).text, (await first).text]);
    const { messages } = await tree(user, uuid);
    expect(messages.map(({ role }) => role)).toEqual(['user', 'assistant']);
    expect((await user.request('POST', path, { ...body, prompt: 'Other' }, keyed('e'))).status).toBe(422);
    expect(json(await ask(server.controlUrl, '/data'), 'replayed')).toBeGreaterThanOrEqual(2);
  });

  it('a client that goes in the middle finds the whole answer when it comes again', async () => {
    await putProfile(server.controlUrl, 'extends: fast\n');
    const { uuid } = await user.ask<{ uuid: string }>('POST', '/chat_conversations', {}, 201);
    const url = `${user.url}/api/organizations/${user.org}/chat_conversations/${uuid}/completion`;
    const request = (signal?: AbortSignal) =>
      fetch(url, {
        method: 'POST',
        headers: { cookie: user.cookie, 'content-type': 'application/json', ...keyed('f') },
        body: JSON.stringify({ prompt: 'Do not lose me' }),
        ...(signal && { signal }),
      });
    const controller = new AbortController();
    const reader = (await request(controller.signal)).body?.getReader();
    await reader?.read();
    controller.abort();
    await reader?.read().catch(() => undefined);
    const again = await request();
    expect(again.headers.get(replayedHeader)).toBe('true');
    const text = await again.text();
    expect(eventsOf(text).at(-1)?.event).toBe('message_stop');
    const { messages } = await tree(user, uuid);
    expect(messages.map(({ stop_reason }) => stop_reason)).toEqual([null, 'end_turn']);
    expect(messages[1]?.content[0]?.text).toBe(textOf(text));
  });

  it('answers outlive a restart; after their time a key is free', async () => {
    const where = await place();
    const request = async (server: RunningServer, cookie?: string): Promise<{ text: string; replayed: string | null; cookie: string }> => {
      const user = await signIn(server, 'user-0@example.com');
      const answer = await user.request('POST', '/chat_conversations', { name }, keyed('kept'));
      return { text: answer.text, replayed: answer.headers.get(replayedHeader), cookie: cookie ?? user.cookie };
    };
    const policies = { idempotency: 'keys' } as const;
    const one = await startOn(where, { policies });
    const first = await request(one);
    await one.stop();
    const other = await startOn(where, { policies, idempotencyTtlMs: 1 });
    const second = await request(other);
    expect([second.text, second.replayed]).toEqual([first.text, 'true']);
    const user = await signIn(other, 'user-1@example.com');
    const ofOneMs = async (): Promise<string | null> => (await user.request('POST', '/chat_conversations', {}, keyed('short'))).headers.get(replayedHeader);
    expect(await ofOneMs()).toBe(null);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await ofOneMs()).toBe(null);
    await other.stop();
  });
});

it('off, as observed: a key changes nothing', async () => {
  const server = await startServer({ profile: 'instant' });
  try {
    const user = await signIn(server, 'user-0@example.com');
    const [one, two] = [await user.request('POST', '/chat_conversations', {}, keyed('x')), await user.request('POST', '/chat_conversations', {}, keyed('x'))];
    expect([one.status, two.status, two.headers.get(replayedHeader)]).toEqual([201, 201, null]);
    expect(one.json<{ uuid: string }>().uuid).not.toBe(two.json<{ uuid: string }>().uuid);
  } finally {
    await server.stop();
  }
});

it('where tiers are processes a stream is joined and replayed, too', async () => {
  const tiers = await startTiers({ profile: 'fast' });
  try {
    expect((await ask(tiers.controlUrl, '/policies', { method: 'PUT', body: { idempotency: 'keys' } })).status).toBe(200);
    const user = await signIn(tiers, 'user-0@example.com');
    const { uuid } = await user.ask<{ uuid: string }>('POST', '/chat_conversations', {}, 201);
    const once = () => user.request('POST', `/chat_conversations/${uuid}/completion`, { prompt: 'Over four tiers' }, keyed('t'));
    const [first, second] = await Promise.all([once(), once()]);
    const third = await once();
    expect([first.text, second.text]).toEqual([third.text, third.text]);
    expect(eventsOf(third.text).at(-1)?.event).toBe('message_stop');
    expect((await tree(user, uuid)).messages).toHaveLength(2);
  } finally {
    await tiers.stop();
  }
});

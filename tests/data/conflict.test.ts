/** What becomes of a message that is written on a stale view of its conversation, under each policy. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { type RunningServer, startServer } from '../../reference-server/server.ts';
import { ask, json } from '../server/frame.ts';
import { type Client, type ErrorAnswer, signIn, type WithMessages } from '../services-core/client.ts';
import { forEachDatabase } from '../store/databases.ts';
import { startOn } from './place.ts';

const root = '00000000-0000-4000-8000-000000000000';

await forEachDatabase(({ place }) => {
  let server: RunningServer;
  let user: Client;
  beforeAll(async () => {
    server = await startOn(await place());
    user = await signIn(server, 'user-0@example.com');
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    await ask(server.controlUrl, '/truth/reset', { method: 'POST', body: {} });
  });

  const policy = async (conflict: string): Promise<void> => {
    expect((await ask(server.controlUrl, '/policies', { method: 'PUT', body: { conflict } })).status).toBe(200);
  };
  const create = async (): Promise<string> => (await user.ask<{ uuid: string }>('POST', '/chat_conversations', {}, 201)).uuid;
  const submit = (uuid: string, prompt: string, parent?: string | null, headers: Record<string, string> = {}) =>
    user.request('POST', `/chat_conversations/${uuid}/completion`, { prompt, ...(parent && { parent_message_uuid: parent }) }, headers);
  const tree = (uuid: string, consistency = 'strong'): Promise<WithMessages> =>
    user.ask('GET', `/chat_conversations/${uuid}?tree=True&consistency=${consistency}`);
  const prompts = (messages: WithMessages['messages']): (string | undefined)[] =>
    messages.filter(({ role }) => role === 'user').map(({ content }) => content[0]?.text);
  const account = async (): Promise<unknown> => {
    const { lost, ...counts } = json(await ask(server.controlUrl, '/data')) as { lost: { message_uuid: string }[] };
    return { ...counts, lost: lost.map(({ message_uuid }) => message_uuid) };
  };

  it('lww: the second at the same place replaces the first and all that followed it, for good, on the replica too', async () => {
    await policy('lww');
    const uuid = await create();
    await submit(uuid, 'first', root);
    await submit(uuid, 'and on', null);
    const before = (await tree(uuid)).messages;
    expect(prompts(before)).toEqual(['first', 'and on']);
    expect((await submit(uuid, 'second', root)).status).toBe(200);
    for (const consistency of ['strong', 'eventual']) {
      const { messages, current_leaf_message_uuid } = await tree(uuid, consistency);
      expect(messages.map(({ role, parent_uuid }) => [role, parent_uuid])).toEqual([
        ['user', root],
        ['assistant', messages[0]?.uuid],
      ]);
      expect(prompts(messages)).toEqual(['second']);
      expect(current_leaf_message_uuid).toBe(messages[1]?.uuid);
    }
    expect((await user.request('PUT', `/chat_conversations/${uuid}`, { current_leaf_message_uuid: before[0]?.uuid })).status).toBe(400);
    expect(await account()).toEqual({ acknowledged: 3, replaced: 2, rejected: 0, replayed: 0, lost: [before[0]?.uuid, before[2]?.uuid] });
    const metrics = (await ask(server.url, '/metrics')).body.toString();
    expect(/^plumbline_lost_writes_total (\d+)$/m.exec(metrics)?.[1]).toBe('2');
  });

  it('reject: 409 with the current leaf, and nothing is stored; with that leaf it is taken', async () => {
    await policy('reject');
    const uuid = await create();
    await submit(uuid, 'first', root);
    const { current_leaf_message_uuid: leaf } = await tree(uuid);
    for (const answer of [await submit(uuid, 'second', root), await submit(uuid, 'second', leaf, { 'if-match': `"${root}"` })]) {
      expect(answer.status).toBe(409);
      expect(answer.json<ErrorAnswer>().error).toMatchObject({ type: 'conflict', current_leaf_message_uuid: leaf });
    }
    expect(prompts((await tree(uuid)).messages)).toEqual(['first']);
    expect((await submit(uuid, 'second', leaf)).status).toBe(200);
    expect((await submit(uuid, 'third', null, { 'if-match': '*' })).status).toBe(200);
    expect(prompts((await tree(uuid)).messages)).toEqual(['first', 'second', 'third']);
    expect(await account()).toEqual({ acknowledged: 3, replaced: 0, rejected: 2, replayed: 0, lost: [] });
  });

  it('branch: both are kept side by side, the new one is shown', async () => {
    await policy('branch');
    const uuid = await create();
    await submit(uuid, 'first', root);
    expect((await submit(uuid, 'second', root)).status).toBe(200);
    const { messages } = await tree(uuid);
    expect(messages.filter(({ parent_uuid }) => parent_uuid === root)).toHaveLength(2);
    expect(prompts((await user.ask<WithMessages>('GET', `/chat_conversations/${uuid}`)).messages)).toEqual(['second']);
    expect(await account()).toEqual({ acknowledged: 2, replaced: 0, rejected: 0, replayed: 0, lost: [] });
  });

  it.each(['lww', 'reject'])('%s: whoever knows the leaf may branch: by If-Match, or by putting the leaf there first', async (conflict) => {
    await policy(conflict);
    const uuid = await create();
    await submit(uuid, 'first', root);
    const { current_leaf_message_uuid: leaf } = await tree(uuid);
    expect((await submit(uuid, 'edited', root, { 'if-match': `"${leaf}"` })).status).toBe(200);
    expect(prompts((await tree(uuid)).messages)).toEqual(['first', 'edited']);
    await user.ask('PUT', `/chat_conversations/${uuid}`, { current_leaf_message_uuid: root });
    expect((await submit(uuid, 'edited again', root)).status).toBe(200);
    expect(prompts((await tree(uuid)).messages)).toEqual(['first', 'edited', 'edited again']);
    expect((await submit(uuid, 'x', null, { 'if-match': 'soon' })).status).toBe(400);
  });

  it('of 20 that come at once to one place, lww keeps one, reject takes one, branch keeps all', async () => {
    for (const [conflict, kept, taken] of [
      ['lww', 1, 20],
      ['reject', 1, 1],
      ['branch', 20, 20],
    ] as const) {
      await policy(conflict);
      const uuid = await create();
      const answers = await Promise.all(Array.from({ length: 20 }, (_, index) => submit(uuid, `number ${index}`, root)));
      expect([conflict, answers.filter(({ status }) => status === 200).length]).toEqual([conflict, taken]);
      const { messages } = await tree(uuid);
      expect([conflict, prompts(messages).length]).toEqual([conflict, kept]);
      // No answer without its prompt.
      const uuids = new Set(messages.map((message) => message.uuid));
      expect(messages.every(({ parent_uuid }) => parent_uuid === root || uuids.has(parent_uuid))).toBe(true);
    }
  });
});

it('mid-stream: the answer of a prompt that was replaced is stored nowhere, and its stream ends as ever', async () => {
  const server = await startServer({ profile: 'fast' });
  try {
    const user = await signIn(server, 'user-0@example.com');
    const { uuid } = await user.ask<{ uuid: string }>('POST', '/chat_conversations', {}, 201);
    const path = `/chat_conversations/${uuid}/completion`;
    const first = user.request('POST', path, { prompt: 'first', parent_message_uuid: root });
    await expect
      .poll(async () => (await user.ask<WithMessages>('GET', `/chat_conversations/${uuid}?tree=True`)).messages.length, { interval: 5, timeout: 10_000 })
      .toBe(1);
    const second = await user.request('POST', path, { prompt: 'second', parent_message_uuid: root });
    expect([(await first).status, second.status]).toEqual([200, 200]);
    expect((await first).text).toContain('event: message_stop');
    const { messages } = await user.ask<WithMessages>('GET', `/chat_conversations/${uuid}?tree=True`);
    expect(messages.map(({ role, content }) => [role, role === 'user' ? content[0]?.text : ''])).toEqual([
      ['user', 'second'],
      ['assistant', ''],
    ]);
  } finally {
    await server.stop();
  }
});

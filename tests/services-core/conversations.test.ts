import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunningServer } from '../../reference-server/server.ts';
import { pathTo } from '../../reference-server/services/chat/message-tree.ts';
import { titleFrom } from '../../reference-server/services/chat/title.ts';
import { type Client, type Conversation, type ErrorAnswer, type Page, signIn, start, type WithMessages } from './client.ts';

let server: RunningServer;
let user: Client;
beforeAll(async () => {
  server = await start();
  user = await signIn(server, 'user-0@example.com');
});
afterAll(() => server.stop());

const newConversation = (body: object = {}): Promise<Conversation> => user.ask('POST', '/chat_conversations', body, 201);

describe('list', () => {
  test('pages do not overlap, together are everything, and are in order', async () => {
    const seen: Conversation[] = [];
    for (let offset = 0; ; offset += 70) {
      const page = await user.ask<Page<Conversation>>('GET', `/chat_conversations?limit=70&offset=${offset}`);
      expect(page).toMatchObject({ limit: 70, offset, total: 200 });
      seen.push(...page.data);
      if (page.data.length < 70) break;
    }
    expect(new Set(seen.map(({ uuid }) => uuid)).size).toBe(200);
    const times = seen.map((conversation) => conversation.updated_at);
    expect(times).toEqual(times.toSorted().reverse());
    expect(await user.ask('GET', '/chat_conversations/count_all')).toEqual({ count: 200 });
  });

  test('has the captured fields and no others, by default 30 of them', async () => {
    const page = await user.ask<Page<Conversation>>('GET', '/chat_conversations');
    expect(page.data).toHaveLength(30);
    expect(Object.keys(page.data[0] ?? {})).toEqual(['uuid', 'name', 'summary', 'model', 'created_at', 'updated_at', 'current_leaf_message_uuid', 'settings']);
    expect(Object.keys(page.data[0]?.settings ?? {}).sort()).toEqual([
      'enabled_bananagrams',
      'enabled_foccacia',
      'enabled_monkeys_in_a_barrel',
      'enabled_saffron',
      'enabled_sourdough',
      'enabled_turmeric',
      'paprika_mode',
    ]);
  });

  test('refuses pages that are too large, negative or no numbers, each with its path', async () => {
    const answer = await user.request('GET', '/chat_conversations?limit=251&offset=-1');
    expect(answer.status).toBe(400);
    expect(answer.json<ErrorAnswer>().error.faults?.map(({ path }) => path)).toEqual(['/query/limit', '/query/offset']);
    expect((await user.request('GET', '/chat_conversations?limit=many')).status).toBe(400);
  });
});

describe('create, read, update, delete', () => {
  test('create answers the resource, with the uuid that the client chose; a second time it is taken', async () => {
    const uuid = '019c0000-0000-7000-8000-00000000000a';
    const created = await newConversation({ uuid: uuid.toUpperCase(), name: 'Mine', settings: { paprika_mode: 'extended' } });
    expect(created).toMatchObject({ uuid, name: 'Mine', model: 'claude-opus-4-5-20251101', current_leaf_message_uuid: null });
    expect(created.settings).toMatchObject({ paprika_mode: 'extended', enabled_saffron: true, enabled_turmeric: false });
    expect(created.created_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
    expect(await user.ask('GET', `/chat_conversations/${uuid}`)).toEqual({ ...created, messages: [] });
    expect((await user.request('POST', '/chat_conversations', { uuid })).status).toBe(409);
    expect((await newConversation()).uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/);
  });

  test('create refuses unknown models, projects, settings and fields', async () => {
    const paths = async (body: object) => (await user.request('POST', '/chat_conversations', body)).json<ErrorAnswer>().error.faults?.map(({ path }) => path);
    expect(await paths({ model: 'gpt-99' })).toEqual(['/body/model']);
    expect(await paths({ project_uuid: '019c0000-0000-7000-8000-00000000000b' })).toEqual(['/body/project_uuid']);
    expect(await paths({ name: 7, settings: { paprika_mode: 'hot' } })).toEqual(expect.arrayContaining(['/body/name', '/body/settings/paprika_mode']));
    expect((await user.request('POST', '/chat_conversations', { settings: { enabled_salt: true } })).status).toBe(400);
    expect((await user.request('POST', '/chat_conversations', { nam: 'x' })).status).toBe(400);
  });

  test('update changes what it was given, keeps the rest, and moves the conversation to the top of the list', async () => {
    const { uuid, settings } = await newConversation({ name: 'Before', settings: { enabled_sourdough: true } });
    await newConversation();
    const updated = await user.ask<Conversation>('PUT', `/chat_conversations/${uuid}`, { name: 'After', settings: { enabled_turmeric: true } });
    expect(updated.name).toBe('After');
    expect(updated.settings).toEqual({ ...settings, enabled_turmeric: true, enabled_sourdough: true });
    const { data } = await user.ask<Page<Conversation>>('GET', '/chat_conversations?limit=1');
    expect(data).toEqual([updated]);
    expect((await user.request('PUT', `/chat_conversations/${uuid}`, {})).status).toBe(400);
  });

  test('a project lists its conversations', async () => {
    const { uuid: project_uuid } = await user.ask<{ uuid: string }>('POST', '/projects', { name: 'Of its own' }, 201);
    const { uuid } = await newConversation({ project_uuid });
    await newConversation();
    const page = await user.ask<Page<Conversation>>('GET', `/chat_conversations?project_uuid=${project_uuid}`);
    expect(page.data.map((conversation) => conversation.uuid)).toEqual([uuid]);
    expect(page.total).toBe(1);
    await user.ask('DELETE', `/projects/${project_uuid}`, undefined, 204);
    expect((await user.request('GET', `/chat_conversations/${uuid}`)).status).toBe(200);
  });

  test('deleted: gone, with its files and artifacts; a second time 404', async () => {
    const { uuid } = await newConversation();
    const artifact = '019c0000-0000-7000-8000-0000000000aa';
    await user.ask('POST', `/conversations/${uuid}/wiggle/upload-file?path=a.txt`, Buffer.from('a'), 201);
    await user.ask('POST', `/artifacts/${artifact}/versions`, { content: 'one', conversation_uuid: uuid }, 201);
    const before = await user.ask<{ count: number }>('GET', '/chat_conversations/count_all');
    await user.ask('DELETE', `/chat_conversations/${uuid}`, undefined, 204);
    expect(await user.ask('GET', '/chat_conversations/count_all')).toEqual({ count: before.count - 1 });
    for (const path of [
      `/chat_conversations/${uuid}`,
      `/conversations/${uuid}/wiggle/list-files`,
      `/conversations/${uuid}/wiggle/download-file?path=a.txt`,
      `/artifacts/${artifact}/versions`,
    ]) {
      expect((await user.request('GET', path)).status).toBe(404);
    }
    expect((await user.request('DELETE', `/chat_conversations/${uuid}`)).status).toBe(404);
  });
});

describe('title', () => {
  test('is accepted at once and there a moment later; an update in between wins', async () => {
    const { uuid } = await newConversation({ name: 'Old' });
    const other = await newConversation({ name: 'Old' });
    for (const conversation of [uuid, other.uuid]) {
      const answer = await user.ask(
        'POST',
        `/chat_conversations/${conversation}/title`,
        { message_content: 'how do I measure the tail of a latency distribution?' },
        202,
      );
      expect(answer).toEqual({ conversation_uuid: conversation, status: 'pending' });
    }
    const nameOf = async (conversation: string) => (await user.ask<Conversation>('GET', `/chat_conversations/${conversation}`)).name;
    expect(await nameOf(uuid)).toBe('Old');
    await user.ask('PUT', `/chat_conversations/${other.uuid}`, { name: 'Chosen' });
    await expect.poll(() => nameOf(uuid), { timeout: 5_000 }).toBe('How do I measure the tail of');
    expect(await nameOf(other.uuid)).toBe('Chosen');
    const { data } = await user.ask<Page<Conversation>>('GET', '/chat_conversations?limit=10');
    expect(data.find((conversation) => conversation.uuid === uuid)?.name).toBe('How do I measure the tail of');
    // A change of something else keeps the title that has come.
    expect((await user.ask<Conversation>('PUT', `/chat_conversations/${uuid}`, { settings: { enabled_saffron: false } })).name).toBe(
      'How do I measure the tail of',
    );
  });

  test('is made of the first words', () => {
    expect(titleFrom('  what is   this?  ')).toBe('What is this');
    expect(titleFrom('')).toBe('New conversation');
    expect(titleFrom('x'.repeat(500))).toHaveLength(80);
  });
});

describe('message tree', () => {
  test('every path ends at its leaf, begins at the root and is linked by its parents', () => {
    // Node i hangs under some node before it, or under the root.
    const trees = fc
      .array(fc.nat(), { minLength: 1, maxLength: 40 })
      .map((picks) => picks.map((pick, index) => ({ uuid: `m${index}`, parent_uuid: index === 0 || pick % 7 === 0 ? 'root' : `m${pick % index}` })));
    fc.assert(
      fc.property(trees, fc.nat(), (messages, pick) => {
        const leaf = messages[pick % messages.length]?.uuid ?? '';
        const path = pathTo(messages, leaf);
        expect(path.at(-1)?.uuid).toBe(leaf);
        expect(path[0]?.parent_uuid).toBe('root');
        for (const [index, node] of path.entries()) if (index > 0) expect(node.parent_uuid).toBe(path[index - 1]?.uuid);
      }),
    );
  });

  test('a loop ends, and an unknown leaf has no path', () => {
    const loop = [
      { uuid: 'a', parent_uuid: 'b' },
      { uuid: 'b', parent_uuid: 'a' },
    ];
    expect(pathTo(loop, 'a').map(({ uuid }) => uuid)).toEqual(['b', 'a']);
    expect(pathTo(loop, 'c')).toEqual([]);
    expect(pathTo(loop, null)).toEqual([]);
  });

  test('without tree the current path is read, with tree=True every branch', async () => {
    const { data } = await user.ask<Page<Conversation>>('GET', '/chat_conversations?limit=100&offset=100');
    let branched = 0;
    for (const { uuid, current_leaf_message_uuid: leaf } of data) {
      const tree = await user.ask<WithMessages>('GET', `/chat_conversations/${uuid}?tree=True&consistency=eventual&rendering_mode=messages`);
      const path = await user.ask<WithMessages>('GET', `/chat_conversations/${uuid}?consistency=strong`);
      expect(path.messages).toEqual(pathTo(tree.messages, leaf));
      expect(path.messages.length).toBeGreaterThan(0);
      if (tree.messages.length > path.messages.length) branched += 1;
    }
    expect(branched).toBeGreaterThan(5);
  });
});

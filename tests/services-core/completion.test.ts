import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RunningServer, startServer } from '../../reference-server/server.ts';
import { type Client, type Conversation, type ErrorAnswer, eventsOf, signIn, start, type WithMessages } from './client.ts';

const root = '00000000-0000-4000-8000-000000000000';

describe('completion', () => {
  let server: RunningServer;
  let user: Client;
  beforeAll(async () => {
    server = await start();
    user = await signIn(server, 'user-0@example.com');
  });
  afterAll(() => server.stop());

  const newConversation = async (): Promise<string> => (await user.ask<Conversation>('POST', '/chat_conversations', {}, 201)).uuid;
  const complete = async (uuid: string, body: object, headers: Record<string, string> = {}): Promise<string> => {
    const answer = await user.request('POST', `/chat_conversations/${uuid}/completion`, body, headers);
    expect(answer.status).toBe(200);
    return eventsOf(answer.text)
      .filter(({ event }) => event === 'content_block_delta')
      .map(({ data }) => (data['delta'] as { text: string }).text)
      .join('');
  };
  const tree = (uuid: string): Promise<WithMessages> => user.ask('GET', `/chat_conversations/${uuid}?tree=True`);

  test('stores prompt and answer, word for word what was streamed, and moves the leaf', async () => {
    const uuid = await newConversation();
    const text = await complete(uuid, { prompt: 'First?', parent_message_uuid: root });
    expect(text.length).toBeGreaterThan(50);
    const { messages, current_leaf_message_uuid } = await tree(uuid);
    expect(messages.map(({ role, content, stop_reason }) => ({ role, text: content[0]?.text, stop_reason }))).toEqual([
      { role: 'user', text: 'First?', stop_reason: null },
      { role: 'assistant', text, stop_reason: 'end_turn' },
    ]);
    expect(messages[0]?.parent_uuid).toBe(root);
    expect(messages[1]?.parent_uuid).toBe(messages[0]?.uuid);
    expect(current_leaf_message_uuid).toBe(messages[1]?.uuid);
  });

  test('without a parent goes on from the leaf; with an earlier one, and the leaf in If-Match, branches', async () => {
    const uuid = await newConversation();
    await complete(uuid, { prompt: 'one' });
    await complete(uuid, { prompt: 'two' });
    const before = await tree(uuid);
    const firstAnswer = before.messages[1]?.uuid ?? '';
    expect(before.messages.map((message) => message.parent_uuid)).toEqual([root, ...before.messages.slice(0, 3).map((message) => message.uuid)]);
    await complete(uuid, { prompt: 'two, asked again', parent_message_uuid: firstAnswer }, { 'if-match': `"${before.current_leaf_message_uuid}"` });
    const after = await tree(uuid);
    expect(after.messages).toHaveLength(6);
    const path = await user.ask<WithMessages>('GET', `/chat_conversations/${uuid}`);
    expect(path.messages.filter(({ role }) => role === 'user').map(({ content }) => content[0]?.text)).toEqual(['one', 'two, asked again']);
    const oldLeaf = before.current_leaf_message_uuid;
    await user.ask('PUT', `/chat_conversations/${uuid}`, { current_leaf_message_uuid: oldLeaf });
    const back = await user.ask<WithMessages>('GET', `/chat_conversations/${uuid}`);
    expect(back.messages.filter(({ role }) => role === 'user').map(({ content }) => content[0]?.text)).toEqual(['one', 'two']);
  });

  test('a parent or a leaf of another conversation is refused, and nothing is stored', async () => {
    const [one, two] = [await newConversation(), await newConversation()];
    await complete(one, { prompt: 'x' });
    const foreign = (await tree(one)).messages[0]?.uuid;
    const answer = await user.request('POST', `/chat_conversations/${two}/completion`, { prompt: 'y', parent_message_uuid: foreign });
    expect(answer.status).toBe(400);
    expect(answer.json<ErrorAnswer>().error.faults?.map(({ path }) => path)).toEqual(['/body/parent_message_uuid']);
    expect((await user.request('PUT', `/chat_conversations/${two}`, { current_leaf_message_uuid: foreign })).status).toBe(400);
    expect((await tree(two)).messages).toEqual([]);
  });

  test('an empty prompt, an unknown model, an unknown conversation', async () => {
    const uuid = await newConversation();
    expect((await user.request('POST', `/chat_conversations/${uuid}/completion`, { prompt: '' })).status).toBe(400);
    expect((await user.request('POST', `/chat_conversations/${uuid}/completion`, { prompt: 'x', model: 'gpt-99' })).status).toBe(400);
    expect((await user.request('POST', `/chat_conversations/${root}/completion`, { prompt: 'x' })).status).toBe(404);
  });
});

describe('a stream that takes its time', () => {
  let server: RunningServer;
  let user: Client;
  beforeAll(async () => {
    server = await startServer({ profile: 'fast' });
    user = await signIn(server, 'user-0@example.com');
  });
  afterAll(() => server.stop());

  const open = async (controller: AbortController) => {
    const { uuid } = await user.ask<Conversation>('POST', '/chat_conversations', {}, 201);
    const response = await fetch(`${user.url}/api/organizations/${user.org}/chat_conversations/${uuid}/completion`, {
      method: 'POST',
      headers: { cookie: user.cookie, 'content-type': 'application/json', 'accept-encoding': 'identity' },
      body: JSON.stringify({ prompt: 'Go on' }),
      signal: controller.signal,
    });
    const reader = response.body?.getReader();
    if (!reader) throw new Error('no body');
    return { uuid, reader };
  };
  const tree = (uuid: string): Promise<WithMessages> => user.ask('GET', `/chat_conversations/${uuid}?tree=True`);

  test('the prompt is there before the first event; a client that goes leaves a part, with why it is one', async () => {
    const controller = new AbortController();
    const { uuid, reader } = await open(controller);
    expect((await tree(uuid)).messages.map(({ role }) => role)).toEqual(['user']);
    const decoder = new TextDecoder();
    let received = '';
    while (!received.includes('content_block_delta')) received += decoder.decode((await reader.read()).value, { stream: true });
    controller.abort();
    await reader.read().catch(() => undefined);
    await expect.poll(async () => (await tree(uuid)).messages.length, { timeout: 10_000 }).toBe(2);
    const [, answer] = (await tree(uuid)).messages;
    expect(answer).toMatchObject({ role: 'assistant', stop_reason: 'client_abort' });
    const first = eventsOf(received.slice(0, received.lastIndexOf('\n\n') + 2)).find(({ event }) => event === 'content_block_delta');
    const text = (first?.data['delta'] as { text: string } | undefined)?.text ?? 'no delta was seen';
    expect(answer?.content[0]?.text.slice(0, text.length)).toBe(text);
  });

  test('a branch begun while another streams stays the leaf, also when it ends first', async () => {
    const { uuid, reader } = await open(new AbortController());
    const { current_leaf_message_uuid: leaf } = await tree(uuid);
    const controller = new AbortController();
    const other = await fetch(`${user.url}/api/organizations/${user.org}/chat_conversations/${uuid}/completion`, {
      method: 'POST',
      headers: { cookie: user.cookie, 'content-type': 'application/json', 'if-match': `"${leaf}"` },
      body: JSON.stringify({ prompt: 'Something else', parent_message_uuid: root }),
      signal: controller.signal,
    });
    expect(other.status).toBe(200);
    controller.abort();
    await expect.poll(async () => (await tree(uuid)).messages.length, { timeout: 10_000 }).toBe(3);
    for (let chunk = await reader.read(); !chunk.done; ) chunk = await reader.read();
    await expect.poll(async () => (await tree(uuid)).messages.length, { timeout: 10_000 }).toBe(4);
    expect((await tree(uuid)).messages.map(({ stop_reason }) => stop_reason)).toEqual([null, null, 'client_abort', 'end_turn']);
    const { messages } = await user.ask<WithMessages>('GET', `/chat_conversations/${uuid}`);
    expect(messages.map(({ content, stop_reason }) => stop_reason ?? content[0]?.text)).toEqual(['Something else', 'client_abort']);
  });

  test('a conversation deleted while it streams: the stream ends as ever, and nothing is left', async () => {
    const { uuid, reader } = await open(new AbortController());
    await user.ask('DELETE', `/chat_conversations/${uuid}`, undefined, 204);
    const decoder = new TextDecoder();
    let received = '';
    for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) received += decoder.decode(chunk.value, { stream: true });
    expect(eventsOf(received).some(({ event }) => event === 'error')).toBe(false);
    expect(eventsOf(received).at(-1)?.event).toBe('message_stop');
    expect((await user.request('GET', `/chat_conversations/${uuid}`)).status).toBe(404);
  });
});

test('model configuration: known models are described, an unknown one is 404', async () => {
  const server = await start();
  try {
    const user = await signIn(server, 'user-0@example.com');
    for (let round = 0; round < 2; round += 1) {
      expect(await user.ask('GET', '/model_configs/claude-opus-4-5-20251101')).toMatchObject({ model: 'claude-opus-4-5-20251101', context_tokens: 200_000 });
      expect((await user.request('GET', '/model_configs/gpt-99')).status).toBe(404);
    }
  } finally {
    await server.stop();
  }
});

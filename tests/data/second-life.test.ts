/** A uuid that is deleted and made again while what was written to the first one is still on its way: nothing of that is ever seen in the second. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { RunningServer } from '../../reference-server/server.ts';
import { openDatabase, type Place } from '../../reference-server/store/database.ts';
import { ask, json, until } from '../server/frame.ts';
import { type Client, signIn, type WithMessages } from '../services-core/client.ts';
import { forEachDatabase } from '../store/databases.ts';
import { startOn } from './place.ts';

interface Replication {
  channels: Record<'title' | 'content', { backlog: number }>;
}

await forEachDatabase(({ place }) => {
  let where: Place;
  let server: RunningServer;
  let user: Client;
  let stranger: Client;
  beforeAll(async () => {
    where = await place();
    server = await startOn(where);
    user = await signIn(server, 'user-0@example.com');
    stranger = await signIn(server, 'user-0@org2.example.com');
  });
  afterAll(() => server.stop());

  const control = async (path: string, method: string, body?: unknown): Promise<unknown> => {
    const answer = await ask(server.controlUrl, path, { method, ...(body !== undefined && { body }) });
    expect(answer.status, answer.body.toString()).toBe(200);
    return json(answer);
  };
  const lags = (content: unknown, title: unknown) => control('/replication', 'PUT', { content, title });
  const caughtUp = (): Promise<void> =>
    until(
      async () => {
        const { channels } = (await control('/replication', 'GET')) as Replication;
        return channels.title.backlog === 0 && channels.content.backlog === 0;
      },
      'the replica has everything',
      15_000,
    );
  const create = async (by: Client, uuid: string, name = 'New'): Promise<void> => {
    await by.ask('POST', '/chat_conversations', { uuid, name }, 201);
  };
  const remove = (uuid: string): Promise<void> => user.ask('DELETE', `/chat_conversations/${uuid}`, undefined, 204);
  const complete = async (by: Client, uuid: string, prompt: string): Promise<void> => {
    expect((await by.request('POST', `/chat_conversations/${uuid}/completion`, { prompt })).status).toBe(200);
  };
  const addVersion = async (by: Client, artifact: string, content: string, conversation?: string): Promise<void> => {
    const body = { content, ...(conversation !== undefined && { conversation_uuid: conversation }) };
    await by.ask('POST', `/artifacts/${artifact}/versions`, body, 201);
  };
  const read = (by: Client, uuid: string, consistency: string): Promise<WithMessages> =>
    by.ask('GET', `/chat_conversations/${uuid}?tree=True&consistency=${consistency}`);
  const versions = (by: Client, artifact: string, consistency: string): Promise<{ data: { content: string }[] }> =>
    by.ask('GET', `/artifacts/${artifact}/versions?consistency=${consistency}`);
  /** The replica goes on: what somebody else does comes there. */
  const goesOn = async (): Promise<void> => {
    const uuid = crypto.randomUUID();
    await create(user, uuid);
    await complete(user, uuid, 'Still here?');
    await caughtUp();
    expect((await read(user, uuid, 'eventual')).messages).toHaveLength(2);
  };
  beforeEach(async () => {
    await lags(0, 0);
    await caughtUp();
  });

  it('messages of the first life do not come back', async () => {
    const uuid = crypto.randomUUID();
    await create(user, uuid, 'First');
    await lags('1s', 0);
    await complete(user, uuid, 'Of the first');
    await remove(uuid);
    await create(user, uuid, 'Second');
    await goesOn();
    expect(await read(user, uuid, 'eventual')).toEqual(await read(user, uuid, 'strong'));
    expect(await read(user, uuid, 'eventual')).toMatchObject({ name: 'Second', messages: [], current_leaf_message_uuid: null });
  });

  it('nor do they show to another organization that makes a conversation of the same uuid', async () => {
    const uuid = crypto.randomUUID();
    await create(user, uuid, 'Ours');
    await lags('1s', 0);
    await complete(user, uuid, 'Our secret');
    await remove(uuid);
    await create(stranger, uuid, 'Theirs');
    await complete(stranger, uuid, 'Their words');
    await goesOn();
    const seen = await read(stranger, uuid, 'eventual');
    expect(seen).toEqual(await read(stranger, uuid, 'strong'));
    expect(seen.messages.map(({ content }) => content[0]?.text)).not.toContain('Our secret');
    expect(seen.messages).toHaveLength(2);
  });

  it('a version of an artifact that has gone with its conversation holds nobody up', async () => {
    const [uuid, artifact] = [crypto.randomUUID(), crypto.randomUUID()];
    await create(user, uuid);
    await addVersion(user, artifact, 'one', uuid);
    await lags('1s', 0);
    await addVersion(user, artifact, 'two');
    await remove(uuid);
    await create(user, uuid, 'Second');
    await goesOn();
    expect((await user.request('GET', `/artifacts/${artifact}/versions?consistency=eventual`)).status).toBe(404);
  });

  it('where the title channel is the slower one, content of the second life waits until the first has gone', async () => {
    const [uuid, artifact] = [crypto.randomUUID(), crypto.randomUUID()];
    await create(user, uuid, 'First');
    await complete(user, uuid, 'Of the first');
    await addVersion(user, artifact, 'of the first', uuid);
    await lags(0, '1s');
    await remove(uuid);
    await create(user, uuid, 'Second');
    await complete(user, uuid, 'Of the second');
    await addVersion(user, artifact, 'of the second', uuid);
    await goesOn();
    const seen = await read(user, uuid, 'eventual');
    expect(seen).toEqual(await read(user, uuid, 'strong'));
    expect(seen.messages[0]?.content[0]?.text).toBe('Of the second');
    expect((await versions(user, artifact, 'eventual')).data.map(({ content }) => content)).toEqual(['of the second']);
  });

  it('an artifact that is made again in another conversation is there, without its old versions', async () => {
    const [uuid, other, artifact] = [crypto.randomUUID(), crypto.randomUUID(), crypto.randomUUID()];
    await create(user, uuid);
    await create(stranger, other);
    await addVersion(user, artifact, 'ours', uuid);
    await lags(0, '1s');
    await remove(uuid);
    await addVersion(stranger, artifact, 'theirs', other);
    await goesOn();
    expect((await versions(stranger, artifact, 'eventual')).data.map(({ content }) => content)).toEqual(['theirs']);
    expect(await versions(stranger, artifact, 'eventual')).toEqual(await versions(stranger, artifact, 'strong'));
  });

  it('a change that can never be applied is passed over, counted and said; those behind it come', async () => {
    const uuid = crypto.randomUUID();
    await create(user, uuid);
    const ready = async (): Promise<unknown> => json(await ask(server.url, '/readyz'));
    expect(await ready()).toEqual({ status: 'ready' });
    const row = { uuid: crypto.randomUUID(), artifact_uuid: crypto.randomUUID(), version: 1, source: 'w', content: '', created_at: '' };
    const database = await openDatabase(where);
    try {
      await database.db
        .insertInto('change_log')
        .values({
          ...{ channel: 'content', table_name: 'artifact_versions', row_key: row.uuid, conversation_uuid: uuid, committed_at_ms: Date.now(), lag_ms: 0 },
          payload: JSON.stringify({ kind: 'put artifact version', conversation_uuid: uuid, row }),
        })
        .execute();
    } finally {
      await database.close();
    }
    await goesOn();
    const metrics = (await ask(server.url, '/metrics')).body.toString();
    expect(metrics).toMatch(/^plumbline_replication_passed_over_total\{channel="content"\} 1$/m);
    expect(metrics).toMatch(/^plumbline_replication_passed_over_total\{channel="title"\} 0$/m);
    expect(await ready()).toEqual({
      status: 'ready',
      troubles: [expect.stringMatching(/^replication: the replica lacks changes .*: 1 \(the last: entry \d+ of the change log \(put artifact version\)/)],
    });
    // Copied anew, it lacks nothing.
    await control('/reset', 'POST', {});
    expect(await ready()).toEqual({ status: 'ready' });
    user = await signIn(server, 'user-0@example.com');
    stranger = await signIn(server, 'user-0@org2.example.com');
  });
});

/** Reads that see at least what a token names. */
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { metricNames } from '../../scenarios/names.ts';
import type { RunningServer } from '../../reference-server/server.ts';
import { ask } from '../server/frame.ts';
import { type Client, eventsOf, signIn, type WithMessages } from '../services-core/client.ts';
import { metricLines, metricValue } from '../telemetry/metric-lines.ts';
import { forEachDatabase } from '../store/databases.ts';
import { startTiers } from '../tiers/tiers.ts';
import { startOn } from './place.ts';

const header = 'x-consistency-token';

/** The token of the answer, which a stream tells at its end. */
function answerToken(text: string): string {
  const token = eventsOf(text).find(({ event }) => event === 'message_stop')?.data['consistency_token'];
  expect(token).toMatch(/^[\w-]+$/);
  return String(token);
}

await forEachDatabase(({ name, place }) => {
  let server: RunningServer;
  let user: Client;
  beforeAll(async () => {
    server = await startOn(await place());
    user = await signIn(server, 'user-0@example.com');
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    // Nothing comes to the replica from here on.
    expect((await ask(server.controlUrl, '/replication/pause', { method: 'POST' })).status).toBe(200);
  });
  const policy = (reads: string) => ask(server.controlUrl, '/policies', { method: 'PUT', body: { reads } });
  const read = (uuid: string, consistency: string, token?: string) =>
    user.request('GET', `/chat_conversations/${uuid}?tree=True&consistency=${consistency}`, undefined, token === undefined ? {} : { [header]: token });

  it.each([
    ['asked for by the client', 'session', 'eventual'],
    ['made of eventual by the policy', 'eventual', 'session'],
  ])('%s: its own writes are there, from the primary while the replica has not got them', async (_name, consistency, reads) => {
    await policy(reads);
    const created = await user.request('POST', '/chat_conversations', { name: 'Mine' });
    const uuid = created.json<{ uuid: string }>().uuid;
    const token = created.headers.get(header) ?? '';
    expect((await read(uuid, consistency)).status).toBe(404);
    expect((await read(uuid, consistency, token)).status).toBe(200);
    const completed = await user.request('POST', `/chat_conversations/${uuid}/completion`, { prompt: 'Mine, too' });
    const ofPrompt = (await read(uuid, consistency, completed.headers.get(header) ?? '')).json<WithMessages>();
    expect(ofPrompt.messages[0]?.role).toBe('user');
    expect((await read(uuid, consistency, answerToken(completed.text))).json<WithMessages>().messages).toHaveLength(2);
  });

  it('never goes back: what a read has seen, the next one with its token sees, too', async () => {
    await policy('eventual');
    const { uuid } = await user.ask<{ uuid: string }>('POST', '/chat_conversations', { name: 'Seen' }, 201);
    const strong = await read(uuid, 'strong');
    expect(strong.status).toBe(200);
    expect((await read(uuid, 'eventual')).status).toBe(404);
    expect((await read(uuid, 'session', strong.headers.get(header) ?? '')).status).toBe(200);
  });

  it('is served by the replica as soon as that has what the token names', async () => {
    await policy('eventual');
    const created = await user.request('POST', '/chat_conversations', { name: 'Mine' });
    const uuid = created.json<{ uuid: string }>().uuid;
    await ask(server.controlUrl, '/replication/resume', { method: 'POST' });
    await expect.poll(async () => (await read(uuid, 'eventual')).status, { timeout: 10_000 }).toBe(200);
    await ask(server.controlUrl, '/replication/pause', { method: 'POST' });
    // Only the primary knows of this.
    await user.ask('PUT', `/chat_conversations/${uuid}`, { name: 'Changed' });
    expect((await read(uuid, 'session', created.headers.get(header) ?? '')).json<WithMessages>().name).toBe('Mine');
  });

  if (name === 'postgres')
    it('a read that waited for a commit, and saw it, has it in its token', async () => {
      const where = await place();
      const small = await startOn(where, { databasePool: 1 });
      const holder = new pg.Client({ connectionString: where.kind === 'postgres' ? where.url : '' });
      await holder.connect();
      try {
        // Of an owner's role nothing is asked, which would wait in place of the read.
        const client = await signIn(small, 'owner@example.com');
        const { uuid } = await client.ask<{ uuid: string }>('POST', '/chat_conversations', { name: 'Before' }, 201);
        await ask(small.controlUrl, '/replication/pause', { method: 'POST' });
        const path = `/chat_conversations/${uuid}?consistency=`;
        const has = async (metric: string): Promise<number | undefined> =>
          metricValue(metricLines((await ask(small.url, '/metrics')).body.toString()), metric, { pool: 'primary' });
        // The write has the one connection, and waits for this row; the read waits for the connection.
        await holder.query(`begin; select * from plumbline.conversations where uuid = '${uuid}' for update`);
        const renamed = client.request('PUT', `/chat_conversations/${uuid}`, { name: 'After' });
        await expect.poll(() => has(metricNames.storeConnectionsBusy), { interval: 5, timeout: 10_000 }).toBe(1);
        const reading = client.request('GET', `${path}strong`);
        await expect.poll(() => has(metricNames.storeConnectionsWaiting), { interval: 5, timeout: 10_000 }).toBe(1);
        await holder.query('commit');
        expect((await renamed).status).toBe(200);
        const strong = await reading;
        expect(strong.json<WithMessages>().name).toBe('After');
        const after = await client.request('GET', `${path}session`, undefined, { [header]: strong.headers.get(header) ?? '' });
        expect(after.json<WithMessages>().name).toBe('After');
      } finally {
        await holder.end();
        await small.stop();
      }
    });

  it('under the policy strong every read is of the primary; what is no token is refused', async () => {
    await policy('strong');
    const { uuid } = await user.ask<{ uuid: string }>('POST', '/chat_conversations', { name: 'Mine' }, 201);
    for (const consistency of ['eventual', 'session', 'strong']) expect((await read(uuid, consistency)).status).toBe(200);
    await policy('eventual');
    const refused = await read(uuid, 'session', 'soon');
    expect([refused.status, refused.text.includes(header)]).toEqual([400, true]);
  });
});

it('where tiers are processes the tokens are the same, and the edge passes the data paths of its control port on', async () => {
  const tiers = await startTiers();
  try {
    const user = await signIn(tiers, 'user-0@example.com');
    expect((await ask(tiers.controlUrl, '/policies', { method: 'PUT', body: { conflict: 'reject' } })).status).toBe(200);
    expect(JSON.parse((await ask(tiers.inner.services.controlUrl, '/policies')).body.toString())).toMatchObject({ conflict: 'reject' });
    expect((await ask(tiers.controlUrl, '/policies', { method: 'PUT', body: { conflict: 'perhaps' } })).status).toBe(400);
    expect((await ask(tiers.controlUrl, '/replication/pause', { method: 'POST' })).status).toBe(200);
    const { uuid } = await user.ask<{ uuid: string }>('POST', '/chat_conversations', {}, 201);
    const path = `/chat_conversations/${uuid}?tree=True&consistency=session`;
    const completed = await user.request('POST', `/chat_conversations/${uuid}/completion`, { prompt: 'Over four tiers' });
    const { messages, current_leaf_message_uuid } = (
      await user.request('GET', path, undefined, { [header]: answerToken(completed.text) })
    ).json<WithMessages>();
    expect(messages).toHaveLength(2);
    const stale = { prompt: 'x', parent_message_uuid: '00000000-0000-4000-8000-000000000000' };
    const conflict = await user.request('POST', `/chat_conversations/${uuid}/completion`, stale);
    expect([conflict.status, conflict.json<{ error: object }>().error]).toMatchObject([409, { current_leaf_message_uuid }]);
    expect(JSON.parse((await ask(tiers.controlUrl, '/data')).body.toString())).toMatchObject({ acknowledged: 1, rejected: 1 });
  } finally {
    await tiers.stop();
  }
});

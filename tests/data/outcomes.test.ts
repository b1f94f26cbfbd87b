/** Requests with an idempotency key whose outcome their client does not learn: asked again, nothing is done twice, and no half answer is taken for the answer. */
import { sql } from 'kysely';
import { afterEach, describe, expect, it } from 'vitest';
import type { RunningServer } from '../../reference-server/server.ts';
import { forgetExpired, giveUp, keepAnswer, markWritten, reserve } from '../../reference-server/services/idempotency/key-rows.ts';
import { openDatabase, type Place } from '../../reference-server/store/database.ts';
import { ask, putProfile, until } from '../server/frame.ts';
import { type Client, type ErrorAnswer, signIn, type WithMessages } from '../services-core/client.ts';
import { type CuttingProxy, cuttingProxy } from '../store/cutting-proxy.ts';
import { forEachDatabase } from '../store/databases.ts';
import { startOn } from './place.ts';

const keyed = (key: string): Record<string, string> => ({ 'idempotency-key': key });
const policies = { idempotency: 'keys', conflict: 'branch' } as const;
/** A stream that takes its time, so that something can happen meanwhile. */
const slowStreams = `
extends: instant
classes:
  completion: {total: 1500ms, stream: {firstEvent: 100ms, events: 5, gap: 10ms}}
`;
let proxy: CuttingProxy | undefined;
let server: RunningServer | undefined;
afterEach(async () => {
  await server?.stop();
  await proxy?.stop();
  server = undefined;
  proxy = undefined;
});

const tree = (user: Client, uuid: string): Promise<WithMessages> => user.ask('GET', `/chat_conversations/${uuid}?tree=True`);
const errorOf = ({ status, text }: { status: number; text: string }): [number, string | undefined] => [
  status,
  (JSON.parse(text) as Partial<ErrorAnswer>).error?.type,
];

await forEachDatabase(({ name, place }) => {
  const start = async (where: Place): Promise<{ user: Client; server: RunningServer }> => {
    server = await startOn(where, { policies });
    return { server, user: await signIn(server, 'user-0@example.com') };
  };

  it('a key that was taken over is nothing to who had it before', async () => {
    const database = await openDatabase(await place());
    try {
      const { db } = database;
      const [userUuid, key, fingerprint] = [crypto.randomUUID(), 'k', 'f'];
      const [early, late, later] = ['2026-01-01T00:00:00.000000Z', '2026-01-02T00:00:00.000000Z', '2026-01-03T00:00:00.000000Z'];
      const one = { userUuid, key, owner: crypto.randomUUID() };
      const other = { userUuid, key, owner: crypto.randomUUID() };
      const row = () => db.selectFrom('idempotency_keys').select(['state', 'answer', 'owner_uuid']).execute();
      expect(await reserve(db, { ...one, fingerprint, now: early, until: late })).toBe(undefined);
      expect(await reserve(db, { ...other, fingerprint, now: early, until: late })).toEqual({ fingerprint, state: 'running', answer: null });
      expect(await reserve(db, { ...other, fingerprint, now: late, until: later })).toBe(undefined);
      const ofOther = [{ state: 'running', answer: null, owner_uuid: other.owner }];
      expect(await row()).toEqual(ofOther);
      await keepAnswer(db, one, '{}', later);
      await giveUp(db, one);
      expect(await markWritten(db, one, later)).toBe(false);
      expect(await row()).toEqual(ofOther);
      expect(await markWritten(db, other, later)).toBe(true);
      // What is written is not given up.
      await giveUp(db, other);
      expect(await row()).toEqual([{ state: 'written', answer: null, owner_uuid: other.owner }]);
      await keepAnswer(db, other, '{}', later);
      expect(await row()).toEqual([{ state: 'done', answer: '{}', owner_uuid: other.owner }]);
      await forgetExpired(db, later);
      expect(await row()).toEqual([]);
    } finally {
      await database.close();
    }
  });

  it('a stream that the server cut short when it was stopped is not replayed as the answer, nor run again', async () => {
    const where = await place();
    const first = await start(where);
    expect((await putProfile(first.server.controlUrl, slowStreams)).status).toBe(200);
    const { uuid } = await first.user.ask<{ uuid: string }>('POST', '/chat_conversations', {}, 201);
    const request = (user: Client) => user.request('POST', `/chat_conversations/${uuid}/completion`, { prompt: 'Do not stop' }, keyed('cut'));
    const { url, org, cookie } = first.user;
    // Answered with its head, which leaves with the first event.
    const cut = await fetch(`${url}/api/organizations/${org}/chat_conversations/${uuid}/completion`, {
      method: 'POST',
      headers: { cookie, 'content-type': 'application/json', ...keyed('cut') },
      body: JSON.stringify({ prompt: 'Do not stop' }),
    });
    expect(cut.status).toBe(200);
    const [text] = await Promise.all([cut.text(), first.server.stop()]);
    expect(text).toContain('"stop_reason":"drain"');
    const second = await start(where);
    const again = await request(second.user);
    expect([...errorOf(again), again.headers.get('retry-after')]).toEqual([409, 'idempotency_answer_lost', '1']);
    const { messages } = await tree(second.user, uuid);
    expect(messages.map(({ role, stop_reason }) => [role, stop_reason])).toEqual([
      ['user', null],
      ['assistant', 'drain'],
    ]);
  });

  it('nor is one whose answer could not be stored', async () => {
    const where = await place();
    const { user, server: running } = await start(where);
    expect((await putProfile(running.controlUrl, slowStreams)).status).toBe(200);
    const { uuid } = await user.ask<{ uuid: string }>('POST', '/chat_conversations', {}, 201);
    const request = () => user.request('POST', `/chat_conversations/${uuid}/completion`, { prompt: 'Keep this' }, keyed('fails'));
    const database = await openDatabase(where);
    try {
      const failing = request();
      await expect.poll(async () => (await tree(user, uuid)).messages.length, { interval: 5, timeout: 10_000 }).toBe(1);
      await sql`alter table messages rename to messages_away`.execute(database.db);
      expect((await failing).text).toContain('the answer could not be stored');
      await sql`alter table messages_away rename to messages`.execute(database.db);
    } finally {
      await database.close();
    }
    expect(errorOf(await request())).toEqual([409, 'idempotency_answer_lost']);
    expect((await tree(user, uuid)).messages.map(({ role }) => role)).toEqual(['user']);
  });

  if (name === 'postgres')
    describe('and a connection that breaks around the commit', () => {
      const total = async (user: Client): Promise<number> => (await user.ask<{ count: number }>('GET', '/chat_conversations/count_all')).count;
      const startBehindProxy = async (): Promise<{ user: Client; proxy: CuttingProxy }> => {
        const where = await place();
        proxy = await cuttingProxy(where.kind === 'postgres' ? where.url : '');
        const { user, server: running } = await start({ ...where, kind: 'postgres', url: proxy.url, schema: 'plumbline' });
        // No other transaction is to be the next one that commits.
        expect((await ask(running.controlUrl, '/replication/pause', { method: 'POST' })).status).toBe(200);
        return { user, proxy };
      };
      const requests: [what: string, path: string, body: object, count: (user: Client) => Promise<number>][] = [
        ['a conversation', '/chat_conversations', { name: 'Once' }, total],
        ['a project', '/projects', { name: 'Once' }, async (user) => (await user.ask<{ total: number }>('GET', '/projects?limit=1')).total],
      ];

      it.each(requests)('%s whose commit nobody was told of is not made again', async (_what, path, body, count) => {
        const { user, proxy: between } = await startBehindProxy();
        const before = await count(user);
        const isCut = between.cut('before it is told');
        const refused = await user.request('POST', path, body, keyed('a'));
        await isCut;
        expect(errorOf(refused)).toEqual([503, 'store_unavailable']);
        expect(errorOf(await user.request('POST', path, body, keyed('a')))).toEqual([409, 'idempotency_answer_lost']);
        expect(await count(user)).toBe(before + 1);
        // Another request with the same key is told what it is.
        expect((await user.request('POST', path, { name: 'Another' }, keyed('a'))).status).toBe(422);
      });

      it('one that was committed is answered, though its answer cannot be kept', async () => {
        const { user, proxy: between } = await startBehindProxy();
        const before = await total(user);
        const isCut = between.cut('after it is told');
        const answered = await user.request('POST', '/chat_conversations', { name: 'Once' }, keyed('b'));
        await isCut;
        expect(answered.status).toBe(201);
        between.mend();
        await until(async () => (await user.request('GET', '/chat_conversations/count_all')).status === 200, 'the database is there again', 10_000);
        expect(errorOf(await user.request('POST', '/chat_conversations', { name: 'Once' }, keyed('b')))).toEqual([409, 'idempotency_answer_lost']);
        expect(await total(user)).toBe(before + 1);
      });

      it('one that was not committed has its key back', async () => {
        const { user } = await startBehindProxy();
        const before = await total(user);
        // Refused by the database in the write itself.
        expect((await user.request('POST', '/chat_conversations', { name: 'nul \u0000' }, keyed('c'))).status).toBe(400);
        expect((await user.request('POST', '/chat_conversations', { name: 'Once' }, keyed('c'))).status).toBe(201);
        expect(await total(user)).toBe(before + 1);
      });
    });
});

/** A primary, a replica that is behind it, and what a client sees of both over sockets. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RunningServer } from '../../reference-server/server.ts';
import { ask, json, until } from '../server/frame.ts';
import { type Client, signIn, type WithMessages } from '../services-core/client.ts';
import { forEachDatabase } from '../store/databases.ts';
import { startOn } from './place.ts';

const root = '00000000-0000-4000-8000-000000000000';
let server: RunningServer;
let user: Client;

interface ChannelState {
  lagMs: number;
  committedSeq: number;
  appliedSeq: number;
  backlog: number;
}
interface State {
  state: string;
  channels: { title: ChannelState; content: ChannelState };
}

async function control(path: string, body?: unknown, method = 'POST'): Promise<State> {
  const answer = await ask(server.controlUrl, path, { method, ...(body !== undefined && { body }) });
  expect(answer.status, answer.body.toString()).toBe(200);
  return json(answer) as State;
}
const state = (): Promise<State> => control('/replication', undefined, 'GET');
const lags = (content: unknown, title: unknown): Promise<State> => control('/replication', { content, title }, 'PUT');
const caughtUp = (): Promise<void> =>
  until(
    async () => {
      const { title, content } = (await state()).channels;
      return title.backlog === 0 && content.backlog === 0;
    },
    'the replica has everything',
    20_000,
  );
const read = (uuid: string, consistency: string): Promise<WithMessages> => user.ask('GET', `/chat_conversations/${uuid}?tree=True&consistency=${consistency}`);
async function create(name = 'New'): Promise<string> {
  return (await user.ask<{ uuid: string }>('POST', '/chat_conversations', { name }, 201)).uuid;
}
async function complete(uuid: string, prompt: string): Promise<void> {
  const answer = await user.request('POST', `/chat_conversations/${uuid}/completion`, { prompt });
  expect(answer.status).toBe(200);
}

await forEachDatabase(({ place }) => {
  beforeAll(async () => {
    server = await startOn(await place());
    user = await signIn(server, 'user-0@example.com');
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    await control('/replication/resume');
    await lags(0, 0);
    await caughtUp();
  });

  describe('a replica that is behind', () => {
    it('has the seeded conversations from the start, and shows a write when its lag is over, never before', async () => {
      const list = await user.ask<{ total: number }>('GET', '/chat_conversations?consistency=eventual');
      expect(list.total).toBe(200);
      await lags(2_000, 300);
      const sentMs = performance.now();
      const uuid = await create('Seen late');
      // The conversation comes by the title channel, which is quick; before that it is not there.
      expect((await user.request('GET', `/chat_conversations/${uuid}?consistency=eventual`)).status).toBe(404);
      expect((await read(uuid, 'strong')).name).toBe('Seen late');
      await until(async () => (await user.request('GET', `/chat_conversations/${uuid}?consistency=eventual`)).status === 200, 'the title has come', 10_000);
      expect(performance.now() - sentMs).toBeGreaterThanOrEqual(300);
      const promptMs = performance.now();
      await complete(uuid, 'Is anybody there?');
      // In the window: the title is there, and no content.
      const stale = await read(uuid, 'eventual');
      expect(performance.now() - promptMs).toBeLessThan(2_000);
      expect([stale.name, stale.messages, stale.current_leaf_message_uuid]).toEqual(['Seen late', [], null]);
      expect((await read(uuid, 'strong')).messages).toHaveLength(2);
      await until(async () => (await read(uuid, 'eventual')).messages.length === 2, 'the content has come', 10_000);
      expect(performance.now() - promptMs).toBeGreaterThanOrEqual(2_000);
      expect(await read(uuid, 'eventual')).toEqual(await read(uuid, 'strong'));
    });

    it('never shows content without its conversation, even where the title channel is the slower one', async () => {
      await lags(0, 2_000);
      const uuid = await create('Slow title');
      await complete(uuid, 'Quick content');
      expect((await user.request('GET', `/chat_conversations/${uuid}?consistency=eventual`)).status).toBe(404);
      expect((await state()).channels.content.backlog).toBe(4);
      await caughtUp();
      expect(await read(uuid, 'eventual')).toEqual(await read(uuid, 'strong'));
    });

    it('counts reads that lacked a committed change of their conversation, and no others', async () => {
      const count = async (): Promise<number> => Number(/^plumbline_stale_reads_total (\d+)$/m.exec((await ask(server.url, '/metrics')).body.toString())?.[1]);
      const [one, other] = [await create('One'), await create('Other')];
      const before = await count();
      await control('/replication/pause');
      await user.ask('PUT', `/chat_conversations/${one}`, { name: 'Changed' });
      for (let time = 0; time < 3; time += 1) await read(one, 'eventual');
      await read(other, 'eventual');
      await read(one, 'strong');
      expect((await count()) - before).toBe(3);
      await control('/replication/resume');
      await caughtUp();
      await read(one, 'eventual');
      expect((await count()) - before).toBe(3);
    });

    it('tells when a write was committed, from which its lag counts; a read commits nothing', async () => {
      const created = await user.request('POST', '/chat_conversations', { name: 'Timed' });
      const found = /, store;dur=([\d.]+);start=([\d.]+);intended=[\d.]+;commit=([\d.]+)/.exec(created.headers.get('server-timing') ?? '');
      const [durationMs, startMs, commitMs] = (found?.slice(1) ?? []).map(Number) as [number, number, number];
      expect(commitMs).toBeGreaterThanOrEqual(startMs);
      expect(commitMs).toBeLessThanOrEqual(startMs + durationMs);
      const listed = await user.request('GET', '/chat_conversations');
      expect(listed.headers.get('server-timing')).toMatch(/, store;dur=/);
      expect(listed.headers.get('server-timing')).not.toContain('commit=');
    });

    it('without lag an acknowledged write is there', async () => {
      for (let round = 0; round < 20; round += 1) {
        const uuid = await create(`Round ${round}`);
        expect((await read(uuid, 'eventual')).name).toBe(`Round ${round}`);
      }
    });

    it('follows renames, leaves, deletions, artifacts and projects that are deleted', async () => {
      const project = await user.ask<{ uuid: string }>('POST', '/projects', { name: 'P' }, 201);
      const one = await user.ask<{ uuid: string }>('POST', '/chat_conversations', { name: 'One', project_uuid: project.uuid }, 201);
      const ofProject = (): Promise<{ total: number }> => user.ask('GET', `/chat_conversations?project_uuid=${project.uuid}&consistency=eventual`);
      expect((await ofProject()).total).toBe(1);
      await user.ask('DELETE', `/projects/${project.uuid}`, undefined, 204);
      expect((await ofProject()).total).toBe(0);
      await complete(one.uuid, 'First');
      const [prompt] = (await read(one.uuid, 'eventual')).messages;
      await user.ask('PUT', `/chat_conversations/${one.uuid}`, { name: 'Renamed', current_leaf_message_uuid: prompt?.uuid });
      expect(await read(one.uuid, 'eventual')).toMatchObject({ name: 'Renamed', current_leaf_message_uuid: prompt?.uuid });
      expect(await read(one.uuid, 'eventual')).toEqual(await read(one.uuid, 'strong'));
      const artifact = crypto.randomUUID();
      for (let version = 1; version <= 2; version += 1) {
        await user.ask('POST', `/artifacts/${artifact}/versions`, { content: `v${version}`, conversation_uuid: one.uuid }, 201);
      }
      const versions = await user.ask<{ data: unknown[] }>('GET', `/artifacts/${artifact}/versions?consistency=eventual`);
      expect(versions.data).toHaveLength(2);
      expect(versions).toEqual(await user.ask('GET', `/artifacts/${artifact}/versions?consistency=strong`));
      await user.ask('DELETE', `/chat_conversations/${one.uuid}`, undefined, 204);
      expect((await user.request('GET', `/chat_conversations/${one.uuid}?consistency=eventual`)).status).toBe(404);
      expect((await user.request('GET', `/artifacts/${artifact}/versions?consistency=eventual`)).status).toBe(404);
    });

    it('a conversation that was deleted before its content came leaves nothing, and holds nobody up', async () => {
      await lags(300, 0);
      const gone = await create('Gone');
      await complete(gone, 'Lost');
      await user.ask('DELETE', `/chat_conversations/${gone}`, undefined, 204);
      const kept = await create('Kept');
      await complete(kept, 'There');
      await caughtUp();
      expect((await user.request('GET', `/chat_conversations/${gone}?consistency=eventual`)).status).toBe(404);
      expect((await read(kept, 'eventual')).messages).toHaveLength(2);
    });
  });

  describe('pause, resume and restart', () => {
    it('1,000 writes come through them without loss, and in their order', async () => {
      await lags({ uniform: { min: 0, max: 20 } }, { uniform: { min: 0, max: 20 } });
      const before = await state();
      const uuid = await create('Written often');
      const names: string[] = [];
      const watching = new AbortController();
      const watcher = (async () => {
        while (!watching.signal.aborted) {
          const answer = await user.request('GET', `/chat_conversations/${uuid}?consistency=eventual`);
          if (answer.status === 200) names.push(answer.json<{ name: string }>().name);
        }
      })();
      for (let write = 1; write <= 500; write += 1) {
        await user.ask('PUT', `/chat_conversations/${uuid}`, { name: String(write), current_leaf_message_uuid: root });
        if (write === 100) expect((await control('/replication/pause')).state).toBe('paused');
        if (write === 200) {
          const { state: paused, channels } = await state();
          expect([paused, channels.title.backlog >= 100, channels.content.backlog >= 100]).toEqual(['paused', true, true]);
          expect(Number((await read(uuid, 'eventual')).name)).toBeLessThanOrEqual(100);
        }
        if (write === 220) await control('/replication/restart');
        if (write === 240) {
          expect((await state()).state).toBe('paused');
          expect(Number((await read(uuid, 'eventual')).name)).toBeLessThanOrEqual(100);
        }
        if (write === 300) await control('/replication/resume');
        if (write % 50 === 0 && write > 300) await control('/replication/restart');
      }
      await caughtUp();
      watching.abort();
      await watcher;
      const after = (await state()).channels;
      // One number a change, none of them twice: 500 of each channel, and the conversation.
      expect(
        after.title.committedSeq + after.content.committedSeq - before.channels.title.committedSeq - before.channels.content.committedSeq,
      ).toBeGreaterThanOrEqual(1_000);
      expect([after.title.appliedSeq, after.content.appliedSeq]).toEqual([after.title.committedSeq, after.content.committedSeq]);
      expect((await read(uuid, 'eventual')).name).toBe('500');
      const numbers = names.map((name) => (name === 'Written often' ? 0 : Number(name)));
      expect(numbers).toEqual(numbers.toSorted((one, other) => one - other));
    });

    it('a reset leaves the seeded rows on both, and nothing of what was on its way', async () => {
      await lags(200, 200);
      const uuid = await create('On its way');
      await ask(server.controlUrl, '/reset', { method: 'POST', body: {} });
      user = await signIn(server, 'user-0@example.com');
      await caughtUp();
      expect((await user.request('GET', `/chat_conversations/${uuid}?consistency=eventual`)).status).toBe(404);
      const [eventual, strong] = [
        await user.ask('GET', '/chat_conversations?consistency=eventual&limit=250'),
        await user.ask('GET', '/chat_conversations?limit=250'),
      ];
      expect(eventual).toEqual(strong);
    });
  });

  describe('the control port', () => {
    it('refuses what is no lag, no channel and no policy, and changes nothing then', async () => {
      const before = await state();
      for (const body of [{}, { content: 'soon' }, { messages: '1s' }, { title: { p50: '1s' } }, { content: '1s', title: -1 }]) {
        expect((await ask(server.controlUrl, '/replication', { method: 'PUT', body })).status).toBe(400);
      }
      expect(await state()).toEqual(before);
      const refused = await ask(server.controlUrl, '/policies', { method: 'PUT', body: { reads: 'maybe', conflict: 'lww', locks: 'on' } });
      expect(refused.status).toBe(400);
      expect((json(refused, 'error.faults') as { path: string }[]).map(({ path }) => path)).toEqual(['/reads', '/locks']);
      expect(json(await ask(server.controlUrl, '/policies', {}))).toEqual({ conflict: 'lww', idempotency: 'off', reads: 'eventual' });
    });
  });
});

/** What a completion leaves behind that is refused, or whose answer cannot be stored. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ask, completionPath, events, json, newConversation } from './frame.ts';
import { type Talk, withTalk } from './talk.ts';
import { whileBusy } from '../../reference-server/store/sqlite-busy.ts';

afterEach(() => vi.restoreAllMocks());

const stream = 'classes:\n  completion: {total: 400ms, stream: {firstEvent: 100ms, events: 4}}\n';

interface Tree {
  current_leaf_message_uuid: string | null;
  updated_at: string;
  messages: { uuid: string; role: string }[];
}
const treeAt = async ({ server, user }: Talk, path: string): Promise<Tree> =>
  json(await ask(server.url, `${path.replace(/\/completion$/, '')}?tree=True`, { headers: { cookie: user.cookie } })) as Tree;

describe('503 overloaded', () => {
  it('leaves the conversation as it was: the same leaf, no message more', async () => {
    await withTalk(`inference: {slots: 1, queue: 0, slowdownAtFull: 1}\n${stream}`, async (talk) => {
      const other = completionPath(talk.user, await newConversation(talk.server.url, talk.user));
      expect((await ask(talk.server.url, other, { method: 'POST', headers: { cookie: talk.user.cookie }, body: { prompt: 'one' } })).status).toBe(200);
      const before = await treeAt(talk, other);
      expect(before.messages).toHaveLength(2);
      const { response } = await talk.open();
      const refused = await ask(talk.server.url, other, { method: 'POST', headers: { cookie: talk.user.cookie }, body: { prompt: 'two' } });
      expect([refused.status, json(refused, 'error.type')]).toEqual([503, 'overloaded']);
      expect(await treeAt(talk, other)).toEqual(before);
      for await (const _ of response);
    });
  });

  it('comes for exactly as many of a burst as find no place, and only the others are stored', async () => {
    await withTalk(`inference: {slots: 2, queue: 1, slowdownAtFull: 1}\n${stream}`, async (talk) => {
      const answers = await Promise.all(Array.from({ length: 8 }, () => talk.complete()));
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 200, 503, 503, 503, 503, 503]);
      for (const { status, body } of answers) if (status === 200) expect(events(body.toString()).at(-1)?.name).toBe('message_stop');
      expect((await treeAt(talk, talk.path)).messages.map(({ role }) => role).sort()).toEqual(['assistant', 'assistant', 'assistant', 'user', 'user', 'user']);
    });
  });

  it('does not come because others were refused for their own faults: they give their places back', async () => {
    await withTalk(`inference: {slots: 1, queue: 0, slowdownAtFull: 1}\n${stream}`, async (talk) => {
      const missing = talk.path.replace(/[^/]+\/completion$/, '019b8680-3afb-731f-88ab-000000000000/completion');
      for (let i = 0; i < 3; i += 1) {
        expect((await ask(talk.server.url, missing, { method: 'POST', headers: { cookie: talk.user.cookie }, body: { prompt: 'x' } })).status).toBe(404);
      }
      expect((await talk.complete()).status).toBe(200);
    });
  });
});

describe('an answer that cannot be stored', () => {
  it('is told to the client without details, and to the log with them', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'plumbline-fault-'));
    const data = join(folder, 'data.sqlite');
    try {
      await withTalk(
        stream,
        async (talk) => {
          const { response } = await talk.open();
          const beside = new DatabaseSync(data, { enableForeignKeyConstraints: false });
          await whileBusy(() => beside.exec('drop table messages'), 5_000);
          beside.close();
          const written: string[] = [];
          vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
            written.push(String(text));
            return true;
          });
          let body = '';
          for await (const chunk of response) body += (chunk as Buffer).toString('latin1');
          expect(events(body).at(-1)).toMatchObject({ name: 'error', data: { error: { type: 'api_error', message: 'the answer could not be stored' } } });
          expect(written.join('')).toMatch(/plumbline reference server: .*no such table: .*messages/);
          expect((await talk.counts()).aborted).toBe(1);
        },
        { data },
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

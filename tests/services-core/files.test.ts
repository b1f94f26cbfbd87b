import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunningServer } from '../../reference-server/server.ts';
import { type Client, type Conversation, type Page, signIn, start } from './client.ts';

interface StoredFile {
  path: string;
  content_type: string;
  size_bytes: number;
}
interface Version {
  version: number;
  content: string;
  title: string;
  source: string;
}

let server: RunningServer;
let user: Client;
beforeAll(async () => {
  server = await start();
  user = await signIn(server, 'user-0@example.com');
});
afterAll(() => server.stop());
const newConversation = async (by = user): Promise<string> => (await by.ask<Conversation>('POST', '/chat_conversations', {}, 201)).uuid;

describe('files', () => {
  const upload = (uuid: string, path: string, content: Buffer, more = ''): Promise<StoredFile> =>
    user.ask('POST', `/conversations/${uuid}/wiggle/upload-file?path=${encodeURIComponent(path)}${more}`, content, 201);

  test('come back byte for byte, as an attachment of their type', async () => {
    const uuid = await newConversation();
    const bytes = Buffer.from(Array.from({ length: 1_000 }, (_, index) => (index * 37) % 256));
    expect(await upload(uuid, 'bilder/größe 1.png', bytes, '&content_type=image/png')).toMatchObject({
      path: 'bilder/größe 1.png',
      content_type: 'image/png',
      size_bytes: 1_000,
    });
    const response = await fetch(
      `${user.url}/api/organizations/${user.org}/conversations/${uuid}/wiggle/download-file?path=${encodeURIComponent('bilder/größe 1.png')}`,
      {
        headers: { cookie: user.cookie },
      },
    );
    expect(Buffer.from(await response.arrayBuffer()).equals(bytes)).toBe(true);
    expect(response.headers.get('content-type')).toBe('image/png');
    expect(response.headers.get('content-disposition')).toBe("attachment; filename*=UTF-8''gr%C3%B6%C3%9Fe%201.png");
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
  });

  test('are listed by prefix, which has no wildcards and minds case; a second upload replaces', async () => {
    const uuid = await newConversation();
    for (const path of ['a/1.txt', 'a/2.txt', 'ab.txt', 'A/3.txt', '%/4.txt']) await upload(uuid, path, Buffer.from('x'));
    await upload(uuid, 'a/1.txt', Buffer.from('longer'));
    const paths = async (prefix: string): Promise<[string, number][]> => {
      const page = await user.ask<Page<StoredFile>>('GET', `/conversations/${uuid}/wiggle/list-files?prefix=${encodeURIComponent(prefix)}`);
      return page.data.map((file) => [file.path, file.size_bytes]);
    };
    expect(await paths('a/')).toEqual([
      ['a/1.txt', 6],
      ['a/2.txt', 1],
    ]);
    expect(await paths('%')).toEqual([['%/4.txt', 1]]);
    expect(await paths('')).toHaveLength(5);
    expect(await paths('z')).toEqual([]);
    const second = await user.ask<Page<StoredFile>>('GET', `/conversations/${uuid}/wiggle/list-files?limit=2&offset=4`);
    expect(second).toMatchObject({ total: 5, limit: 2, offset: 4 });
    expect(second.data).toHaveLength(1);
  });

  test('paths that climb, types that are none and bodies that are not bytes are refused', async () => {
    const uuid = await newConversation();
    for (const path of ['../x', 'a/../b', '/x', 'a//b', 'a\\b', '.', '']) {
      const answer = await user.request('POST', `/conversations/${uuid}/wiggle/upload-file?path=${encodeURIComponent(path)}`, Buffer.from('x'));
      expect([path, answer.status]).toEqual([path, 400]);
    }
    expect((await user.request('POST', `/conversations/${uuid}/wiggle/upload-file?path=x&content_type=text`, Buffer.from('x'))).status).toBe(400);
    expect((await user.request('POST', `/conversations/${uuid}/wiggle/upload-file?path=x`, { not: 'bytes' })).status).toBe(415);
    expect((await user.request('GET', `/conversations/${uuid}/wiggle/download-file?path=x`)).status).toBe(404);
  });

  test('what was written to a file of the server is there after a restart, with its session', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'plumbline-core-'));
    try {
      const first = await start(join(folder, 'data.sqlite'));
      const before = await signIn(first, 'user-0@example.com');
      const uuid = await newConversation(before);
      await before.ask('POST', `/conversations/${uuid}/wiggle/upload-file?path=kept.txt`, Buffer.from('kept'), 201);
      await first.stop();
      const second = await start(join(folder, 'data.sqlite'));
      try {
        const after = { ...before, url: second.url };
        const answer = await fetch(`${after.url}/api/organizations/${after.org}/conversations/${uuid}/wiggle/download-file?path=kept.txt`, {
          headers: { cookie: after.cookie },
        });
        expect([answer.status, await answer.text()]).toEqual([200, 'kept']);
      } finally {
        await second.stop();
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('artifacts', () => {
  test('versions count up, also when many come at once; the conversation lists all of its artifacts', async () => {
    const uuid = await newConversation();
    const [one, two] = ['019c0000-0000-7000-8000-0000000000b1', '019c0000-0000-7000-8000-0000000000b2'];
    expect((await user.request('POST', `/artifacts/${one}/versions`, { content: 'nowhere' })).status).toBe(404);
    await user.ask('POST', `/artifacts/${one}/versions`, { content: 'v1', conversation_uuid: uuid, title: 'Draft' }, 201);
    await Promise.all(['a', 'b', 'c', 'd'].map((content) => user.ask('POST', `/artifacts/${one}/versions`, { content }, 201)));
    const page = await user.ask<Page<Version>>('GET', `/artifacts/${one}/versions?source=w`);
    expect(page.data.map(({ version }) => version)).toEqual([1, 2, 3, 4, 5]);
    expect(page.data.map(({ content }) => content).sort()).toEqual(['a', 'b', 'c', 'd', 'v1']);
    expect(new Set(page.data.map(({ title }) => title))).toEqual(new Set(['Draft']));
    await user.ask('POST', `/artifacts/${two}/versions`, { content: 'other', conversation_uuid: uuid, source: 'x' }, 201);
    expect((await user.ask<Page<Version>>('GET', `/artifacts/${uuid}/versions`)).total).toBe(6);
    expect((await user.ask<Page<Version>>('GET', `/artifacts/${uuid}/versions?source=w`)).total).toBe(5);
    expect((await user.ask<Page<Version>>('GET', `/artifacts/${two}/versions?source=w`)).total).toBe(0);
  });

  test('the published ones are listed with versions that can be read', async () => {
    const page = await user.ask<Page<{ artifact_uuid: string; version: number; title: string; creator: { display_name: string } }>>(
      'GET',
      '/published_artifacts',
    );
    expect(page.total).toBe(8);
    for (const { artifact_uuid, version, title } of page.data) {
      const versions = await user.ask<Page<Version>>('GET', `/artifacts/${artifact_uuid}/versions?source=w`);
      expect(versions.data.at(-1)).toMatchObject({ version, title });
    }
  });
});

import { zstdCompressSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { operationsByName } from '../../scenarios/operations.ts';
import { type Conversation, type Page, signIn, start } from './client.ts';

/** The table says what is typical, so the mean of many may be off by this much. */
const tolerance = 0.25;

test('bodies on the default seed are as large as the operations table says, and compress about as those of the analysis', async () => {
  const server = await start();
  try {
    const user = await signIn(server, 'user-0@example.com');
    const bodies = new Map<string, string[]>();
    const read = async (operation: string, path: string): Promise<string> => {
      const { text } = await user.request('GET', path);
      bodies.set(operation, [...(bodies.get(operation) ?? []), text]);
      return text;
    };
    await read('chat.conversations.list', '/chat_conversations');
    await read('chat.conversations.count', '/chat_conversations/count_all');
    await read('model.configs.read', '/model_configs/claude-opus-4-5-20251101');
    const conversations = await user.ask<Page<Conversation>>('GET', '/chat_conversations?limit=60');
    for (const { uuid } of conversations.data) {
      await read('chat.conversations.read', `/chat_conversations/${uuid}`);
      const files = await user.ask<Page<{ path: string }>>('GET', `/conversations/${uuid}/wiggle/list-files`);
      if (files.total === 0) continue;
      await read('chat.files.list', `/conversations/${uuid}/wiggle/list-files`);
      for (const { path } of files.data) await read('chat.files.download', `/conversations/${uuid}/wiggle/download-file?path=${encodeURIComponent(path)}`);
    }
    const projects = JSON.parse(await read('projects.list', '/projects')) as Page<{ uuid: string }>;
    for (const { uuid } of projects.data) {
      await read('projects.read', `/projects/${uuid}`);
      await read('projects.permissions.read', `/projects/${uuid}/permissions`);
      await read('projects.accounts.list', `/projects/${uuid}/accounts`);
    }
    const published = JSON.parse(await read('projects.published_artifacts.list', '/published_artifacts')) as Page<{ artifact_uuid: string }>;
    for (const { artifact_uuid } of published.data) await read('chat.artifacts.versions', `/artifacts/${artifact_uuid}/versions?source=w`);

    const mean = (numbers: readonly number[]): number => numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
    for (const [operation, texts] of bodies) {
      const declared = operationsByName.get(operation)?.responseBytes ?? 0;
      const measured = mean(texts.map((text) => Buffer.byteLength(text)));
      expect(Math.abs(measured - declared) / declared, `${operation}: ${Math.round(measured)} bytes, declared ${declared}`).toBeLessThan(tolerance);
    }
    // What a page load reads of these services; the analysis saw about 2.8 over all of its JSON.
    const pageLoad = [
      'chat.conversations.list',
      'chat.conversations.read',
      'projects.list',
      'projects.published_artifacts.list',
      'chat.artifacts.versions',
      'model.configs.read',
    ];
    const texts = pageLoad.map((operation) => bodies.get(operation)?.[0] ?? '');
    const plain = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
    const compressed = texts.reduce((sum, text) => sum + zstdCompressSync(Buffer.from(text)).length, 0);
    expect(plain / compressed).toBeGreaterThan(2.3);
    expect(plain / compressed).toBeLessThan(3.6);
  } finally {
    await server.stop();
  }
});

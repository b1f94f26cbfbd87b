/** How much data is seeded: by flag, by environment, by the control port. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConfigError, readConfig } from '../../reference-server/config.ts';
import { defaultSize, readSize } from '../../reference-server/store/seed/size.ts';
import { cliFile, runProgram } from '../support/cli.ts';
import { ask, json, signIn, start } from './frame.ts';

async function conversations({ url }: { url: string }): Promise<unknown> {
  const { cookie, org } = await signIn(url);
  return json(await ask(url, `/api/organizations/${org}/chat_conversations/count_all`, { headers: { cookie } }), 'count');
}
const faultsOf = (given: unknown): string[] => {
  const read = readSize(given);
  return 'faults' in read ? read.faults.map(({ path }) => path) : [];
};

describe('a size', () => {
  it('is a factor on what an organization has, or counts in place of the default', () => {
    expect(readSize('10')).toEqual({ size: { ...defaultSize, conversations: 2_000, projects: 120, artifacts: 240 } });
    expect(readSize(0.001)).toEqual({ size: { ...defaultSize, conversations: 1, projects: 1, artifacts: 1 } });
    expect(readSize('conversations=7, messagesEach=2')).toEqual({ size: { ...defaultSize, conversations: 7, messagesEach: 2 } });
    expect(readSize({ conversations: 0 })).toEqual({ size: { ...defaultSize, conversations: 0 } });
    expect(readSize('1')).toEqual({ size: defaultSize });
  });

  it('that is none has every fault, with its path', () => {
    for (const given of ['', 'many', '0', '-1', 'NaN', 'Infinity', null, [1], true]) expect([given, faultsOf(given)]).toEqual([given, ['/size']]);
    expect(faultsOf('conversations=x,chats=3,users=-1,projects=1.5,artifacts=,filesEach=1=2')).toEqual(
      ['conversations', 'chats', 'users', 'projects', 'artifacts', 'filesEach'].map((name) => `/size/${name}`),
    );
    expect(faultsOf({ conversations: '5', messagesEach: 1e9 })).toEqual(['/size/conversations', '/size/messagesEach']);
    expect(faultsOf('conversations=100000,messagesEach=11')).toEqual(['/size/messagesEach']);
    expect(faultsOf('10000')).toEqual(['/size/conversations', '/size/projects', '/size/artifacts']);
  });

  it('comes by flag or environment, and is refused with the other wrong flags', () => {
    expect(readConfig(['--size', 'conversations=5'], {}).size?.conversations).toBe(5);
    expect(readConfig([], { PLUMBLINE_SIZE: '2' }).size?.conversations).toBe(400);
    expect(readConfig([], {}).size).toBeUndefined();
    const wrong = (): unknown => readConfig(['--size', 'chats=5,users=x', '--port', 'x'], {});
    expect(wrong).toThrow(ConfigError);
    expect(wrong).toThrow(/--port: .*\n--size: "chats" is no count; there are users, conversations, .*\n--size: "x" is not a whole number/);
  });
});

describe('a server', () => {
  it('seeds that much; a reset keeps the size, or takes another one from then on', async () => {
    const server = await start({ size: { ...defaultSize, conversations: 5 } });
    const reset = (body?: unknown): ReturnType<typeof ask> => ask(server.controlUrl, '/reset', { method: 'POST', ...(body !== undefined && { body }) });
    try {
      expect(await conversations(server)).toBe(5);
      expect(json(await reset(), 'size.conversations')).toBe(5);
      expect(await conversations(server)).toBe(5);
      const refused = await reset({ size: { conversations: -1, chats: 1 } });
      expect([refused.status, json(refused, 'error.faults.0.path'), json(refused, 'error.faults.1.path')]).toEqual([400, '/size/conversations', '/size/chats']);
      expect(await conversations(server)).toBe(5);
      expect((await reset({ size: { conversations: 9 } })).status).toBe(200);
      expect(await conversations(server)).toBe(9);
      expect((await reset()).status).toBe(200);
      expect(await conversations(server)).toBe(9);
      expect(json(await reset({ size: 1 }), 'size')).toEqual(defaultSize);
      expect(await conversations(server)).toBe(200);
    } finally {
      await server.stop();
    }
  });

  it('keeps what a file has, until a reset', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'plumbline-size-'));
    const data = join(folder, 'data.sqlite');
    try {
      await (await start({ data, size: { ...defaultSize, conversations: 3 } })).stop();
      const again = await start({ data, size: { ...defaultSize, conversations: 4 } });
      try {
        expect(await conversations(again)).toBe(3);
        await ask(again.controlUrl, '/reset', { method: 'POST' });
        expect(await conversations(again)).toBe(4);
      } finally {
        await again.stop();
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('by `plumbline serve`: the flag reaches it, its faults come back, and help has it', async () => {
    const wrong = await runProgram(process.execPath, [cliFile, 'serve', '--port', '0', '--size', 'chats=5'], '.', { interruptAfterMs: 15_000 });
    expect([wrong.code, wrong.stderr.trim()]).toEqual([2, expect.stringContaining('--size: "chats" is no count')]);
    expect((await runProgram(process.execPath, [cliFile, 'serve', '--help'], '.')).stdout).toContain('--size <size>');
    const child = spawn(process.execPath, [cliFile, 'serve', '--port', '0', '--size', 'conversations=6', '--json', '--profile', 'instant'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = once(child, 'exit');
    try {
      const [line] = (await once(child.stdout, 'data')) as [Buffer];
      expect(await conversations(JSON.parse(line.toString()) as { url: string })).toBe(6);
    } finally {
      child.kill('SIGTERM');
      await ended;
    }
  }, 30_000);
});

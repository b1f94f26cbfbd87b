/** Files and git branches as the place of a history; real git, a bare repository stands for the remote. */
import { execFileSync } from 'node:child_process';
import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { branchStore } from '../../harness/gate/history/branch-store.ts';
import { parseHistory } from '../../harness/gate/history/history-line.ts';
import { fileStore } from '../../harness/gate/history/history-store.ts';
import { emptyFolder } from '../support/cli.ts';

let folder: Awaited<ReturnType<typeof emptyFolder>>;
beforeEach(async () => {
  folder = await emptyFolder();
});
afterEach(() => folder.remove());

function git(directory: string, ...args: string[]): string {
  return execFileSync('git', ['-C', directory, '-c', 'user.name=t', '-c', 'user.email=t@localhost', ...args], { encoding: 'utf8' }).trim();
}

async function cloned(): Promise<{ remote: string; clone: string }> {
  const remote = join(folder.path, 'remote.git');
  const clone = join(folder.path, 'clone');
  execFileSync('git', ['init', '--quiet', '--bare', remote]);
  execFileSync('git', ['init', '--quiet', '-b', 'main', clone]);
  await writeFile(join(clone, 'server.js'), '// server\n');
  git(clone, 'add', '.');
  git(clone, 'commit', '--quiet', '-m', 'first');
  git(clone, 'remote', 'add', 'origin', remote);
  git(clone, 'push', '--quiet', 'origin', 'main');
  return { remote, clone };
}

describe('a file', () => {
  it('is appended to, and a last line that was cut off stays apart', async () => {
    const path = join(folder.path, 'deep/history.ndjson');
    const store = fileStore(path);
    expect(await store.read()).toBe('');
    await store.append(() => 'a\n');
    await appendFile(path, 'cut');
    await store.append((text) => {
      expect(text).toBe('a\ncut');
      return 'b\n';
    });
    await store.append(() => '');
    expect(await readFile(path, 'utf8')).toBe('a\ncut\nb\n');
  });
});

describe('a branch', () => {
  it('is made without a parent, grows by a commit an append, and leaves the work tree alone', async () => {
    const { remote, clone } = await cloned();
    await writeFile(join(clone, 'server.js'), '// changed, not committed\n');
    const store = branchStore({ directory: clone, branch: 'plumbline-history', remote: 'origin' });
    expect(await store.read()).toBe('');
    await store.append(() => 'one\n');
    await store.append((text) => {
      expect(text).toBe('one\n');
      return 'two\nthree\n';
    });
    expect(await store.read()).toBe('one\ntwo\nthree\n');
    expect(git(remote, 'log', '--format=%s', 'plumbline-history').split('\n')).toEqual(['History: 2 lines more', 'History: 1 line more']);
    expect(git(remote, 'ls-tree', '--name-only', 'plumbline-history')).toBe('history.ndjson');
    expect(git(remote, 'log', '--format=%s', 'main')).toBe('first');
    expect(git(clone, 'status', '--porcelain')).toBe('M server.js');
    expect(git(clone, 'branch', '--list')).toBe('* main');
  });

  it('keeps the lines of both when somebody else appends in between, without force', async () => {
    const { remote, clone } = await cloned();
    const ours = branchStore({ directory: clone, branch: 'h', remote: 'origin' });
    await ours.append(() => 'first\n');
    const other = join(folder.path, 'other');
    execFileSync('git', ['clone', '--quiet', remote, other]);
    const seen: string[] = [];
    await ours.append((text) => {
      seen.push(text);
      // The other pushes after this side has read and before it pushes.
      if (seen.length === 1) {
        git(other, 'checkout', '--quiet', 'h');
        execFileSync('sh', ['-c', 'echo theirs >> history.ndjson'], { cwd: other });
        git(other, 'commit', '--quiet', '-am', 'theirs');
        git(other, 'push', '--quiet', 'origin', 'h');
      }
      return 'ours\n';
    });
    expect(await ours.read()).toBe('first\ntheirs\nours\n');
    expect(seen).toEqual(['first\n', 'first\ntheirs\n']);
    expect(git(remote, 'rev-list', '--count', 'h')).toBe('3');
  });

  it('says so when it may not push', async () => {
    const { remote, clone } = await cloned();
    await mkdir(join(remote, 'hooks'), { recursive: true });
    await writeFile(join(remote, 'hooks/pre-receive'), '#!/bin/sh\necho "no right to push" >&2\nexit 1\n', { mode: 0o755 });
    const store = branchStore({ directory: clone, branch: 'h', remote: 'origin' });
    await expect(store.append(() => 'one\n')).rejects.toThrow(/cannot append to origin\/h:history\.ndjson: .*no right to push/s);
  });

  it('of this clone alone needs no remote', async () => {
    const { clone } = await cloned();
    const store = branchStore({ directory: clone, branch: 'h' });
    await store.append(() => 'one\n');
    await store.append(() => 'two\n');
    expect(await store.read()).toBe('one\ntwo\n');
    expect(git(clone, 'show', 'h:history.ndjson')).toBe('one\ntwo');
    expect(git(clone, 'rev-list', '--count', 'h')).toBe('2');
  });
});

it('says what is wrong with each line of a history', () => {
  expect(() =>
    parseHistory('{"schema":"plumbline.history/2"}\nno\n{"schema":"plumbline.history/1","kind":"gate","id":"a","at":"b","machine":{},"values":{"x":0}}', 'h'),
  ).toThrow(
    'h is not a history of plumbline.history/1:\n  line 1: schema "plumbline.history/2", expected "plumbline.history/1"\n  line 2: not JSON: no\n  line 3: machine must be an object, values an object of numbers above 0',
  );
});

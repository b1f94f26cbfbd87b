import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { stateOf } from '../../harness/gate/sides/git.ts';
import { openSides } from '../../harness/gate/sides/open-side.ts';

let folder = '';
let commit = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'plumbline-state-'));
  const git = (...args: string[]): string => {
    const { stdout, stderr, status } = spawnSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.com', ...args], { cwd: folder, encoding: 'utf8' });
    if (status !== 0) throw new Error(`git ${args.join(' ')}: ${stderr}`);
    return stdout.trim();
  };
  git('init', '-q', '-b', 'main');
  await writeFile(join(folder, 'server.mjs'), 'one');
  await writeFile(join(folder, '.gitignore'), 'log\n');
  git('add', '-A');
  git('commit', '-qm', 'one');
  commit = git('rev-parse', 'HEAD');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it('tells a folder from the same one with other content, new files included, and not by what is ignored or by results', async () => {
  const state = (): Promise<string | undefined> => stateOf(folder, join(folder, 'results'));
  expect(await state()).toBe(`${commit} clean`);
  await writeFile(join(folder, 'log'), 'a line');
  await mkdir(join(folder, 'results'));
  await writeFile(join(folder, 'results', 'gate.json'), '{}');
  expect(await state()).toBe(`${commit} clean`);
  const seen = new Set<string | undefined>();
  for (const [name, text] of [
    ['server.mjs', 'two'],
    ['server.mjs', 'three'],
    ['new.mjs', 'a'],
    ['new.mjs', 'b'],
  ] as const) {
    await writeFile(join(folder, name), text);
    seen.add(await state());
    expect(await state()).toMatch(new RegExp(`^${commit} [0-9a-f]{16}$`));
  }
  expect(seen.size).toBe(4);
  await writeFile(join(folder, 'new.mjs'), 'a');
  expect(seen).toContain(await state());
  expect(await stateOf(tmpdir(), undefined)).toBeUndefined();
});

it('says of each side how it is started, and what is in the folder that its command runs in', async () => {
  const spec = { kind: 'cmd', value: 'node server.mjs', given: 'cmd:node server.mjs' } as const;
  const common = { cwd: folder, gateId: 'gate-test', profile: 'fast', readyTimeoutMs: 1_000, allowHosts: [], say: () => undefined };
  const options = { ...common, readyPath: '/up', serverFlags: { base: [], head: ['--slow', 'all=2'] } };
  const { base, head } = await openSides({ base: spec, head: { kind: 'profile', value: 'fast', given: 'fast' } }, options, new AbortController().signal);
  await Promise.all([base.remove(), head.remove()]);
  expect(base.identity).toMatchObject({ how: 'readyPath: /up', changes: expect.stringContaining(commit) });
  expect(head.identity.how).toBe('flags: --slow all=2');
});

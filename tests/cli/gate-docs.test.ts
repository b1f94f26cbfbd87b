/** What the pages of the gate tell a newcomer to type. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { plumbline } from '../support/cli.ts';

const root = join(import.meta.dirname, '../..');
const page = (name: string): Promise<string> => readFile(join(root, 'docs', name), 'utf8');

it('docs/gate.md begins with ten lines that gate a server of your own, of flags that there are', async () => {
  const [before = '', block = ''] = (await page('gate.md')).split('```');
  expect(before.split('\n').length).toBeLessThan(6);
  expect(block.trim().split('\n').length).toBeLessThanOrEqual(10);
  expect(block.indexOf('plumbline init')).toBeGreaterThan(0);
  const { stdout } = await plumbline(['gate', '--help'], root);
  const flags = [
    ...block
      .slice(block.indexOf('plumbline gate'))
      .replaceAll(/'[^']*'/g, '')
      .matchAll(/ (--[a-z-]+) /g),
  ].map(([, flag]) => flag);
  expect(flags).toEqual(expect.arrayContaining(['--base', '--head', '--scenario', '--install', '--start', '--ready']));
  expect(flags.filter((flag) => !stdout.includes(`${flag} <`))).toEqual([]);
});

it('docs/ci.md names init and a build step before the first workflow, which has one', async () => {
  const text = await page('ci.md');
  const before = text.slice(0, text.indexOf('uses:'));
  expect(before).toContain('plumbline init');
  expect(before).toContain('npm run build');
  for (const file of ['docs/ci.md', 'ci/github/plumbline-gate.yml'])
    expect(await readFile(join(root, file), 'utf8'), file).toContain('--install=npm ci && npm run build\n');
});

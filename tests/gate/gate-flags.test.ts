import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readAcceptance } from '../../harness/gate/read-acceptance.ts';
import { readGate } from '../../harness/gate/gate-store.ts';
import { emptyFolder, plumbline } from '../support/cli.ts';

let folder: Awaited<ReturnType<typeof emptyFolder>>;
beforeAll(async () => {
  folder = await emptyFolder();
});
afterAll(() => folder.remove());

const gate = ['gate', '--base', 'profile:fast', '--head', 'profile:fast', '--scenario', 'crud'];

test.each([
  [['--threshold', 'p95(crdu) < 1s', '--threshold', 'ttfb p50 < 1s'], '--threshold: 2 do not fit:'],
  [['--threshold', 'ttfb p50 < 1s'], 'ttfb p50 < 1s: ttfb is not measured here'],
  [['--accept', 'nowhere.yaml'], 'nowhere.yaml cannot be read'],
  [['--spans', '2'], '--spans: "2" is not a number above 0 and at most 1'],
  [['--on-inconclusive', 'pass'], '--on-inconclusive: given "pass", expected fail'],
])('wrong usage is told before anything is started: %j', async (flags, message) => {
  const { code, stdout, stderr } = await plumbline([...gate, ...flags], folder.path);
  expect(code, stdout).toBe(2);
  expect(stderr).toContain(message);
});

test('a faulty acceptance file is wrong usage, with every fault; the usual one is found by itself', async () => {
  await writeFile(join(folder.path, 'accept.yaml'), 'accept:\n  - {operation: a, metric: latency, expiry: never}\n');
  const { code, stderr } = await plumbline([...gate, '--accept', 'accept.yaml'], folder.path);
  expect(code).toBe(2);
  expect(stderr).toContain('accept.yaml has 3 faults:');
  expect(await readAcceptance(undefined, folder.path)).toBeUndefined();
});

test('without a base: inconclusive, 75, or 0 with a warning where that is asked for; the reports say that nothing was compared', async () => {
  const noBase = ['gate', '--base', 'cmd:exit 3', '--head', 'profile:fast', '--scenario', 'crud', '--out', 'results'];
  const plain = await plumbline(noBase, folder.path);
  expect(plain.code, plain.stdout + plain.stderr).toBe(75);
  expect(plain.stdout).toMatch(/INCONCLUSIVE .*\n\s+No base to compare with, so nothing was compared/);
  const directory = /report: (.*)\/report\.md/.exec(plain.stdout)?.[1] ?? '';
  const file = await readGate(join(folder.path, directory));
  expect(file.noBase).toContain('code 3');
  expect(file.verdict.verdict).toBe('inconclusive');

  const summary = join(folder.path, 'summary.md');
  const warned = await plumbline([...noBase, '--on-inconclusive', 'warn'], folder.path, { env: { GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: summary } });
  expect(warned.code, warned.stdout + warned.stderr).toBe(0);
  expect(warned.stdout).toContain('::warning title=plumbline gate%3A inconclusive::No base to compare with');
  expect(warned.stdout).toContain('warning: inconclusive, let through by --on-inconclusive warn');
});

import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { RunFile } from '../../harness/results/run-file.ts';
import { emptyFolder, plumbline } from '../support/cli.ts';
import { foreignScenario } from './foreign-scenario.ts';
import { type ForeignServer, readMs, startForeignServer } from './foreign-server.ts';

let server: ForeignServer;
let folder: Awaited<ReturnType<typeof emptyFolder>>;

beforeEach(async () => {
  server = await startForeignServer();
  folder = await emptyFolder();
});
afterEach(async () => {
  await server.stop();
  await folder.remove();
});

async function onlyRun(): Promise<RunFile> {
  const [name = ''] = await readdir(join(folder.path, 'results'));
  return JSON.parse(await readFile(join(folder.path, 'results', name, 'run.json'), 'utf8')) as RunFile;
}

async function writeScenario(maxMs: number): Promise<void> {
  await writeFile(join(folder.path, 'my.scenario.ts'), foreignScenario.replace('MAXIMUM', String(maxMs)));
}

// A busy machine can make any run invalid: then once more, in a folder of its own.
const again = { retry: 2 };

test('a server without our headers is measured from an empty folder, in every dialect, and passes', again, async () => {
  await writeScenario(1_000);
  const { code, stdout, stderr } = await plumbline(['run', './my.scenario.ts', '--target', server.url], folder.path);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  expect(stdout).toContain('PASS');
  expect(stdout).toContain('no ground truth');
  const run = await onlyRun();
  expect(run.target.kind).toBe('foreign');
  const [leg] = run.legs;
  const counts = Object.fromEntries((leg?.operations ?? []).map((operation) => [operation.operation, operation.counts.ok]));
  expect(counts).toEqual({ 'items.list': 80, 'ask.openai': 80, 'ask.anthropic': 80, 'ask.plain': 80 });
  // Six events a stream in every dialect.
  expect(leg?.totals.contentEvents).toBe(3 * 80 * 6);
  const items = leg?.operations.find((operation) => operation.operation === 'items.list')?.metrics;
  expect(items?.latency?.quantiles[0]?.ms).toBeGreaterThanOrEqual(readMs - 1);
  expect(items?.residual).toBeUndefined();
  const ask = leg?.operations.find((operation) => operation.operation === 'ask.openai')?.metrics;
  expect(ask?.ttft?.n).toBe(80);
  expect(ask?.tpot?.quantiles[0]?.ms).toBeGreaterThan(15);
  // Its own request plus 4 x 80.
  expect(server.requests).toHaveLength(1 + 4 * 80);
});

test('an objective that is missed fails the run with 99', again, async () => {
  await writeScenario(1);
  const { code, stdout } = await plumbline(['run', './my.scenario.ts', '--target', server.url, '--duration', '3s'], folder.path);
  expect(code).toBe(99);
  expect(stdout).toContain('FAIL');
  expect((await onlyRun()).verdict.verdict).toBe('fail');
});

test.each([
  ['none', undefined],
  ['commonjs', '{"type":"commonjs"}'],
  ['module', '{"type":"module"}'],
])('the scenario file loads whatever the package.json beside it says: %s', async (_name, manifest) => {
  await writeScenario(1_000);
  if (manifest !== undefined) await writeFile(join(folder.path, 'package.json'), manifest);
  const { code, stdout, stderr } = await plumbline(['run', './my.scenario.ts', '--target', server.url, '--dry-run'], folder.path);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  expect(stdout).toContain('openai: POST /openai');
});

test('Ctrl-C keeps what was measured and makes the run invalid', async () => {
  await writeScenario(1_000);
  const { code, stdout } = await plumbline(['run', './my.scenario.ts', '--target', server.url, '--duration', '60s'], folder.path, { interruptAfterMs: 6_000 });
  expect(code).toBe(75);
  expect(stdout).toContain('INVALID');
  const run = await onlyRun();
  expect(run.interrupted).toBe(true);
  expect(run.legs[0]?.totals.counts.ok).toBeGreaterThan(50);
});

test('init writes a scenario that is valid as it stands', async () => {
  const written = await plumbline(['init'], folder.path);
  expect(written.code).toBe(0);
  const { code, stdout } = await plumbline(['run', './my.scenario.ts', '--target', server.url, '--dry-run'], folder.path);
  expect(code).toBe(0);
  expect(stdout).toContain('list: GET /items');
  const again = await plumbline(['init'], folder.path);
  expect(again.code).toBe(2);
  expect(again.stderr).toContain('is there already');
});

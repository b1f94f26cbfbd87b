import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RunFile } from '../../harness/results/run-file.ts';
import { foreignScenario } from '../foreign/foreign-scenario.ts';
import { type ForeignServer, startForeignServer } from '../foreign/foreign-server.ts';
import { startDash } from '../dash/dash-process.ts';
import { type CliResult, emptyFolder, runProgram } from '../support/cli.ts';
import { expectPassUnlessUndelivered } from '../support/verdicts.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
let packed: Awaited<ReturnType<typeof emptyFolder>>;
let folder: Awaited<ReturnType<typeof emptyFolder>>;
let server: ForeignServer;
let tarball: string;

/** Packing compiles; installing fetches the dependencies from npm's cache or registry. */
const slowMs = 300_000;

beforeAll(async () => {
  packed = await emptyFolder();
  folder = await emptyFolder();
  server = await startForeignServer();
  const { code, stderr } = await runProgram('npm', ['pack', '--pack-destination', packed.path], root);
  expect(code, stderr).toBe(0);
  const [name = ''] = (await readdir(packed.path)).filter((file) => file.endsWith('.tgz'));
  expect(name).toMatch(/^plumbline-bench-\d+\.\d+\.\d+\.tgz$/);
  tarball = join(packed.path, name);
}, slowMs);
afterAll(async () => {
  await server?.stop();
  await packed?.remove();
  await folder?.remove();
});

async function expectVerdict({ code, stdout, stderr }: CliResult, name: string): Promise<void> {
  const run = JSON.parse(await readFile(join(folder.path, 'results', name, 'run.json'), 'utf8')) as RunFile;
  expectPassUnlessUndelivered(run, code);
  expect(stdout, stderr).toMatch(new RegExp(`^${run.verdict.verdict.toUpperCase()}  ${name}`, 'm'));
}

test(
  'the packed plumbline measures a foreign server, and starts its own, from an empty folder',
  async () => {
    const plumbline = (...args: string[]): ReturnType<typeof runProgram> =>
      runProgram('npx', ['--yes', '--package', tarball, 'plumbline', ...args], folder.path);
    const init = await plumbline('init');
    expect(init.code, init.stderr).toBe(0);
    await writeFile(join(folder.path, 'my.scenario.ts'), foreignScenario.replace('MAXIMUM', '1000'));
    const run = await plumbline('run', './my.scenario.ts', '--target', server.url, '--duration', '3s');
    const [name = ''] = await readdir(join(folder.path, 'results'));
    await expectVerdict(run, name);
    expect(await readFile(join(folder.path, 'results', name, 'report.html'), 'utf8')).toContain('ask.anthropic');
    // Enough requests for its quantiles: with fewer it would be inconclusive.
    const own = await plumbline('run', 'crud', '--profile', 'instant', '--rate', '100', '--duration', '5s');
    expect(own.stdout, own.stderr).toContain('chat.conversations.list');
    await expectVerdict(own, (await readdir(join(folder.path, 'results'))).find((other) => other !== name) ?? '');
  },
  slowMs,
);

test(
  'the packed plumbline draws the boards of its package, from an empty folder',
  async () => {
    const installed = await emptyFolder();
    try {
      const { code, stderr } = await runProgram('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', tarball], installed.path);
      expect(code, stderr).toBe(0);
      const dash = await startDash([], installed.path, {}, join(installed.path, 'node_modules', 'plumbline-bench', 'bin', 'plumbline.js'));
      try {
        for (const path of ['/', '/d/plumbline-overview/']) {
          const page = await (await fetch(`${dash.url}${path}`)).text();
          const files = [...page.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map(([, file]) => file ?? '');
          expect(files.length, path).toBeGreaterThan(1);
          // From nowhere else: it works without a network.
          expect(page).not.toMatch(/(?:src|href)="(?:https?:)?\/\//);
          for (const file of files) expect((await fetch(`${dash.url}${file}`)).status, file).toBe(200);
        }
        const { boards } = (await (await fetch(`${dash.url}/api/boards`)).json()) as { boards: { uid: string }[] };
        expect(boards.map(({ uid }) => uid)).toContain('plumbline-overview');
        expect((await fetch(`${dash.url}/api/boards/plumbline-overview`)).status).toBe(200);
      } finally {
        expect(await dash.stop()).toBe(0);
      }
    } finally {
      await installed.remove();
    }
  },
  slowMs,
);

test('on a Node that is too old it says so in one line', async () => {
  const source = await readFile(join(root, 'bin/plumbline.js'), 'utf8');
  // The same file with another version in place of this process': old programs are not at hand everywhere.
  const old = join(folder.path, 'old.cjs');
  await writeFile(
    old,
    source
      .replace(/process\.versions\.node/g, "'20.11.0'")
      .replace(/process\.version\b/g, "'v20.11.0'")
      .replace('import(new URL(', 'void (new URL(')
      .replace('import.meta.url', "'file:///'"),
  );
  const { code, stderr } = await runProgram(process.execPath, [old], folder.path);
  expect(code).toBe(2);
  expect(stderr.trim().split('\n')).toHaveLength(1);
  expect(stderr).toContain('needs Node 24 or later; this is v20.11.0');
});

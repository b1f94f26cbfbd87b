/** A study of somebody else's API: the file that `plumbline init --study` writes, as it is, against a server that knows nothing of plumbline. */
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { CellFindings } from '../../harness/results/findings.ts';
import type { RunFile } from '../../harness/results/run-file.ts';
import { startThreadServer, type ThreadServer } from '../foreign/thread-server.ts';
import { type CliResult, emptyFolder, plumbline } from '../support/cli.ts';
import { onlyWrittenRun } from '../support/runs.ts';

vi.setConfig({ testTimeout: 90_000 });

const lagMs = 400;
const file = './my.study.ts';
let folder: Awaited<ReturnType<typeof emptyFolder>>;
let written: string;
beforeAll(async () => {
  folder = await emptyFolder();
  const { code, stdout } = await plumbline(['init', '--study'], folder.path);
  expect(code).toBe(0);
  expect(stdout).toContain('Wrote my.study.ts');
  written = await readFile(join(folder.path, 'my.study.ts'), 'utf8');
});
afterAll(() => folder.remove());

async function studied(server: ThreadServer, study: string, ...flags: string[]): Promise<CliResult & { run: RunFile; cell: CellFindings }> {
  const out = await mkdtemp(join(folder.path, 'out-'));
  const result = await plumbline(['run', study, '--target', server.url, '--out', out, '--no-traces', ...flags], folder.path);
  const { run } = await onlyWrittenRun(out).catch(() => {
    throw new Error(`${result.stdout}${result.stderr}`);
  });
  const cell = run.findings?.cells[0];
  if (!cell) throw new Error(`no findings: ${result.stdout}${result.stderr}`);
  return { ...result, run, cell };
}

const few = ['--count', '30', '--rate', '15'];

/** As a user would who knows that nothing in it takes longer. */
async function withLag(name: string, mostLagMs: number, change: (text: string) => string = (text) => text): Promise<string> {
  await writeFile(join(folder.path, name), change(written.replace('mostLagMs: 10_000', `mostLagMs: ${mostLagMs}`)));
  return `./${name}`;
}

test('what the server replaced is what the study finds, by users who came back before it was seen', async () => {
  const server = await startThreadServer({ lagMs, onStale: 'replace' });
  try {
    const { cell, code, run } = await studied(server, await withLag('replaced.study.ts', 2_000), ...few);
    expect(server.replaced).toBeGreaterThan(3);
    expect(cell.lost.count).toBe(server.replaced);
    expect(cell.lost.n).toBe(30);
    expect(cell.resubmit).toMatchObject({ others: { count: 0, n: 30 }, shown: 0, unreplaced: 0 });
    // A server that does not stream has nothing to wait for after its acknowledgement.
    expect(cell.loss[1]?.users.every(({ delayMs, lost }) => !lost || delayMs < lagMs + 100)).toBe(true);
    expect(run.verdict.verdict).toBe('fail');
    expect(code).toBe(99);
  } finally {
    await server.stop();
  }
});

test('a server that refuses a stale post, and names the last one by a number, loses none', async () => {
  const server = await startThreadServer({ lagMs, onStale: 'refuse' });
  try {
    const { cell, code } = await studied(server, file, ...few);
    expect(cell.lost).toMatchObject({ count: 0, n: 30 });
    expect(cell.refused).toBeGreaterThan(3);
    expect(code).toBe(0);
  } finally {
    await server.stop();
  }
});

test.each([
  ['the list', 'body.posts', 'body.post', 'parent.messages: nothing at "body.post"'],
  ['the id', "id: 'nr',\n    // Where", "id: 'uid',\n    // Where", 'parent.id: the last message at "body.posts" has no text or number at "uid"'],
])('a study that names %s wrongly is told so, and accuses nobody', async (_, right, wrong, said) => {
  const server = await startThreadServer({ lagMs, onStale: 'replace' });
  try {
    const study = await withLag('wrong.study.ts', 2_000, (text) => text.replace(right, wrong));
    const { run, code, stdout } = await studied(server, study, ...few);
    expect(run.verdict.verdict).toBe('invalid');
    expect(run.verdict.reasons[0]).toContain(said);
    expect(run.verdict.reasons[0]).toContain('though the read shows posts-');
    expect(run.findings?.cells[0]?.lost.n).toBe(0);
    expect(stdout).not.toContain('    at ');
    expect(code).toBe(75);
  } finally {
    await server.stop();
  }
});

test('--dry-run counts the requests, shows one of each and sends nothing; a run sends no fewer, and a budget below that is refused', async () => {
  const server = await startThreadServer({ lagMs: 50, onStale: 'refuse' });
  try {
    const { code, stdout } = await plumbline(['run', file, '--target', server.url, '--dry-run', ...few], folder.path);
    expect(code).toBe(0);
    expect(server.requests).toEqual([]);
    // 2 users sign in; 30 each open, post, read, post and are read in the end.
    expect(stdout).toContain('requests: 2 to set up, 150 in each cell');
    expect(stdout).toContain('152 at least');
    expect(stdout).toContain('post: POST /threads/<thread>/posts');
    const over = await plumbline(['run', file, '--target', server.url, '--max-requests', '151', ...few], folder.path);
    expect(over.stderr).toContain('at least 152 requests');
    expect(over.code).toBe(2);
    expect(server.requests).toEqual([]);
    await studied(server, file, ...few);
    expect(server.requests.length).toBeGreaterThanOrEqual(152);
  } finally {
    await server.stop();
  }
});

test('run --help says how many requests a cell sends', async () => {
  const { stdout } = await plumbline(['run', '--help'], folder.path);
  // 120 users with 5 requests each.
  expect(stdout.replace(/\s+/g, ' ')).toContain('resubmit 120: at least 600');
});

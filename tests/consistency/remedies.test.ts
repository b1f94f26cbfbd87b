/** The remedies' table of the reference server, 100 users a cell: what each policy loses and what it keeps, against the server's own count. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { CellFindings } from '../../harness/results/findings.ts';
import type { RunFile } from '../../harness/results/run-file.ts';
import { emptyFolder, plumbline } from '../support/cli.ts';
import { startPostgres } from '../support/postgres.ts';
import { onlyWrittenRun } from '../support/runs.ts';

let folder: Awaited<ReturnType<typeof emptyFolder>>;
beforeAll(async () => {
  folder = await emptyFolder();
});
afterAll(() => folder.remove());

async function studied(
  name: string,
  flags: string[],
  env: NodeJS.ProcessEnv = {},
): Promise<{ run: RunFile; directory: string; code: number | null; stdout: string; cells: Map<string, CellFindings> }> {
  const out = join(folder.path, `${name}-${Object.keys(env).join('')}`);
  const { code, stdout, stderr } = await plumbline(['run', name, '--profile', 'fast', '--out', out, ...flags], folder.path, { env });
  const { run, directory } = await onlyWrittenRun(out).catch(() => {
    throw new Error(`${stdout}${stderr}`);
  });
  return { run, directory, code, stdout, cells: new Map((run.findings?.cells ?? []).map((cell) => [cell.name, cell])) };
}

test('last write wins loses inside the window, with keys too; branch, reject, strong and session reads lose no message', async () => {
  const { run, directory, code, stdout, cells } = await studied('resubmit', ['--cells', 'all', '--count', '100', '--rate', '25']);
  for (const name of ['lww', 'lww-keys']) {
    const cell = cells.get(name);
    expect(cell?.lost.count, name).toBeGreaterThan(0);
    // Of the first look's six messages, which are in the server's count, none is replaced.
    expect(cell?.lost.count, name).toBe(cell?.server?.replaced);
  }
  for (const name of ['branch', 'reject', 'strong', 'session']) {
    expect(cells.get(name)?.lost, name).toMatchObject({ count: 0, n: 200 });
    expect(cells.get(name)?.lostAnswers, name).toMatchObject({ count: 0 });
    expect(cells.get(name)?.lostAnswers?.n, name).toBeGreaterThan(100);
    expect(cells.get(name)?.server?.replaced, name).toBe(0);
  }
  expect(cells.get('reject')?.refused).toBeGreaterThan(0);
  expect(run.verdict.verdict, run.verdict.reasons.join('\n')).toBe('pass');
  expect(code).toBe(0);
  expect(stdout).toMatch(/^ {2}branch +0\/200 /m);
  const html = await readFile(join(directory, 'report.html'), 'utf8');
  const story = /id="chart-lost-message".*?<\/figure>/s.exec(html)?.[0] ?? '';
  const traces = [...story.matchAll(/href="#(chart-trace-[0-9a-f]{32})"/g)].map((match) => match[1] ?? '');
  expect(traces.length).toBeGreaterThanOrEqual(4);
  for (const id of traces) expect(html).toContain(`<figure id="${id}"`);
});

test('without keys a message that is sent twice is there twice, with keys once', async () => {
  const { cells } = await studied('retry', ['--cells', 'lww,lww-keys', '--count', '100', '--rate', '25']);
  expect(cells.get('lww')?.duplicates.count).toBeGreaterThan(20);
  expect(cells.get('lww-keys')).toMatchObject({ duplicates: { count: 0, n: 100 }, lost: { count: 0 }, asExpected: true });
  expect(cells.get('lww-keys')?.replayed).toBeGreaterThan(20);
});

test('on Postgres it is the same: a replica that lags loses, a primary that is asked does not', async (context) => {
  const postgres = await startPostgres();
  if (!postgres) return context.skip('Postgres 15 is missing: apt-get install postgresql-15');
  try {
    const { cells } = await studied('resubmit', ['--cells', 'lww,strong', '--count', '60', '--rate', '20'], { DATABASE_URL: await postgres.newDatabase() });
    expect(cells.get('lww')?.lost.count).toBeGreaterThan(0);
    expect(cells.get('lww')?.lost.count).toBe(cells.get('lww')?.server?.replaced);
    expect(cells.get('strong')?.lost).toMatchObject({ count: 0, n: 120 });
  } finally {
    await postgres.stop();
  }
});

/** The remedies' table of the reference server, 100 users a cell: what each policy loses and what it keeps, against the server's own count. */
import { mkdtemp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { underEventualReads } from '../../harness/consistency/study-driver.ts';
import { controlClient } from '../../harness/control-client.ts';
import { startServerProcess } from '../../harness/server-process.ts';
import type { CellFindings } from '../../harness/results/findings.ts';
import type { RunFile } from '../../harness/results/run-file.ts';
import { emptyFolder, plumbline } from '../support/cli.ts';
import { startPostgres, type TestPostgres } from '../support/postgres.ts';
import { onlyWrittenRun } from '../support/runs.ts';
import { requireTool } from '../support/tools.ts';

// Cells mostly wait: two runs side by side, each with a server of its own.
vi.setConfig({ testTimeout: 180_000, maxConcurrency: 2 });

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
  const out = await mkdtemp(join(folder.path, name));
  const { code, stdout, stderr } = await plumbline(['run', name, '--profile', 'fast', '--out', out, ...flags], folder.path, { env });
  const { run, directory } = await onlyWrittenRun(out).catch(() => {
    throw new Error(`${stdout}${stderr}`);
  });
  return { run, directory, code, stdout, cells: new Map((run.findings?.cells ?? []).map((cell) => [cell.name, cell])) };
}

const hundred = ['--count', '100', '--rate', '25'];

test.concurrent('last write wins loses inside the window, with keys too; branch loses no message', async () => {
  const { run, directory, code, stdout, cells } = await studied('resubmit', ['--cells', 'lww,lww-keys,branch', ...hundred]);
  for (const name of ['lww', 'lww-keys']) {
    const cell = cells.get(name);
    expect(cell?.lost.count, name).toBeGreaterThan(0);
    // Of the first look's six messages, which are in the server's count, none is replaced.
    expect(cell?.lost.count, name).toBe(cell?.server?.replaced);
    expect(cell?.resubmit, name).toMatchObject({ others: { count: 0 }, shown: 0, unreplaced: 0, late: { count: 0 } });
  }
  expectNoneLost(cells, ['branch']);
  expect(run.verdict.verdict, run.verdict.reasons.join('\n')).toBe('pass');
  expect(code).toBe(0);
  expect(stdout).toMatch(/^ {2}branch +0\/100 /m);
  const html = await readFile(join(directory, 'report.html'), 'utf8');
  const story = /id="chart-lost-message".*?<\/figure>/s.exec(html)?.[0] ?? '';
  const traces = [...story.matchAll(/href="#(chart-trace-[0-9a-f]{32})"/g)].map((match) => match[1] ?? '');
  expect(traces.length).toBeGreaterThanOrEqual(4);
  for (const id of traces) expect(html).toContain(`<figure id="${id}"`);
});

test.concurrent('reject, strong and session reads lose no message and no answer', async () => {
  // Strong reads first: the first look is taken under eventual ones all the same, or nobody would come later than at once.
  const { run, code, cells } = await studied('resubmit', ['--cells', 'strong,reject,session', ...hundred]);
  expect(run.findings?.window.longestMs).toBeGreaterThan(100);
  const cost = cells.get('reject')?.cost?.submit.p50;
  expect(cost?.pairs).toBeGreaterThan(90);
  expect(cost?.lowMs).toBeLessThanOrEqual(cost?.ms ?? Number.NaN);
  expect(cost?.highMs).toBeGreaterThanOrEqual(cost?.ms ?? Number.NaN);
  expect(cells.get('strong')).not.toHaveProperty('cost');
  expectNoneLost(cells, ['reject', 'strong', 'session']);
  expect(cells.get('reject')?.refused).toBeGreaterThan(0);
  expect(run.verdict.verdict, run.verdict.reasons.join('\n')).toBe('pass');
  expect(code).toBe(0);
});

test('the first look is under eventual reads, and the cell has its own again, whatever becomes of the look', async () => {
  const server = await startServerProcess({ profile: 'instant' });
  try {
    const control = controlClient(server.controlUrl);
    const strong = { conflict: 'branch', idempotency: 'off', reads: 'strong' } as const;
    await control.setPolicies(strong);
    expect(await underEventualReads(control, () => control.policies())).toEqual({ ...strong, reads: 'eventual' });
    expect(await control.policies()).toEqual(strong);
    await expect(underEventualReads(control, () => Promise.reject(new Error('nothing seen')))).rejects.toThrow('nothing seen');
    expect(await control.policies()).toEqual(strong);
  } finally {
    await server.stop();
  }
});

function expectNoneLost(cells: ReadonlyMap<string, CellFindings>, names: readonly string[]): void {
  for (const name of names) {
    const cell = cells.get(name);
    expect(cell?.lost, name).toMatchObject({ count: 0, n: 100 });
    expect(cell?.lostAnswers, name).toMatchObject({ count: 0 });
    expect(cell?.lostAnswers?.n, name).toBeGreaterThan(100);
    expect(cell?.server?.replaced, name).toBe(0);
  }
}

test.concurrent('without keys a message that is sent twice is there twice, with keys once', async () => {
  const { cells } = await studied('retry', ['--cells', 'lww,lww-keys', ...hundred]);
  expect(cells.get('lww')?.duplicates.count).toBeGreaterThan(20);
  expect(cells.get('lww-keys')).toMatchObject({ duplicates: { count: 0, n: 100 }, lost: { count: 0 }, asExpected: true });
  expect(cells.get('lww-keys')?.replayed).toBeGreaterThan(20);
  expect(cells.get('lww')?.pairs).toMatchObject([
    { variant: 'double-click', users: 50, sentTwice: 50, doubled: { count: 50 } },
    { variant: 'timeout', users: 50 },
  ]);
});

test.concurrent('strong reads are never stale, and a session sees what it wrote and never less than before', async () => {
  const { cells } = await studied('consistency', ['--cells', 'strong,session', '--count', '24', '--rate', '8']);
  expect(cells.get('strong')).toMatchObject({ asExpected: true, stale: { count: 0 }, lost: { count: 0, n: 48 } });
  expect(cells.get('session')).toMatchObject({ asExpected: true, readYourWrites: { count: 0 }, monotonic: { count: 0 } });
  expect(cells.get('session')?.readYourWrites.n).toBeGreaterThan(50);
  // Reads of others are as late as ever.
  expect(cells.get('session')?.stale.count).toBeGreaterThan(20);
});

describe.skipIf(requireTool('postgres') === undefined)('on Postgres', () => {
  let postgres: TestPostgres;
  beforeAll(async () => {
    postgres = (await startPostgres()) as TestPostgres;
  });
  afterAll(() => postgres.stop());

  const onPostgres = async (name: string, flags: string[]): ReturnType<typeof studied> => studied(name, flags, { DATABASE_URL: await postgres.newDatabase() });

  test.concurrent('a replica that lags loses, and each remedy keeps what it keeps elsewhere', async () => {
    const { cells } = await onPostgres('resubmit', ['--cells', 'lww,lww-keys,branch,reject,strong,session', '--count', '60', '--rate', '20']);
    for (const name of ['lww', 'lww-keys']) {
      expect(cells.get(name)?.lost.count, name).toBeGreaterThan(0);
      expect(cells.get(name)?.lost.count, name).toBe(cells.get(name)?.server?.replaced);
    }
    for (const name of ['branch', 'reject', 'strong', 'session']) {
      expect(cells.get(name)?.lost, name).toMatchObject({ count: 0 });
      // On a busy machine the pool refuses some of the writes.
      expect(cells.get(name)?.lost.n, name).toBeGreaterThan(50);
      expect(cells.get(name)?.lostAnswers, name).toMatchObject({ count: 0 });
      expect(cells.get(name)?.server?.replaced, name).toBe(0);
    }
    expect(cells.get('reject')?.refused).toBeGreaterThan(0);
  });

  test.concurrent('a message that is sent twice is there once with keys; a session sees what it wrote', async () => {
    const { cells: pairs } = await onPostgres('retry', ['--cells', 'lww,lww-keys', '--count', '40', '--rate', '20']);
    expect(pairs.get('lww')?.duplicates.count).toBeGreaterThan(10);
    expect(pairs.get('lww-keys')).toMatchObject({ duplicates: { count: 0 }, lost: { count: 0 } });
    expect(pairs.get('lww-keys')?.replayed).toBeGreaterThan(5);
    const { cells } = await onPostgres('consistency', ['--cells', 'strong,session', '--count', '24', '--rate', '8']);
    expect(cells.get('strong')).toMatchObject({ stale: { count: 0 }, lost: { count: 0 } });
    expect(cells.get('session')).toMatchObject({ readYourWrites: { count: 0 }, monotonic: { count: 0 } });
    expect(cells.get('session')?.stale.count).toBeGreaterThan(20);
  });
});

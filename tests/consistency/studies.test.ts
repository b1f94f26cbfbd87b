/** Studies of a server whose lies are known, through the command as a user has it: what it planted is what they find. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { lostUpdates } from '../../harness/consistency/checker/lost-updates.ts';
import type { CellFindings } from '../../harness/results/findings.ts';
import { readHistory } from '../../harness/results/history-file.ts';
import type { RunFile } from '../../harness/results/run-file.ts';
import { listRuns, readRun } from '../../harness/results/run-store.ts';
import { studies } from '../../scenarios/studies.ts';
import { plumbline } from '../support/cli.ts';
import { type Lies, startLyingServer } from './lying-server.ts';

// Studies mostly wait, so those that only count run side by side. Those that hold times against what was planted run alone.
vi.setConfig({ testTimeout: 120_000 });

const lagMs = 300;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'plumbline-study-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

interface Studied {
  run: RunFile;
  cell: CellFindings;
  directory: string;
  output: string;
  code: number | null;
  truth: { acknowledged: number; replaced: number; dropped: number; doubled: number };
}

async function study(name: string, lies: Lies, ...flags: string[]): Promise<Studied> {
  const server = await startLyingServer(lies);
  const out = join(folder, `run-${Math.random().toString(36).slice(2)}`);
  try {
    const { code, stdout, stderr } = await plumbline(['run', name, '--target', server.url, '--no-traces', '--out', out, ...flags], folder);
    const [listing] = await listRuns(out);
    if (!listing) throw new Error(`no run: ${stdout}${stderr}`);
    const run = await readRun(listing.directory);
    const cell = run.findings?.cells[0];
    if (!cell) throw new Error(`no findings: ${stdout}${stderr}`);
    return { run, cell, directory: listing.directory, output: stdout, code, truth: { ...server.truth } };
  } finally {
    await server.stop();
  }
}

const few = ['--count', '40', '--rate', '20'];

describe('resubmit and retry', () => {
  test('last write wins behind a replica that lags: the loss is exactly what the server replaced, and only inside the window', async () => {
    const { run, cell, directory, output, code, truth } = await study('resubmit', { contentLagMs: lagMs, streamMs: 60 }, ...few);
    expect(truth.replaced).toBeGreaterThan(5);
    expect(cell.lost).toMatchObject({ count: truth.replaced, n: 80 });
    const [midStream] = cell.loss;
    // A refresh at the very edge may be read a little earlier or later.
    expect(midStream?.windowMs).toBeGreaterThan(lagMs * 0.7);
    expect(midStream?.windowMs).toBeLessThan(lagMs + 40);
    expect(midStream?.users.filter(({ delayMs, lost }) => delayMs > lagMs + 100 && lost)).toEqual([]);
    expect(midStream?.users.filter(({ delayMs, lost }) => delayMs < lagMs - 50 && !lost)).toEqual([]);
    expect(run.findings?.window.longestMs).toBeGreaterThan(lagMs - 20);
    expect(run.verdict.verdict).toBe('fail');
    expect(code).toBe(99);
    expect(output).toMatch(/mid-stream: \d+ of 20 lost/);
    // The file alone decides the same again.
    const [history] = (await readHistory(directory)).values();
    expect(lostUpdates(history ?? [], { content: 'all' }).lost).toHaveLength(truth.replaced);
    const html = await readFile(join(directory, 'report.html'), 'utf8');
    for (const id of ['chart-lost-message', 'chart-loss-as-it-is-mid-stream', 'chart-loss-as-it-is-after-completion']) expect(html).toContain(`id="${id}"`);
    expect(await readFile(join(directory, 'report.md'), 'utf8')).toContain('| as-it-is: the server as it is | ');
  });

  test.concurrent.each<[string, Lies]>([
    ['branch keeps both', { contentLagMs: lagMs, conflict: 'branch' }],
    ['reject is met with a re-read', { contentLagMs: lagMs, conflict: 'reject' }],
    ['strong reads', { contentLagMs: lagMs, reads: 'strong' }],
    ['a refresh that fails, and shows no empty conversation', { failsFirstRead: true }],
    ['session reads', { contentLagMs: lagMs, reads: 'session' }],
  ])('%s: none is lost', async (_, lies) => {
    const { cell, truth, code } = await study('resubmit', { streamMs: 60, ...lies }, ...few);
    expect(cell.lost).toMatchObject({ count: 0, n: 80 });
    expect(code).toBe(0);
    expect(cell.lostAnswers?.count).toBe(0);
    expect(truth.replaced).toBe(0);
    if (lies.conflict === 'reject') expect(cell.refused).toBeGreaterThan(2);
  });

  test.concurrent('a study in a file of its own', async () => {
    const file = join(folder, 'mine.study.json');
    await writeFile(file, JSON.stringify({ ...studies['resubmit'], name: 'mine', description: 'Mine.', count: 20, ratePerSecond: 20 }));
    const { run, cell } = await study(file, { contentLagMs: lagMs, conflict: 'branch' });
    expect(run.legs.map(({ id }) => id)).toEqual(['mine/as-it-is']);
    expect(cell.lost).toMatchObject({ count: 0, n: 40 });
  });

  test.concurrent('a server that throws acknowledged messages away is found out, to the message', async () => {
    const { cell, truth } = await study('resubmit', { dropsEvery: 7, conflict: 'append' }, ...few);
    expect(truth.dropped).toBeGreaterThan(5);
    // Of the first look's six messages none is decided about; one of the thrown away may be among them.
    expect(truth.dropped - cell.lost.count).toBeGreaterThanOrEqual(0);
    expect(truth.dropped - cell.lost.count).toBeLessThanOrEqual(1);
  });

  test.concurrent('retry without keys: a message that is sent twice is there twice; with keys: once', async () => {
    const [without, withKeys] = await Promise.all([
      study('retry', { conflict: 'append', streamMs: 40 }, ...few),
      study('retry', { conflict: 'append', streamMs: 40, keys: true }, '--cells', 'as-it-is-keys', ...few),
    ]);
    expect(without.cell.duplicates.count).toBeGreaterThan(15);
    expect(without.cell.lost.count).toBe(0);
    expect(withKeys.cell).toMatchObject({ duplicates: { count: 0, n: 40 }, lost: { count: 0 } });
    expect(withKeys.cell.replayed).toBeGreaterThan(15);
  });
});

describe('consistency', () => {
  test('a planted lag is found, title before content, and nothing goes backward', async () => {
    const { cell } = await study('consistency', { contentLagMs: lagMs, titleLagMs: 30, conflict: 'append' }, '--count', '48', '--rate', '16');
    const [content, title] = cell.visibility ?? [];
    // On a busy machine an acknowledgement is noticed late, so that the lag seems shorter.
    expect(content?.curve.quantiles[0]?.ms).toBeGreaterThan(lagMs - 120);
    expect(content?.curve.quantiles[0]?.ms).toBeLessThan(lagMs + 60);
    expect(title?.curve.quantiles[0]?.ms).toBeLessThan(30 + 60);
    // A version whose acknowledgement was noticed late has no read between its title and its content.
    expect(cell.order).toMatchObject({ secondAhead: 0, both: 0 });
    expect(cell.order?.firstAhead).toBeGreaterThan(40);
    expect(cell.monotonic.count).toBe(0);
    expect(cell.readYourWrites.count).toBeGreaterThan(20);
    expect(content?.versionsBehind.find(([versions]) => versions === 1)?.[1]).toBeGreaterThan(20);
    expect(cell.lost).toMatchObject({ count: 0, n: 96 });
  });

  test('a server that acknowledges late: the lag counts from the commit where the server tells of it, and else from the acknowledgement alone', async () => {
    const ackAfterMs = 200;
    const planted = { contentLagMs: lagMs, ackAfterMs, conflict: 'append' } as const;
    const [{ cell, output }, silent] = await Promise.all([
      study('consistency', { ...planted, tells: true }, '--count', '32', '--rate', '16'),
      study('consistency', planted, '--count', '8', '--rate', '16'),
    ]);
    const [content] = cell.visibility ?? [];
    expect(content?.curve.quantiles[0]?.ms).toBeLessThan(lagMs - ackAfterMs + 80);
    expect(content?.fromCommit?.[0]?.ms).toBeGreaterThan(lagMs - 60);
    expect(content?.fromCommit?.[0]?.ms).toBeLessThan(lagMs + 60);
    expect(output).toContain("by the server's own account");
    expect(silent.cell.visibility?.[0]).not.toHaveProperty('fromCommit');
    expect(silent.output).toContain('does not tell when it commits');
  });

  test('two replicas that lag differently make reads go backward', async () => {
    const { cell } = await study('consistency', { contentLagMs: 30, secondLagMs: 300, conflict: 'append' }, '--count', '32', '--rate', '16');
    expect(cell.monotonic.count).toBeGreaterThan(5);
  });
});

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
import { chooseCells } from '../../harness/consistency/cells.ts';
import { judgeCell } from '../../harness/consistency/cell-verdict.ts';
import type { StudyKind } from '../../scenarios/study-types.ts';
import { type Lies, startLyingServer, type Truth } from './lying-server.ts';

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
  truth: Truth;
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

/** What the cell of that name would be judged to be, had it found this. */
function judgedAs(kind: StudyKind, name: string, found: CellFindings): ReturnType<typeof judgeCell> {
  const [cell] = chooseCells(kind, name);
  if (!cell) throw new Error(`no cell ${name}`);
  return judgeCell(cell, found);
}

/** A study of one's own: the shipped one, changed. */
async function studyFile(name: string, kind: StudyKind, change: object): Promise<string> {
  const file = join(folder, `${name}.study.json`);
  await writeFile(file, JSON.stringify({ ...studies[kind], name, description: 'Mine.', ...change }));
  return file;
}

describe('resubmit and retry', () => {
  test('last write wins behind a replica that lags: the loss is exactly what the server replaced, and only inside the window', async () => {
    const { run, cell, directory, output, code, truth } = await study('resubmit', { contentLagMs: lagMs, streamMs: 60 }, ...few);
    expect(truth.replaced).toBeGreaterThan(5);
    expect(cell.lost).toMatchObject({ count: truth.replaced, n: 40 });
    expect(cell.resubmit).toMatchObject({ others: { count: 0, n: 40 }, shown: 0, unreplaced: 0, late: { count: 0 } });
    expect(cell.resubmit?.late?.n).toBeGreaterThan(3);
    expect(judgedAs('resubmit', 'lww', cell)).toMatchObject({ asExpected: true });
    const [midStream] = cell.loss;
    expect(midStream?.windowHighMs).toBeGreaterThan(midStream?.windowMs ?? Number.NaN);
    expect(midStream?.windowHighMs).toBeLessThan(lagMs + 150);
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
    expect(cell.lost).toMatchObject({ count: 0, n: 40 });
    expect(cell.resubmit?.others).toMatchObject({ count: 0, n: 40 });
    // Half of the users, and of these those whose delay was short, were at risk.
    expect(cell.resubmit?.early.n).toBeLessThan(30);
    expect(code).toBe(0);
    expect(cell.lostAnswers?.count).toBe(0);
    expect(truth.replaced).toBe(0);
    if (lies.conflict === 'reject') expect(cell.refused).toBeGreaterThan(2);
  });

  test.concurrent('a study in a file of its own', async () => {
    const file = await studyFile('mine', 'resubmit', { count: 20, ratePerSecond: 20 });
    const { run, cell } = await study(file, { contentLagMs: lagMs, conflict: 'branch' });
    expect(run.legs.map(({ id }) => id)).toEqual(['mine/as-it-is']);
    expect(cell.lost).toMatchObject({ count: 0, n: 20 });
  });

  test.concurrent('a server that throws acknowledged messages away is found out, to the message', async () => {
    const { cell, truth } = await study('resubmit', { dropsEvery: 7, conflict: 'append' }, ...few);
    expect(truth.dropped).toBeGreaterThan(5);
    // Of the first look's messages, six and a few under the load, none is decided about; some of the thrown away may be among them.
    const lost = cell.lost.count + (cell.resubmit?.others.count ?? 0);
    expect(truth.dropped - lost).toBeGreaterThanOrEqual(0);
    expect(truth.dropped - lost).toBeLessThanOrEqual(3);
  });

  test.concurrent.each<[string, Lies, (cell: CellFindings) => number | undefined, string]>([
    ['some of all messages, as soon as they are acknowledged', { dropsEvery: 9 }, ({ resubmit }) => resubmit?.others.count, 'lost that nothing followed'],
    ['some that their users had seen', { forgetsEvery: 4 }, ({ resubmit }) => resubmit?.shown, 'although the refresh had shown them'],
    ['some at any delay, with another one in their place', { dropsFirstEvery: 7 }, ({ resubmit }) => resubmit?.late?.count, 'came back later than'],
  ])('last write wins does not explain a loss outside of its window: %s', async (_, lies, counted, said) => {
    const { cell } = await study('resubmit', { contentLagMs: lagMs, streamMs: 400, ...lies }, '--count', '80', '--rate', '20');
    expect(cell.lost.count).toBeGreaterThan(5);
    expect(counted(cell)).toBeGreaterThan(0);
    const { asExpected, reasons } = judgedAs('resubmit', 'lww', cell);
    expect(asExpected).toBe(false);
    expect(reasons.join('; ')).toContain(said);
  });

  test.concurrent.each<[string, Lies]>([
    ['never answers', { silentEvery: 5 }],
    ['answers 500', { failsAfterEvery: 5 }],
  ])('a server that stores some messages and %s loses none of them, and too little is known to say that all is well', async (name, lies) => {
    const file = await studyFile(name.replace(' ', '-'), 'resubmit', { timeoutMs: 1_500 });
    const { cell, run, code, truth } = await study(file, { conflict: 'branch', ...lies }, ...few);
    expect(truth.unanswered).toBeGreaterThan(8);
    expect(cell.lost.count + (cell.resubmit?.others.count ?? 0)).toBe(0);
    expect(cell.asked).toBe(40);
    expect(cell.lost.n).toBeLessThan(39);
    expect(run.verdict.verdict).toBe('inconclusive');
    expect(run.verdict.reasons.join()).toContain('of 40 could be decided about');
    expect(code).toBe(75);
  });

  test.concurrent('what is late in the end is not lost: it is asked for again until the longest lag is over', async () => {
    const file = await studyFile('late', 'resubmit', { finalRead: studies['resubmit']?.read, finalReadIsPrimary: undefined, mostLagMs: 8_000 });
    const { cell, code, truth } = await study(
      file,
      { contentLagMs: 50, conflict: 'branch', lagGrows: { after: 12, lagMs: 3_000 } },
      '--count',
      '10',
      '--rate',
      '10',
    );
    expect(truth.acknowledged).toBeGreaterThan(20);
    expect(cell.lost).toMatchObject({ count: 0, n: 10 });
    expect(cell.resubmit?.others.count).toBe(0);
    expect(code).toBe(0);
  });

  test.concurrent('where no answer has a name, the delay after completion still counts from the end of the answer', async () => {
    const { cell } = await study('resubmit', { contentLagMs: 100, streamMs: 800, nameless: true }, '--count', '12', '--rate', '12');
    expect(cell).not.toHaveProperty('lostAnswers');
    const delays = cell.loss[1]?.users.map(({ delayMs }) => delayMs) ?? [];
    expect(delays).toHaveLength(6);
    // The first of them comes within a sixth of the horizon; from the acknowledgement it would be 800 ms more.
    expect(Math.min(...delays)).toBeLessThan(400);
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
    const [clicked, timedOut] = without.cell.pairs ?? [];
    expect(clicked).toMatchObject({ variant: 'double-click', users: 20, sentTwice: 20, doubled: { count: 20, n: 20 } });
    expect(timedOut).toMatchObject({ variant: 'timeout', users: 20 });
    expect(without.cell.duplicates.count).toBe((clicked?.doubled.count ?? 0) + (timedOut?.doubled.count ?? 0));
    expect(judgedAs('retry', 'lww', without.cell).asExpected).toBe(true);
    expect(judgedAs('retry', 'lww-keys', without.cell).asExpected).toBe(false);
  });

  test.concurrent('a repetition that is refused because the first one is still at work may have been done: it is no refusal of the message', async () => {
    const { directory, cell } = await study('retry', { conflict: 'append', streamMs: 200, keys: true, busyKeys: true }, '--cells', 'as-it-is-keys', ...few);
    const [history] = (await readHistory(directory)).values();
    const busy = (history ?? []).filter((operation) => operation.status === 409);
    expect(busy.length).toBeGreaterThan(10);
    expect(busy.filter(({ outcome }) => outcome !== 'unknown')).toEqual([]);
    expect(cell).toMatchObject({ lost: { count: 0 }, duplicates: { count: 0 } });
  });

  test.concurrent('a server that doubles some messages by itself is found out', async () => {
    const { cell, truth, code } = await study('consistency', { doublesEvery: 6, conflict: 'append' }, '--count', '24', '--rate', '16');
    expect(truth.doubled).toBeGreaterThan(2);
    // One of the first look's may be among them.
    expect(truth.doubled - cell.duplicates.count).toBeLessThanOrEqual(1);
    expect(code).toBe(99);
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

  test.concurrent.each<[string, Lies, 'strong' | 'session', boolean, string]>([
    ['strong reads', { reads: 'strong' }, 'strong', true, '0 of 48'],
    ['reads of a replica that are called strong', { contentLagMs: 200 }, 'strong', false, 'reads stale: none may be'],
    // Each read is answered late, so that one which was asked before a write comes after its acknowledgement: the client must not fall back to what it knew then.
    ['session reads', { contentLagMs: 200, reads: 'session', readMs: 120 }, 'session', true, '0 of 48'],
    ['reads that heed no token', { contentLagMs: 200 }, 'session', false, 'lack what their session wrote'],
    ['two replicas', { contentLagMs: 20, secondLagMs: 300 }, 'session', false, 'went backward: none may'],
  ])('%s: judged by what their policy promises', async (_, lies, name, asExpected, said) => {
    const { cell } = await study('consistency', { conflict: 'append', ...lies }, '--count', '24', '--rate', '12');
    expect(judgedAs('consistency', name, cell)).toMatchObject({ asExpected });
    expect(judgedAs('consistency', name, cell).reasons.join('; ')).toContain(said);
  });

  test('two replicas that lag differently make reads go backward', async () => {
    const { cell } = await study('consistency', { contentLagMs: 30, secondLagMs: 300, conflict: 'append' }, '--count', '32', '--rate', '16');
    expect(cell.monotonic.count).toBeGreaterThan(5);
  });
});

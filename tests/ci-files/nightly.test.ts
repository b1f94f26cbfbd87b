/** The steps of the nightly workflow in bash: the real history command and git; the gate is a file that was made. */
import { execFileSync } from 'node:child_process';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type HistoryRow, lineText, parseHistory } from '../../harness/gate/history/history-line.ts';
import { makeGate } from '../gate/gate-fixture.ts';
import { madeHistory } from '../history/made-history.ts';
import { cliFile } from '../support/cli.ts';
import { repository, runWorkflow, type StepsRun } from './github-steps.ts';
import { type Scratch, scratchRepository } from './scratch-repository.ts';

let scratch: Scratch;
beforeAll(async () => {
  scratch = await scratchRepository();
  scratch.git('checkout', '--quiet', 'main');
  await cp(join(repository, 'ci'), join(scratch.clone, 'ci'), { recursive: true });
  await mkdir(join(scratch.clone, 'harness'));
  await writeFile(
    join(scratch.clone, 'harness/cli.ts'),
    `import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync } from 'node:fs';
const args = process.argv.slice(2);
if (args[0] === 'gate') {
  console.log(args.join(' '));
  const out = args[args.indexOf('--out') + 1] + '/gate-1';
  mkdirSync(out);
  cpSync(${JSON.stringify(join(scratch.path, 'gate.json'))}, out + '/gate.json');
  process.exit(99);
}
process.exit(spawnSync(process.execPath, [${JSON.stringify(cliFile)}, ...args], { stdio: 'inherit' }).status ?? 1);
`,
  );
  await mkdir(join(scratch.path, 'programs'));
  await writeFile(join(scratch.path, 'programs/npm'), '#!/bin/sh\n', { mode: 0o755 });
});
afterAll(() => scratch?.remove());

const programs = (): Record<string, string> => ({
  PATH: `${join(scratch.path, 'programs')}:${dirname(process.execPath)}:/usr/bin:/bin`,
  HOME: scratch.path,
});

async function night(gateId: string, change: Parameters<typeof makeGate>[0] = {}): Promise<StepsRun> {
  const sides = makeGate().sides;
  const gate = makeGate({ gateId, sides: { head: { ...sides.head, commit: scratch.base }, base: { ...sides.base, commit: scratch.base } }, ...change });
  await writeFile(join(scratch.path, 'gate.json'), JSON.stringify(gate));
  const env = programs();
  return runWorkflow(join(repository, '.github/workflows/nightly.yml'), { workspace: scratch.clone, contexts: { github: {} }, env });
}

/** The history until now, all of it against the same base. */
async function seed(rows: readonly HistoryRow[]): Promise<void> {
  const seeded = rows.map((row) => lineText({ ...row, base: { label: 'git:main', commit: scratch.base } })).join('');
  await writeFile(join(scratch.path, 'seed.ndjson'), seeded);
  const blob = scratch.git('hash-object', '-w', join(scratch.path, 'seed.ndjson'));
  scratch.git('update-index', '--add', '--cacheinfo', `100644,${blob},history.ndjson`);
  const tree = scratch.git('write-tree', '--missing-ok');
  const commit = scratch.git('commit-tree', tree, '-m', 'seed');
  scratch.git('push', '--quiet', '--force', 'origin', `${commit}:refs/heads/plumbline-history`);
}

const step = ({ steps }: StepsRun, name: string): StepsRun['steps'][number] | undefined => steps.find((one) => one.name === name);

it('begins a history, whatever the verdict, and keeps to its first commit as the base', async () => {
  const first = await night('gate-a');
  expect(step(first, 'History')).toMatchObject({ outcome: 'success', output: expect.stringContaining('too few points to tell yet') });
  expect(step(first, 'Gate')?.output).toContain(`gate --base git:${scratch.base} --head git:HEAD`);
  expect(first.failed).toBe(false);
  await writeFile(join(scratch.clone, 'later'), 'later');
  scratch.git('add', 'later');
  scratch.git('commit', '--quiet', '-m', 'later');
  const second = await night('gate-b');
  expect(step(second, 'Gate')?.output).toContain(`gate --base git:${scratch.base} --head git:HEAD`);
  const { rows } = parseHistory(scratch.git('show', 'FETCH_HEAD:history.ndjson'), 'branch');
  expect(rows.map(({ id }) => id)).toEqual(['gate-a', 'gate-b']);
  expect(second.summary).toContain('INCONCLUSIVE');
});

it('fails once the branch has drifted, with the page kept', async () => {
  const { rows } = madeHistory({ seed: 4, series: 1, points: 40, noise: 0.01, step: { from: 30, ratio: 0.04 } });
  await seed(rows);
  const drifted = await night('gate-c');
  expect(step(drifted, 'History')).toMatchObject({ outcome: 'failure', code: 99, output: expect.stringContaining('::error title=plumbline history::') });
  expect(drifted.summary).toMatch(/crud: op0 latency p50[\s\S]*% slower since/);
  expect(await readFile(join(scratch.clone, 'history.html'), 'utf8')).toContain('History of the main branch');
  expect(step(drifted, 'Keep the page of trends')?.with?.['path']).toBe('history.html');
  expect(step(drifted, 'Keep the results')?.outcome).toBe('not run');
});

const invalid = { verdict: { verdict: 'invalid' as const, reasons: ['3 epochs in a row were invalid'] } };
const pointOf = (nightsAgo: number): HistoryRow[] =>
  madeHistory({ seed: 4, series: 1, points: 1, noise: 0.01 }).rows.map((row) => ({ ...row, at: new Date(Date.now() - nightsAgo * 86_400_000).toISOString() }));

it.each([
  [1, 'success', "::warning title=plumbline history::tonight's gate is no point"],
  [2, 'success', "::warning title=plumbline history::tonight's gate is no point"],
  [3, 'failure', '::error title=plumbline history::no point for 3 nights'],
] as const)('a night without a point, the last one %i nights ago: %s', async (nightsAgo, outcome, said) => {
  await seed(pointOf(nightsAgo));
  const ran = await night(`gate-without-${nightsAgo}`, invalid);
  expect(step(ran, 'History')).toMatchObject({ outcome, output: expect.stringContaining(said) });
  expect(ran.failed).toBe(outcome === 'failure');
});

it('fails without a first point, and before anything is pushed where the gate left nothing', async () => {
  scratch.git('push', '--quiet', 'origin', ':refs/heads/plumbline-history');
  expect(step(await night('gate-first', invalid), 'History')).toMatchObject({ outcome: 'failure', output: expect.stringContaining('the history has none') });
  const cli = join(scratch.clone, 'harness/cli.ts');
  const kept = await readFile(cli);
  await writeFile(cli, 'process.exit(1);\n');
  const ran = await night('gate-none');
  await writeFile(cli, kept);
  expect(step(ran, 'Results')).toMatchObject({ outcome: 'failure', output: expect.stringContaining('the gate left no results') });
  expect(step(ran, 'History')).toBeUndefined();
});

it('takes the base from the branches of the checkout, where its job has no credentials to fetch with', async () => {
  const [row] = pointOf(1);
  if (row) await seed([row]);
  scratch.git('fetch', '--quiet', 'origin', '+refs/heads/*:refs/remotes/origin/*');
  scratch.git('remote', 'set-url', 'origin', join(scratch.path, 'nowhere.git'));
  const output = join(scratch.path, 'baseline-output');
  try {
    const env = { ...programs(), HISTORY_BRANCH: 'plumbline-history', GITHUB_OUTPUT: output };
    execFileSync('bash', [join(repository, 'ci/github/baseline.sh')], { cwd: scratch.clone, env, stdio: 'ignore' });
  } finally {
    scratch.git('remote', 'set-url', 'origin', scratch.remote);
  }
  expect(await readFile(output, 'utf8')).toBe(`base=git:${scratch.base}\n`);
});

/** The GitLab job: by gitlab-ci-local, which has a copy of GitLab's schema, and its script in a shell. */
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parse } from 'yaml';
import { repository } from './github-steps.ts';
import { type Scratch, scratchRepository } from './scratch-repository.ts';

const program = createRequire(import.meta.url).resolve('gitlab-ci-local/dist/index.js');
const file = join(repository, 'ci/gitlab/gate.gitlab-ci.yml');
let scratch: Scratch;
beforeAll(async () => {
  scratch = await scratchRepository();
  await writeFile(join(scratch.clone, '.gitlab-ci.yml'), await readFile(file));
});
afterAll(() => scratch?.remove());

function local(args: readonly string[]): { status: number | null; stdout: string; output: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], {
    cwd: scratch.clone,
    encoding: 'utf8',
    env: { PATH: `${dirname(process.execPath)}:/usr/bin:/bin`, HOME: scratch.path, NO_COLOR: '1' },
  });
  return { status, stdout, output: stdout + stderr };
}

interface Job {
  script: string[];
  variables: Record<string, string>;
  allow_failure: { exit_codes: number[] };
  artifacts: { when: string; reports: { junit: string } };
}

const argsIn = (output: string): (string | undefined)[] => [...output.matchAll(/^arg: (.*)$/gm)].map(([, arg]) => arg);

/** The job with what it extends, its script in one shell as the runner does it, in the merge request of `topic`. */
function run(
  variables: Record<string, string>,
  [shell = '', ...flags]: readonly string[] = ['bash', '-eo', 'pipefail'],
): { status: number | null; output: string; job: Job } {
  const { stdout } = local(['--preview']);
  const job = (parse(stdout.slice(stdout.indexOf('---'))) as Record<string, Job>)['plumbline-gate'];
  if (!job) throw new Error(`no job in ${stdout}`);
  const env = { ...job.variables, CI_MERGE_REQUEST_DIFF_BASE_SHA: scratch.base, ...variables, PATH: '/usr/bin:/bin', HOME: scratch.path };
  const { status, stdout: said, stderr } = spawnSync(shell, [...flags, '-c', job.script.join('\n')], { cwd: scratch.clone, encoding: 'utf8', env });
  return { status, output: said + stderr, job };
}

it.each([
  [0, 'pass'],
  [99, 'fail'],
  [75, 'inconclusive'],
] as const)('ends as the gate does: %i', async (code, verdict) => {
  const plumbline = await scratch.plumbline(code, verdict);
  const args = `--start=node server.js --port {port}; touch ${scratch.path}/owned\n\n--install=npm ci && npm run build\n--ready=/healthz $HOME *`;
  const { status, output, job } = run({ PLUMBLINE: plumbline, PLUMBLINE_SCENARIO: 'sse crud', PLUMBLINE_MARGIN: '3%', PLUMBLINE_ARGS: args });
  expect(argsIn(output)).toEqual([
    ...['gate', '--base', `git:${scratch.base}`, '--head', 'git:HEAD', '--out', 'plumbline-results', '--max-minutes', '15'],
    ...['--scenario', 'sse', '--scenario', 'crud', '--margin', '3%', ...args.split('\n').filter((line) => line !== '')],
  ]);
  await expect(readFile(join(scratch.path, 'owned'))).rejects.toThrow('ENOENT');
  expect(status).toBe(code);
  expect(job.allow_failure.exit_codes).toEqual([75]);
  expect(job.artifacts.when).toBe('always');
  expect(globSync(job.artifacts.reports.junit, { cwd: scratch.clone })).toEqual(['plumbline-results/gate-1/junit.xml']);
});

it('is dash as much as bash: runners take either', async () => {
  const { output } = run({ PLUMBLINE: await scratch.plumbline(0, 'pass'), PLUMBLINE_ARGS: '--start=node server.js\n--rate=10' }, ['sh', '-e']);
  expect(argsIn(output).slice(-2)).toEqual(['--start=node server.js', '--rate=10']);
});

it("measures the branch's own commit where HEAD is its merge with the target", async () => {
  const { output } = run({ PLUMBLINE: await scratch.plumbline(0, 'pass'), CI_MERGE_REQUEST_SOURCE_BRANCH_SHA: scratch.head });
  expect(argsIn(output).slice(1, 5)).toEqual(['--base', `git:${scratch.base}`, '--head', `git:${scratch.head}`]);
});

it('says that it has to be told how plumbline is run: it is in no registry', () => {
  const { status, output } = run({});
  expect({ status, output }).toEqual({ status: 2, output: expect.stringMatching(/^PLUMBLINE is not set: expected the command/) });
});

it('measures nothing and passes nothing without a base', async () => {
  const { status, output } = run({ PLUMBLINE: await scratch.plumbline(0, 'pass'), CI_MERGE_REQUEST_DIFF_BASE_SHA: '' });
  expect({ status, output }).toEqual({ status: 75, output: 'no base: nothing to compare with, nothing was measured\n' });
});

it('is refused with a wrong key', async () => {
  const broken = (await readFile(file, 'utf8')).replace('  interruptible: true', '  interruptible: maybe');
  await writeFile(join(scratch.clone, 'broken.yml'), broken);
  const { status, output } = local(['--file', 'broken.yml', '--list']);
  expect(status).not.toBe(0);
  expect(output).toMatch(/interruptible/);
  expect(local(['--list']).status).toBe(0);
});

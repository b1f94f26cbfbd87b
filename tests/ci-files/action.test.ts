/** The steps of the composite action, in bash; a command in the place of plumbline tells which arguments it got. */
import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type GitHubApi, startGitHubApi } from './github-api.ts';
import { repository, runAction, type StepsRun } from './github-steps.ts';
import { type Scratch, scratchRepository } from './scratch-repository.ts';

let scratch: Scratch;
let api: GitHubApi;
beforeAll(async () => {
  scratch = await scratchRepository();
  api = await startGitHubApi();
});
afterAll(async () => {
  await api?.close();
  await scratch?.remove();
});
beforeEach(() => {
  api.comments = [];
  api.calls = [];
  api.readOnly = false;
});

const pull = (base: string): object => ({ token: 'the-token', event: { pull_request: { number: 7, base: { sha: base } } } });

function run(inputs: Record<string, string>, github: object, workspace = scratch.clone): Promise<StepsRun> {
  const env = { PATH: `${dirname(process.execPath)}:/usr/bin:/bin`, HOME: scratch.path, GITHUB_API_URL: api.url, GITHUB_REPOSITORY: 'o/r' };
  return runAction(repository, inputs, { workspace, contexts: { github }, env });
}

const outcomes = ({ steps }: StepsRun): string[] => steps.map(({ name, outcome }) => `${name}: ${outcome}`);
const argsOf = ({ steps }: StepsRun): string[] =>
  [...(steps.find(({ name }) => name === 'Gate')?.output ?? '').matchAll(/^arg: (.*)$/gm)].map(([, arg]) => arg ?? '');

describe('the verdict', () => {
  it.each([
    [0, 'pass', '0'],
    [99, 'fail', '99'],
    [75, 'inconclusive', '75'],
    [75, 'invalid', '75'],
  ] as const)('%i, %s: the job ends with %s, after the comment and the artifact', async (code, verdict, exitCode) => {
    const ran = await run({ plumbline: await scratch.plumbline(code, verdict) }, pull(scratch.base));
    expect(ran.failed).toBe(code !== 0);
    expect(outcomes(ran)).toEqual([
      'Sides: success',
      'Install plumbline: skipped',
      'Gate: success',
      'Comment: success',
      'Keep the results: not run',
      `Verdict: ${code === 0 ? 'success' : 'failure'}`,
    ]);
    expect(ran.steps.at(-1)).toMatchObject({ code, output: `plumbline gate: ${verdict} (exit code ${exitCode})\n` });
    expect(ran.outputs).toMatchObject({ verdict, 'exit-code': exitCode });
    expect(ran.steps[4]?.with).toMatchObject({ name: 'plumbline-gate', path: ran.outputs['directory'] });
    expect(api.comments.map(({ body }) => body)).toEqual([`<!-- plumbline-gate -->\n${verdict}\n`]);
  });

  it('2 without results: a fault, no comment and nothing kept', async () => {
    const ran = await run({ plumbline: await scratch.plumbline(2, 'none') }, pull(scratch.base));
    expect(ran.outputs).toEqual({ verdict: 'fault', 'exit-code': '2', directory: '' });
    expect(outcomes(ran).slice(3)).toEqual(['Comment: skipped', 'Keep the results: skipped', 'Verdict: failure']);
  });
});

describe('the sides', () => {
  it("are the pull request's base and what is checked out, with every input as an argument of its own", async () => {
    const ran = await run(
      {
        plumbline: await scratch.plumbline(0, 'pass'),
        scenario: 'page-load, sse\n./my.scenario.ts\n',
        margin: '3%',
        'max-minutes': '9',
        'on-inconclusive': 'retry:1',
        args: '--start=node server.js --port {port}; touch $HOME/owned\n--ready=/healthz\n',
      },
      pull(scratch.base),
    );
    const out = argsOf(ran)[6];
    expect(argsOf(ran)).toEqual([
      ...['gate', '--base', `git:${scratch.base}`, '--head', 'git:HEAD', '--out', out],
      ...['--scenario', 'page-load', '--scenario', 'sse', '--scenario', './my.scenario.ts', '--margin', '3%', '--max-minutes', '9'],
      ...['--on-inconclusive', 'retry:1', '--start=node server.js --port {port}; touch $HOME/owned', '--ready=/healthz'],
    ]);
  });

  it('are the commit before a push', async () => {
    const ran = await run({ plumbline: await scratch.plumbline(0, 'pass') }, { event: { before: scratch.base } });
    expect(argsOf(ran).slice(1, 3)).toEqual(['--base', `git:${scratch.base}`]);
    expect(outcomes(ran)).toContain('Comment: skipped');
  });

  it('fetch the history that a shallow checkout has not', async () => {
    const shallow = join(scratch.path, 'shallow');
    execFileSync('git', ['clone', '--quiet', '--depth=1', '--branch', 'topic', `file://${scratch.remote}`, shallow]);
    const ran = await run({ plumbline: await scratch.plumbline(0, 'pass') }, pull(scratch.base), shallow);
    expect(argsOf(ran).slice(1, 3)).toEqual(['--base', `git:${scratch.base}`]);
    expect(execFileSync('git', ['-C', shallow, 'merge-base', 'HEAD', scratch.base], { encoding: 'utf8' }).trim()).toBe(scratch.base);
  });

  it.each([
    ['', 75],
    ['retry:2', 75],
    ['warn', 0],
    ['fail', 99],
  ])('without a base nothing is measured and nothing passes: on-inconclusive "%s" is %i', async (policy, code) => {
    const ran = await run({ plumbline: await scratch.plumbline(0, 'pass'), 'on-inconclusive': policy }, { event: { before: '0'.repeat(40) } });
    expect(argsOf(ran)).toEqual([]);
    expect(ran.outputs).toMatchObject({ verdict: 'no-base', 'exit-code': String(code) });
    expect(ran.failed).toBe(code !== 0);
    expect(ran.summary).toContain('**no base**');
    expect(ran.steps.find(({ name }) => name === 'Gate')?.output).toContain('::warning title=plumbline gate::no base');
  });
});

describe('the comment', () => {
  const comment = async (code: 0 | 99): Promise<string> => {
    const ran = await run({ plumbline: await scratch.plumbline(code, code === 0 ? 'pass' : 'fail') }, pull(scratch.base));
    const step = ran.steps.find(({ name }) => name === 'Comment');
    expect(step?.outcome).toBe('success');
    return step?.output ?? '';
  };

  it('is written once and replaced from then on, wherever it is among others', async () => {
    expect(await comment(99)).toContain('comment written: https://github.example/1000');
    const other = { body: 'looks good', user: { login: 'someone', type: 'User' } };
    api.comments.unshift(...Array.from({ length: 230 }, (_, id) => ({ ...other, id })));
    // Somebody who quotes the marker keeps their comment.
    api.comments.unshift({ ...other, id: 900, body: '<!-- plumbline-gate -->\nmine' });
    expect(await comment(0)).toContain('comment replaced: https://github.example/1000');
    expect(api.comments).toHaveLength(232);
    expect(api.comments.at(-1)?.body).toBe('<!-- plumbline-gate -->\npass\n');
    expect(api.comments[0]?.body).toBe('<!-- plumbline-gate -->\nmine');
    expect(api.calls.filter((call) => call.startsWith('GET'))).toHaveLength(1 + 3);
  });

  it("is left out with a fork's token, and the verdict stays", async () => {
    api.readOnly = true;
    expect(await comment(0)).toContain(
      '::warning title=plumbline gate::no comment (the job summary and the artifact have the report): POST /repos/o/r/issues/7/comments: 403',
    );
    expect(api.comments).toEqual([]);
  });

  it('is left out when the API cannot be reached, or says no', async () => {
    const file = join(scratch.path, 'comment.md');
    await writeFile(file, 'no marker\n');
    const node = (env: Record<string, string>): string =>
      execFileSync(process.execPath, [join(repository, 'ci/github/comment.mjs')], {
        encoding: 'utf8',
        env: { COMMENT_FILE: file, PULL_NUMBER: '7', GITHUB_REPOSITORY: 'o/r', GITHUB_TOKEN: 'x', ...env },
      });
    expect(node({ GITHUB_API_URL: 'http://127.0.0.1:9' })).toContain('does not begin with a hidden marker');
    await writeFile(file, '<!-- plumbline-gate -->\ntext\n');
    expect(node({ GITHUB_API_URL: 'http://127.0.0.1:9' })).toContain('::warning title=plumbline gate::no comment');
  });
});

/** The steps of the composite action, in bash; a command in the place of plumbline tells which arguments it got. */
import { execFile, execFileSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
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

const pull = (base: string): object => ({ token: 'the-token', event: { pull_request: { number: 7, base: { sha: base }, head: { sha: scratch.head } } } });
const marker = '<!-- plumbline-gate: performance / plumbline-gate -->';

function run(inputs: Record<string, string>, github: object, workspace = scratch.clone): Promise<StepsRun> {
  const env = {
    PATH: `${dirname(process.execPath)}:/usr/bin:/bin`,
    HOME: scratch.path,
    GITHUB_API_URL: api.url,
    GITHUB_REPOSITORY: 'o/r',
    GITHUB_WORKFLOW: 'performance',
  };
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
    expect(api.comments.map(({ body }) => body)).toEqual([`${marker}\n${verdict}\n`]);
  });

  it('2 without results: a fault, nothing kept, and a comment that there is no verdict', async () => {
    const ran = await run({ plumbline: await scratch.plumbline(2, 'none') }, pull(scratch.base));
    expect(ran.outputs).toEqual({ verdict: 'fault', 'exit-code': '2', directory: '' });
    expect(outcomes(ran).slice(3)).toEqual(['Comment: success', 'Keep the results: skipped', 'Verdict: failure']);
    expect(api.comments.map(({ body }) => body)).toEqual([
      `${marker}\n⚠️ plumbline gate: **no verdict** for ${scratch.head}: the gate left no results (exit code 2); the log says why.\n`,
    ]);
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

/** Not sync: it asks a server of this process. */
async function script(env: Record<string, string>): Promise<string> {
  const file = join(repository, 'ci/github/comment.mjs');
  const { stdout } = await promisify(execFile)(process.execPath, [file], { env: { PULL_NUMBER: '7', GITHUB_REPOSITORY: 'o/r', ...env } });
  return stdout;
}

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
    api.comments.unshift({ ...other, id: 900, body: `${marker}\nmine` });
    expect(await comment(0)).toContain('comment replaced: https://github.example/1000');
    expect(api.comments).toHaveLength(232);
    expect(api.comments.at(-1)?.body).toBe(`${marker}\npass\n`);
    expect(api.comments[0]?.body).toBe(`${marker}\nmine`);
    expect(api.calls.filter((call) => call.startsWith('GET'))).toHaveLength(1 + 3);
  });

  it("is left out with a fork's token, and the verdict stays", async () => {
    api.readOnly = true;
    expect(await comment(0)).toContain(
      '::warning title=plumbline gate::no comment (the job summary and the artifact have the report): POST /repos/o/r/issues/7/comments: 403',
    );
    expect(api.comments).toEqual([]);
  });

  it('is of its own gate: another one of the workflow, and the same of another workflow, keep theirs', async () => {
    await comment(99);
    const plumbline = await scratch.plumbline(0, 'pass');
    const second = await run({ plumbline, 'artifact-name': 'gate-sse <!-- x --> *' }, pull(scratch.base));
    expect(second.steps.find(({ name }) => name === 'Comment')?.output).toContain('comment written: https://github.example/1001');
    expect(await script({ GITHUB_WORKFLOW: 'nightly', COMMENT_NAME: 'plumbline-gate', GITHUB_API_URL: api.url, GITHUB_TOKEN: 'the-token' })).toContain(
      'written',
    );
    expect(api.comments.map(({ body }) => body.split('\n')[0])).toEqual([
      marker,
      '<!-- plumbline-gate: performance / gate-sse __-- x --_ _ -->',
      '<!-- plumbline-gate: nightly / plumbline-gate -->',
    ]);
    await comment(0);
    expect(api.comments[0]?.body).toBe(`${marker}\npass\n`);
    expect(api.comments[1]?.body).toBe('<!-- plumbline-gate: performance / gate-sse __-- x --_ _ -->\npass\n');
  });

  it.each<[string, Record<string, string>, string]>([
    ['where there is no base', { VERDICT: 'no-base', CODE: '75' }, 'there is no base to compare with, so nothing was measured.'],
    ['where the gate was not even begun', {}, 'the gate did not come to an end; the log says why.'],
    [
      'with a way to the log',
      { VERDICT: 'fault', CODE: '1', GITHUB_SERVER_URL: 'https://github.example', GITHUB_RUN_ID: '12' },
      'the gate left no results (exit code 1); [the log](https://github.example/o/r/actions/runs/12) says why.',
    ],
  ])('takes the place of what was said of an earlier commit, %s', async (_name, env, why) => {
    api.comments = [{ id: 1_000, body: `${marker}\n✅ **pass**\n`, user: { login: 'github-actions[bot]', type: 'Bot' } }];
    const said = {
      GITHUB_WORKFLOW: 'performance',
      COMMENT_NAME: 'plumbline-gate',
      HEAD_SHA: 'abc',
      GITHUB_API_URL: api.url,
      GITHUB_TOKEN: 'the-token',
      ...env,
    };
    expect(await script(said)).toContain('comment replaced');
    expect(api.comments.map(({ body }) => body)).toEqual([`${marker}\n⚠️ plumbline gate: **no verdict** for abc: ${why}\n`]);
  });

  it('is left out when the API cannot be reached', async () => {
    expect(await script({ GITHUB_API_URL: 'http://127.0.0.1:9', GITHUB_TOKEN: 'x' })).toContain('::warning title=plumbline gate::no comment');
  });
});

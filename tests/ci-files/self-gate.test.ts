/**
 * The steps of this project's own workflow on a clone of it, with the real gate: a change in the server's code that slows one operation by 10% through its store is
 * failed and named, no change passes. What is smaller than in that workflow, so that both take two minutes: two operations for its three scenarios, eight short epochs, no
 * pilot. They take half a second each, so that a tenth is far more than the noise of a machine that does other things as well; the margins of p95, p99 and CPU are wide, since
 * 75 requests an epoch say little of them. What noise makes invalid is measured once more, and is no pass then either.
 */
import { execFileSync } from 'node:child_process';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import crud from '../../scenarios/crud.ts';
import { signIn } from '../../scenarios/session.ts';
import { emptyFolder } from '../support/cli.ts';
import { type GitHubApi, startGitHubApi } from './github-api.ts';
import { repository, runWorkflow, type StepsRun } from './github-steps.ts';

const changedFile = 'reference-server/services/chat/conversations.ts';
const query = "backends.read(exchange, 'select conversations', (db) =>";
/** A tenth of the operation's median. */
const addedMs = 50;
/** After eight epochs 0.5% more errors are ruled out, as a pass needs: 8 * 150 requests. */
const flags = [
  ...['--profile=./half-a-second.yaml', '--rate=60', '--samples=75', '--warmup=500ms', '--no-pilot', '--margin=p50=5%,p95=25%,p99=50%'],
  ...['--on-inconclusive=retry:1', '--max-minutes=4'],
];
const profile = `
name: half-a-second
extends: fast
work: added
operations:
  chat.conversations.list: { total: &half { p0: 450ms, p50: 500ms, p100: 550ms } }
  chat.conversations.count: { total: *half }
`;

let folder: Awaited<ReturnType<typeof emptyFolder>>;
let api: GitHubApi;
let clone: string;
let base: string;

function git(...args: string[]): string {
  return execFileSync('git', ['-C', clone, '-c', 'user.name=t', '-c', 'user.email=t@localhost', ...args], { encoding: 'utf8' }).trim();
}

beforeAll(async () => {
  folder = await emptyFolder();
  api = await startGitHubApi();
  clone = join(folder.path, 'clone');
  execFileSync('git', ['clone', '--quiet', repository, clone]);
  const journeys = crud.journeys.filter(({ name }) => ['look-at-recents', 'count'].includes(name));
  expect(journeys).toHaveLength(2);
  // They need no more than a session.
  const two = { ...crud, name: 'two', objectives: [], journeys, setup: [signIn] };
  await writeFile(join(clone, 'two.scenario.json'), JSON.stringify(two));
  await writeFile(join(clone, 'half-a-second.yaml'), profile);
  // In the place of the workflow's `npm ci`: what is installed here already, which is the same.
  await mkdir(join(folder.path, 'programs'));
  await writeFile(join(folder.path, 'programs/npm'), '#!/bin/sh\n', { mode: 0o755 });
  await symlink(join(repository, 'node_modules'), join(clone, 'node_modules'));
  base = git('rev-parse', 'HEAD');
});
afterAll(async () => {
  await api?.close();
  await folder?.remove();
});

/** As for a pull request of what is committed in the clone. */
function runGate(): Promise<StepsRun> {
  return runWorkflow(join(clone, '.github/workflows/gate.yml'), {
    workspace: clone,
    contexts: {
      github: {
        token: 'the-token',
        ref: 'refs/pull/7/merge',
        event: { pull_request: { number: 7, base: { sha: base }, head: { sha: git('rev-parse', 'HEAD') } } },
      },
      inputs: { scenario: './two.scenario.json', args: flags.join('\n') },
    },
    env: {
      ...{ PATH: `${join(folder.path, 'programs')}:${process.env['PATH']}`, HOME: folder.path, NO_COLOR: '1' },
      ...{ GITHUB_API_URL: api.url, GITHUB_REPOSITORY: 'o/r', GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'safe.directory', GIT_CONFIG_VALUE_0: '*' },
    },
  });
}

function explain({ steps }: StepsRun): string {
  return steps.map(({ name, outcome, output }) => `== ${name}: ${outcome}\n${output}`).join('\n');
}

it('fails a change that slows one operation by a tenth through its store, and names both', { timeout: 400_000 }, async () => {
  const code = await readFile(join(clone, changedFile), 'utf8');
  const slower = code.replace(query, `${query.replace('(db)', 'async (db)')} (await new Promise<void>((resolve) => setTimeout(resolve, ${addedMs}))) ??`);
  expect(slower).not.toBe(code);
  git('checkout', '--quiet', '-b', 'slower');
  await writeFile(join(clone, changedFile), slower);
  git('commit', '--quiet', '-am', 'Wait in the query of the list');
  const run = await runGate();
  expect(run.steps.at(-1), explain(run)).toMatchObject({ name: 'Verdict', code: 99 });
  const body = api.comments[0]?.body ?? '';
  expect(body).toMatch(/\*\*fail\*\*: chat\.conversations\.list is \d+(\.\d+)?% slower at p50/);
  expect(body).toMatch(/chat\.conversations\.list: in the hop store/);
  expect(run.summary).toContain('chat.conversations.list');
});

it('passes what is no change', { timeout: 400_000 }, async () => {
  git('checkout', '--quiet', '-B', 'same', base);
  await writeFile(join(clone, changedFile), `${await readFile(join(clone, changedFile), 'utf8')}\n// Only words.\n`);
  git('commit', '--quiet', '-am', 'Only words');
  const run = await runGate();
  expect(run.steps.at(-1), explain(run)).toMatchObject({ name: 'Verdict', code: 0 });
  expect(run.failed).toBe(false);
  expect(api.comments).toHaveLength(1);
  expect(api.comments[0]?.body).toContain('**pass**');
});

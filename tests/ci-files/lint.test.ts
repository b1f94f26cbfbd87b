/** The shipped workflows by actionlint, and the rules that it has not. */
import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { requireTool } from '../support/tools.ts';
import { repository } from './github-steps.ts';

const actionlint = requireTool('actionlint');
const workflows = ['.github/workflows/gate.yml', '.github/workflows/nightly.yml', 'ci/github/plumbline-gate.yml'];
const all = [...workflows, 'action.yml'];
const text = (file: string): Promise<string> => readFile(join(repository, file), 'utf8');

describe.skipIf(actionlint === undefined)('actionlint', () => {
  it.each(workflows)('finds nothing in %s', (file) => {
    const { status, stdout } = spawnSync(actionlint ?? '', ['-no-color', join(repository, file)], { cwd: repository, encoding: 'utf8' });
    expect({ status, stdout }).toEqual({ status: 0, stdout: '' });
  });

  it('finds an input that the action has not, and a wrong expression', async () => {
    const broken = (await text('.github/workflows/gate.yml')).replace('scenario: ${{', 'scenarios: ${{').replace('github.sha }}', 'github.shah }}');
    // The local action is found from the folder of the repository.
    const { status, stdout } = spawnSync(actionlint ?? '', ['-no-color', '-stdin-filename', '.github/workflows/gate.yml', '-'], {
      cwd: repository,
      input: broken,
      encoding: 'utf8',
    });
    expect(status).toBe(1);
    expect(stdout).toContain('"scenarios" is not defined in action');
    expect(stdout).toContain('property "shah" is not defined');
  });
});

it.each(all)('%s takes actions of others by commit, and puts no expression into a script', async (file) => {
  const content = await text(file);
  const uses = [...content.matchAll(/uses: (\S+)/g)].map(([, action]) => action);
  const loose = uses.filter((action) => action !== './' && action !== 'OWNER/plumbline@COMMIT' && !/^[\w-]+\/[\w-]+@[0-9a-f]{40}$/.test(action ?? ''));
  expect(loose).toEqual([]);
  const steps = stepsOf(parse(content));
  expect(steps.length).toBeGreaterThan(2);
  // An expression in a script is filled in before the shell reads it: a branch's name could be a command.
  expect(steps.filter(({ run }) => run?.includes('${{'))).toEqual([]);
});

it.each(workflows)('%s never runs foreign code with a token that can write', async (file) => {
  const workflow = parse(await text(file)) as { on: Record<string, unknown>; permissions?: Permissions; concurrency?: unknown };
  expect(Object.keys(workflow.on)).not.toContain('pull_request_target');
  expect(Object.keys(workflow.on)).not.toContain('workflow_run');
  const permissions = workflow.permissions ?? { all: 'by default' };
  expect(permissions).toEqual(file.endsWith('nightly.yml') ? { contents: 'read' } : { contents: 'read', 'pull-requests': 'write' });
  expect(workflow.concurrency).toBeDefined();
});

it.each(workflows)('%s: a job that can push builds and starts nothing, and one that does has no token in its checkout', async (file) => {
  const { jobs } = parse(await text(file)) as { jobs: Record<string, { permissions?: Permissions; steps: Step[] }> };
  for (const [name, { permissions, steps }] of Object.entries(jobs)) {
    const scripts = steps.map(({ run }) => run ?? '').join('\n');
    const gates = scripts.includes('gate.sh') || steps.some(({ uses }) => uses === './' || uses === 'OWNER/plumbline@COMMIT');
    const checkout = steps.find(({ uses }) => uses?.startsWith('actions/checkout@'));
    expect.soft({ name, gates, pushes: permissions?.['contents'] === 'write' }).toEqual({ name, gates, pushes: !gates });
    if (gates) expect.soft(checkout?.with, name).toMatchObject({ 'persist-credentials': false });
    // Packages run scripts of their own while they are installed.
    else expect.soft(scripts.match(/npm ci .*/)?.[0], name).toContain('--ignore-scripts');
  }
});

it.each(['sides', 'gate', 'baseline', 'history'])('ci/github/%s.sh is bash without faults of syntax', (name) => {
  expect(spawnSync('bash', ['-n', join(repository, 'ci/github', `${name}.sh`)], { encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' });
});

type Permissions = Record<string, string>;

interface Step {
  run?: string;
  uses?: string;
  with?: Record<string, unknown>;
}

function stepsOf(file: { runs?: { steps: Step[] }; jobs?: Record<string, { steps: Step[] }> }): Step[] {
  return file.runs?.steps ?? Object.values(file.jobs ?? {}).flatMap(({ steps }) => steps);
}

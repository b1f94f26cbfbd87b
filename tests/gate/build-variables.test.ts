/** What a build service tells its steps, tokens among it, is not for the code that the gate judges. */
import { execFileSync } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readConfig } from '../../harness/config.ts';
import { openSides, type SideOptions } from '../../harness/gate/sides/open-side.ts';
import { gateView } from '../../harness/commands/gate-view.ts';
import { emptyFolder } from '../support/cli.ts';
import { epochRecord } from './record-fixture.ts';

let folder: Awaited<ReturnType<typeof emptyFolder>>;
const secrets = {
  GITHUB_TOKEN: 'secret-1',
  ACTIONS_RUNTIME_TOKEN: 'secret-2',
  RUNNER_TEMP: 'secret-3',
  CI_JOB_TOKEN: 'secret-4',
  GITLAB_USER_LOGIN: 'secret-5',
};
const kept = { CI: 'true', MY_DATABASE: 'kept' };
beforeAll(async () => {
  folder = await emptyFolder();
  Object.assign(process.env, secrets, kept);
});
afterAll(async () => {
  for (const name of Object.keys({ ...secrets, ...kept })) delete process.env[name];
  await folder.remove();
});

const options = (): SideOptions => ({
  cwd: folder.path,
  gateId: 'gate',
  profile: 'instant',
  readyTimeoutMs: 10_000,
  allowHosts: [],
  serverFlags: { base: [], head: [] },
  withheld: readConfig(process.env).buildServiceVariables,
  say: () => undefined,
});

it('names what GitHub and GitLab set, and nothing else', () => {
  const { buildServiceVariables } = readConfig({ ...secrets, ...kept, PATH: '/bin', CIRCLE: '1' });
  expect(buildServiceVariables.toSorted()).toEqual(Object.keys(secrets).toSorted());
});

it('installing and starting a checkout go without, with everything else', async () => {
  await mkdir(join(folder.path, 'app'));
  await writeFile(
    join(folder.path, 'app/server.mjs'),
    "import { createServer } from 'node:http';\ncreateServer((_, answer) => answer.end(JSON.stringify(process.env))).listen(process.env.PORT);\n",
  );
  const spec = { kind: 'dir' as const, value: 'app', given: 'dir:app' };
  const flags = { install: 'env > installed', start: `exec ${process.execPath} server.mjs` };
  const sides = await openSides({ base: spec, head: spec }, { ...options(), ...flags }, new AbortController().signal);
  const installed = await readFile(join(folder.path, 'app/installed'), 'utf8');
  expect(installed).toContain('MY_DATABASE=kept\n');
  expect(installed).not.toMatch(/secret-/);
  const running = await sides.head.start(new AbortController().signal);
  try {
    const seen = (await (await fetch(running.url)).json()) as Record<string, string>;
    expect(seen).toMatchObject({ ...kept, PORT: new URL(running.url).port });
    expect(JSON.stringify(seen)).not.toMatch(/secret-/);
  } finally {
    await running.stop();
  }
});

it.skipIf(process.platform !== 'linux')('a reference server goes without', async () => {
  const spec = { kind: 'profile' as const, value: 'instant', given: 'instant' };
  const sides = await openSides({ base: spec, head: spec }, options(), new AbortController().signal);
  const running = await sides.head.start(new AbortController().signal);
  try {
    const children = execFileSync('ps', ['-o', 'pid=,args=', '--ppid', String(process.pid)], { encoding: 'utf8' });
    const pid = /^ *(\d+) .*reference-server\/main/m.exec(children)?.[1];
    const seen = await readFile(`/proc/${pid}/environ`, 'utf8');
    expect(seen).toContain('MY_DATABASE=kept');
    expect(seen).not.toMatch(/secret-/);
  } finally {
    await running.stop();
    await Promise.all([sides.base.remove(), sides.head.remove()]);
  }
});

it('the last words of a side are no commands: neither to a terminal nor to the log of a build', () => {
  const lines: string[] = [];
  const text = 'ended: \u001b]0;owned\u0007 | ::add-mask::x | ##[set-output name=a]b | ::error title=a,file=b::c | on ::1 and [::ffff:7f00:1]:80';
  gateView((line) => lines.push(line)).epoch({ ...epochRecord(0), faults: [{ side: 'head', kind: 'broken', text }] }, undefined);
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(
    /head: ended: {2}\]0;owned {2}\| : :add-mask::x \| ## \[set-output name=a\]b \| : :error title=a,file=b::c \| on ::1 and \[::ffff:7f00:1\]:80$/,
  );
});

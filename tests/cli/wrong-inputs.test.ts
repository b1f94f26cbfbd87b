import { existsSync } from 'node:fs';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { createRunDirectory, writeRun } from '../../harness/results/run-store.ts';
import { foreignScenario } from '../foreign/foreign-scenario.ts';
import { startForeignServer } from '../foreign/foreign-server.ts';
import { makeRun } from '../report/fixture.ts';
import { emptyFolder, plumbline } from '../support/cli.ts';

let folder: Awaited<ReturnType<typeof emptyFolder>>;
beforeAll(async () => {
  folder = await emptyFolder();
  await writeFile(
    join(folder.path, 'broken.scenario.ts'),
    `export default { name: 'Broken Name', description: '', load: { kind: 'constant' }, durationMs: 0, journeys: [{ name: 'a', steps: [] }], objectives: [], surprise: 1 };`,
  );
  await writeFile(
    join(folder.path, 'faulty.scenario.ts'),
    `export default { name: 'faulty', description: '', load: { kind: 'constant', ratePerSecond: -1 }, durationMs: 1000,
      journeys: [{ name: 'a', steps: [{ id: 'x', operation: 'unknown.one' }, { id: 'y', operation: 'o', method: 'GET', path: '/', after: ['nobody'] }] }], objectives: [] };`,
  );
  await writeFile(join(folder.path, 'syntax.scenario.ts'), 'export default {');
});
afterEach(() => rm(join(folder.path, 'results'), { recursive: true, force: true }));
afterAll(() => folder.remove());

function setupOf(scenario: string): string {
  return `setup of scenario "${scenario}", step "`;
}

function whatToDo(url: string): string[] {
  return ['nothing was measured', `Check that the server is up at ${url}`, 'and that "setup" in '];
}

test.each([
  ['an unknown scenario', ['run', 'no-such'], ['no shipped scenario has that name', 'page-load']],
  ['a file that is not there', ['run', './none.ts'], ['no such file']],
  ['an unknown driver', ['run', 'sse', '--driver', 'wrk'], ['"wrk" is not a driver', 'native, autocannon, k6']],
  ['a target that is no URL', ['run', 'sse', '--target', 'localhost:1'], ['--target']],
  ['a target with a path', ['run', 'sse', '--target', 'http://127.0.0.1:1/v1'], ['has more than an origin']],
  ['another host without permission', ['run', 'sse', '--target', 'http://192.0.2.1'], ['is not this machine', '--allow-host 192.0.2.1']],
  ['another host without a budget', ['run', 'sse', '--target', 'http://192.0.2.1', '--allow-host', '192.0.2.1'], ['a budget is needed']],
  ['a schedule over the budget', ['run', 'sse', '--target', 'http://127.0.0.1:1', '--max-requests', '5'], ['the budget is --max-requests 5']],
  ['a profile for a target without control port', ['run', 'sse', '--target', 'http://127.0.0.1:1', '--profile', 'fast'], ['needs --control']],
  ['a profile that is not there', ['run', 'sse', '--profile', 'nope'], ['observed']],
  ['a bad duration', ['run', 'sse', '--duration', 'soon'], ['"soon" is not a duration', '--duration 30s']],
  ['a bad rate', ['run', 'sse', '--rate', '0'], ['--rate']],
  ['rate and vus together', ['run', 'sse', '--rate', '5', '--vus', '2'], ['give one of them']],
  [
    'no stream on a connection',
    ['run', 'sse', '--target', 'https://127.0.0.1:1', '--h2-streams', '0'],
    ['--h2-streams: "0" is not a whole number of at least 1'],
  ],
  ['streams on HTTP/1.1', ['run', 'sse', '--target', 'http://127.0.0.1:1', '--h2-streams', '50'], ['is driven with HTTP/1.1; add --tls']],
  [
    'streams for a driver that does not heed them',
    ['run', 'sse', '--target', 'https://127.0.0.1:1', '--h2-streams', '50', '--driver', 'autocannon'],
    ['only the native driver heeds it'],
  ],
  [
    'a target that is down, with a setup',
    ['run', 'sse', '--target', 'http://127.0.0.1:1'],
    [setupOf('sse'), 'ECONNREFUSED', ...whatToDo('http://127.0.0.1:1')],
  ],
  [
    'several legs on a target that is down',
    ['run', 'sse', 'crud', '--target', 'http://127.0.0.1:1'],
    [setupOf('sse'), 'and 1 more like it', 'nothing was measured'],
  ],
  ['a profile file that is not there', ['run', 'sse', '--profile', 'nope.yaml'], ['nope.yaml', 'ENOENT']],
  [
    'a profile file that is not there for a server that is up',
    ['run', 'sse', '--target', 'http://127.0.0.1:1', '--control', 'http://127.0.0.1:1', '--profile', 'nope.yaml'],
    ['--profile: cannot read "nope.yaml"', 'ENOENT'],
  ],
  [
    'a control port where there is none',
    ['run', 'sse', '--target', 'http://127.0.0.1:1', '--control', 'http://127.0.0.1:1'],
    ['no control port answers at http://127.0.0.1:1', 'leave it out'],
  ],
  [
    'a file where results should go',
    ['run', 'sse', '--target', 'http://127.0.0.1:1', '--out', 'syntax.scenario.ts'],
    ['--out:', '"syntax.scenario.ts"', 'EEXIST'],
  ],
  ['a place below a file where results should go', ['run', 'sse', '--target', 'http://127.0.0.1:1', '--out', 'syntax.scenario.ts/here'], ['--out:', 'ENOTDIR']],
  ['a session on another host', ['session', '--target', 'http://192.0.2.1'], ['192.0.2.1 is not this machine; session signs in']],
  ['a session where there is no server', ['session', '--target', 'http://127.0.0.1:1'], ['no server at http://127.0.0.1:1', 'plumbline serve']],
  ['an unknown flag', ['run', 'sse', '--speed', '5'], ['--speed']],
  ['an unknown command', ['jump'], ['jump']],
  ['a run that is not there', ['report', 'nothing'], ['no run at "nothing"']],
  ['a scenario with a broken outline', ['run', './broken.scenario.ts'], ['/name', '/durationMs', '/journeys/0/steps', '"surprise"']],
  ['a scenario with faulty parts', ['run', './faulty.scenario.ts'], ['/load', 'unknown.one']],
  ['a scenario that does not parse', ['run', './syntax.scenario.ts'], ['syntax.scenario.ts']],
])('%s: exit 2, and the message says what to do', async (_name, args, texts) => {
  const { code, stderr } = await plumbline(args, folder.path);
  expect(code).toBe(2);
  for (const text of texts) expect(stderr).toContain(text);
  // A person's mistake is no reason for a stack trace.
  expect(stderr).not.toMatch(/\n\s+at /);
  // Nothing was measured: nothing is left behind.
  expect(existsSync(join(folder.path, 'results'))).toBe(false);
});

test('a login that the target refuses: one line that says what was asked and what came back, exit 2, and no results', async () => {
  const server = await startForeignServer();
  try {
    await writeFile(join(folder.path, 'login.scenario.ts'), foreignScenario.replace('MAXIMUM', '1000').replace("path: '/login'", "path: '/wrong-login'"));
    await mkdir(join(folder.path, 'out'));
    const { code, stderr } = await plumbline(['run', './login.scenario.ts', '--target', server.url, '--out', 'out'], folder.path);
    expect(code).toBe(2);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    const said = ['nothing was measured', 'step "login"', 'POST /wrong-login answered 404', 'no such thing', ...whatToDo(server.url), 'login.scenario.ts'];
    for (const text of said) expect(stderr).toContain(text);
    // A folder that was there stays, empty.
    expect(await readdir(join(folder.path, 'out'))).toEqual([]);
  } finally {
    await server.stop();
  }
});

test('an unknown run: only runs that can be shown are suggested', async () => {
  const elsewhere = await emptyFolder();
  try {
    const root = join(elsewhere.path, 'results');
    await writeRun(await createRunDirectory(root, '20260101-000000-sse-0001'), makeRun({ runId: '20260101-000000-sse-0001' }));
    // Under way, or crashed: no run.json.
    for (let i = 0; i < 6; i += 1) await createRunDirectory(root, `20260102-00000${i}-sse-0002`);
    for (const args of [
      ['report', 'nothing'],
      ['compare', 'nothing', 'nobody'],
    ]) {
      const { code, stderr } = await plumbline(args, elsewhere.path);
      expect(code).toBe(2);
      expect(stderr).toContain('for example results/20260101-000000-sse-0001');
      expect(stderr).not.toContain('20260102');
    }
  } finally {
    await elsewhere.remove();
  }
});

test.each(['serve', 'session', 'init', 'run', 'report', 'compare', 'scenarios', 'operations', 'doctor', 'demo'])(
  '%s --help has an example',
  async (command) => {
    const { code, stdout } = await plumbline([command, '--help'], folder.path);
    expect(code).toBe(0);
    expect(stdout).toMatch(new RegExp(`Examples?:\\n {2}plumbline ${command}`));
  },
);

test('--h2-streams is in the plan that a dry run prints', async () => {
  const { code, stdout } = await plumbline(['run', 'sse', '--dry-run', '--target', 'https://127.0.0.1:1', '--h2-streams', '50'], folder.path);
  expect(code).toBe(0);
  expect(stdout).toContain('at most 50 streams on a shared connection');
});

test('scenarios, operations and doctor list what is there', async () => {
  expect((await plumbline(['scenarios'], folder.path)).stdout).toMatch(/page-load[\s\S]*sse[\s\S]*crud[\s\S]*chat-session/);
  const operations = JSON.parse((await plumbline(['operations', '--json'], folder.path)).stdout) as { name: string }[];
  expect(operations.map(({ name }) => name)).toContain('chat.completion');
  const doctor = JSON.parse((await plumbline(['doctor', '--json'], folder.path)).stdout) as { name: string; version?: string }[];
  expect(doctor.find(({ name }) => name === 'autocannon')?.version).toMatch(/^\d+\.\d+/);
  const without = JSON.parse((await plumbline(['doctor', '--json'], folder.path, { env: { PATH: '/nowhere', K6_BIN: '' } })).stdout) as {
    name: string;
    version?: string;
  }[];
  expect(without.find(({ name }) => name === 'k6')?.version).toBeUndefined();
});

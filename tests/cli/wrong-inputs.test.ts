import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
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
afterAll(() => folder.remove());

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
});

test.each(['serve', 'session', 'init', 'run', 'report', 'compare', 'scenarios', 'operations', 'doctor', 'demo'])(
  '%s --help has an example',
  async (command) => {
    const { code, stdout } = await plumbline([command, '--help'], folder.path);
    expect(code).toBe(0);
    expect(stdout).toMatch(new RegExp(`Examples?:\\n {2}plumbline ${command}`));
  },
);

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

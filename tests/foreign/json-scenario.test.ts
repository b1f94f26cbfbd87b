/** A scenario in JSON, through every driver: k6 cannot import such a file itself. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { RunFile } from '../../harness/results/run-file.ts';
import { emptyFolder, plumbline } from '../support/cli.ts';
import { requireTool } from '../support/tools.ts';
import { type ForeignServer, startForeignServer } from './foreign-server.ts';

const k6Path = requireTool('k6');
let server: ForeignServer;
let folder: Awaited<ReturnType<typeof emptyFolder>>;
beforeEach(async () => {
  server = await startForeignServer();
  folder = await emptyFolder();
});
afterEach(async () => {
  await server.stop();
  await folder.remove();
});

const scenario = {
  name: 'in-json',
  description: 'Written by a program.',
  load: { kind: 'constant', ratePerSecond: 20 },
  durationMs: 2_000,
  setup: [{ id: 'login', operation: 'login', method: 'POST', path: '/login', body: { user: '{{user}}' }, capture: { token: 'body.token' } }],
  headers: { authorization: 'Bearer {{token}}' },
  journeys: [{ name: 'read', steps: [{ id: 'items', operation: 'items.list', method: 'GET', path: '/items', latencyClass: 'crud' }] }],
  objectives: [{ metric: 'errorRatio', max: 0 }],
};

test('a .json scenario is driven alike by all drivers', async () => {
  await writeFile(join(folder.path, 'my scenario.json'), JSON.stringify(scenario));
  const drivers = k6Path === undefined ? ['native', 'autocannon'] : ['native', 'autocannon', 'k6'];
  const { stderr } = await plumbline(['run', './my scenario.json', '--target', server.url, '--driver', drivers.join(',')], folder.path);
  expect(stderr).toBe('');
  const [name = ''] = await readdir(join(folder.path, 'results'));
  const { legs } = JSON.parse(await readFile(join(folder.path, 'results', name, 'run.json'), 'utf8')) as RunFile;
  expect(legs.map(({ driver }) => driver)).toEqual(drivers);
  for (const { driver, operations, errors } of legs) {
    expect(errors, driver).toEqual([]);
    expect(operations[0]?.counts.ok, driver).toBeGreaterThanOrEqual(30);
  }
});

import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { emptyFolder, plumbline } from '../support/cli.ts';

let folder: Awaited<ReturnType<typeof emptyFolder>>;
beforeAll(async () => {
  folder = await emptyFolder();
  await writeFile(join(folder.path, 'file'), '');
  await writeFile(join(folder.path, 'bad.json'), '{"uid":"x"}');
});
afterAll(() => folder?.remove());

test.each([
  ['a port that is none', ['--port', 'high'], ['--port', '"high"']],
  ['a port too high', ['--port', '70000'], ['70000 is over 65535']],
  ['a Prometheus that is no URL', ['--prometheus', 'localhost:9090'], ['--prometheus: "localhost:9090" is not an http(s) URL']],
  ['a Prometheus that is not up', ['--prometheus', 'http://127.0.0.1:9'], ['no Prometheus answers at http://127.0.0.1:9', 'is it up?']],
  ['a Jaeger that is no URL', ['--jaeger', 'jaeger'], ['--jaeger: "jaeger" is not an http(s) URL']],
  ['boards that are not there', ['--boards', 'none'], ['there is no folder "none"']],
  ['a folder without a board', ['--boards', '.'], ['no board in "."', 'bad.json', 'no list of "panels"']],
  ['results that are a file', ['--results', 'file'], ['"file" cannot be used']],
  ['an unknown flag', ['--ports', '1'], ['--ports']],
])('%s', async (_, args, said) => {
  const { code, stderr } = await plumbline(['dash', ...args], folder.path);
  expect(code, stderr).toBe(2);
  for (const text of said) expect(stderr).toContain(text);
});

test('a port that is taken', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => taken.once('listening', resolve));
  const { port } = taken.address() as { port: number };
  const { code, stderr } = await plumbline(['dash', '--port', String(port)], folder.path, { env: { PATH: '' } });
  taken.close();
  expect([code, stderr]).toEqual([2, expect.stringContaining(`cannot listen on 127.0.0.1:${port}`)]);
});

test('--help names no path of the machine that it runs on', async () => {
  const { code, stdout } = await plumbline(['dash', '--help'], folder.path);
  expect(code).toBe(0);
  const text = stdout.replace(/\s+/g, ' ');
  expect(text).toContain('(default: those of the package)');
  expect(text).not.toContain('dashboards/generated');
});

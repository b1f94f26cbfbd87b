/** A foreign server over TLS, from a scenario file through the program: what it speaks is found out before the run. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { RunFile } from '../../harness/results/run-file.ts';
import { emptyFolder, plumbline } from '../support/cli.ts';
import { requireTool } from '../support/tools.ts';
import { foreignScenario } from './foreign-scenario.ts';
import { type ForeignKind, type ForeignServer, startForeignServer } from './foreign-server.ts';

const k6Path = requireTool('k6');
let folder: Awaited<ReturnType<typeof emptyFolder>>;
let server: ForeignServer | undefined;

beforeEach(async () => {
  folder = await emptyFolder();
  await writeFile(join(folder.path, 'my.scenario.ts'), foreignScenario.replace('MAXIMUM', '2_000'));
});
afterEach(async () => {
  await server?.stop();
  server = undefined;
  await folder.remove();
});

async function run(kind: ForeignKind, ...flags: string[]): Promise<{ stderr: string; code: number | null; file: RunFile; versions: Set<string> }> {
  server = await startForeignServer(kind);
  const { code, stderr } = await plumbline(['run', './my.scenario.ts', '--target', server.url, '--duration', '3s', ...flags], folder.path);
  const [name] = await readdir(join(folder.path, 'results')).catch(() => []);
  if (name === undefined) throw new Error(`no run: exit code ${code}, ${stderr}`);
  const file = JSON.parse(await readFile(join(folder.path, 'results', name, 'run.json'), 'utf8')) as RunFile;
  return { code, stderr, file, versions: new Set(server.requests.map(({ httpVersion }) => httpVersion)) };
}

/** Every answer was right, and came over the one protocol. */
function expectAllOk({ legs }: RunFile, protocol: string, drivers: string[]): void {
  expect(legs.map(({ driver }) => driver)).toEqual(drivers);
  for (const { totals, errors, driver } of legs) {
    expect(errors, driver).toEqual([]);
    expect(totals.counts.ok, driver).toBeGreaterThan(50);
    expect(totals.counts.failed, driver).toBe(0);
    expect(Object.keys(totals.protocols), driver).toEqual([protocol]);
  }
}

test("Node's own https server, which has no HTTP/2, is measured by native and autocannon", async () => {
  const { stderr, file, versions } = await run('https', '--driver', 'native,autocannon');
  expect(stderr).toBe('');
  expectAllOk(file, 'http/1.1', ['native', 'autocannon']);
  expect(file.target).toMatchObject({ kind: 'foreign', protocol: 'http/1.1' });
  expect(file.target.url).toMatch(/^https:/);
  expect(versions).toEqual(new Set(['1.1']));
  // TLS and all, and the streams of every dialect.
  expect(file.legs[0]?.all.connect?.n).toBeGreaterThan(0);
  expect(file.legs[0]?.totals.contentEvents).toBe(3 * 60 * 6);
});

test.skipIf(k6Path === undefined)('... and by k6, and the report says what it used', async () => {
  const { stderr, file, versions } = await run('https', '--driver', 'k6');
  expect(stderr).toBe('');
  expectAllOk(file, 'http/1.1', ['k6']);
  expect(await readFile(join(folder.path, 'results', file.runId, 'report.html'), 'utf8')).toMatch(/by k6 [\d.]+ over http\/1\.1</);
  expect(versions).toEqual(new Set(['1.1']));
});

test('a server with both is driven with HTTP/2', async () => {
  const { file, versions } = await run('https+h2');
  expectAllOk(file, 'h2', ['native']);
  expect(file.target.protocol).toBe('h2');
  expect(versions).toEqual(new Set(['2.0']));
});

test('... and with HTTP/1.1 when --http1 says so', async () => {
  const { file, versions } = await run('https+h2', '--http1', '--driver', 'native,autocannon');
  expectAllOk(file, 'http/1.1', ['native', 'autocannon']);
  expect(file.target.protocol).toBe('http/1.1');
  expect(versions).toEqual(new Set(['1.1']));
});

test('autocannon says how to reach a server that chose HTTP/2', async () => {
  server = await startForeignServer('https+h2');
  const { code, stderr } = await plumbline(['run', './my.scenario.ts', '--target', server.url, '--driver', 'autocannon'], folder.path);
  expect(code).toBe(2);
  expect(stderr).toContain('--http1');
  expect(server.requests).toEqual([]);
});

test('streams on a connection are refused once the server has chosen HTTP/1.1', async () => {
  server = await startForeignServer('https');
  const { code, stderr } = await plumbline(['run', './my.scenario.ts', '--target', server.url, '--h2-streams', '5'], folder.path);
  expect(code).toBe(2);
  expect(stderr).toContain('is driven with HTTP/1.1; it has no HTTP/2');
});

test('our own server with --tls speaks HTTP/1.1 as well', async () => {
  const { code, stderr } = await plumbline(
    ['run', 'crud', '--tls', '--http1', '--profile', 'fast', '--rate', '20', '--duration', '2s', '--warmup', '1s'],
    folder.path,
  );
  expect(stderr).toBe('');
  expect([0, 75]).toContain(code);
  const [name = ''] = await readdir(join(folder.path, 'results'));
  const file = JSON.parse(await readFile(join(folder.path, 'results', name, 'run.json'), 'utf8')) as RunFile;
  expect(file.target).toMatchObject({ kind: 'reference', protocol: 'http/1.1' });
  expect(file.target.url).toMatch(/^https:/);
  expect(Object.keys(file.legs[0]?.totals.protocols ?? {})).toEqual(['http/1.1']);
  expect(file.legs[0]?.totals.counts.failed).toBe(0);
});

test('nothing there, and no TLS there: exit 2, one line, nothing written', async () => {
  const listener = createServer();
  await new Promise<void>((done) => listener.listen(0, '127.0.0.1', done));
  const { port } = listener.address() as AddressInfo;
  await new Promise((done) => listener.close(done));
  const nobody = await plumbline(['run', './my.scenario.ts', '--target', `https://127.0.0.1:${port}`], folder.path);
  expect(nobody.code).toBe(2);
  expect(nobody.stderr).toContain(`https://127.0.0.1:${port}: nothing listens there`);

  server = await startForeignServer('http');
  const plain = await plumbline(['run', './my.scenario.ts', '--target', server.url.replace('http:', 'https:')], folder.path);
  expect(plain.code).toBe(2);
  expect(plain.stderr).toContain('does not speak TLS; for a server without TLS write http://');
  for (const { stderr } of [nobody, plain]) expect(stderr).not.toMatch(/\n\s+at /);
  expect(await readdir(folder.path)).toEqual(['my.scenario.ts']);
});

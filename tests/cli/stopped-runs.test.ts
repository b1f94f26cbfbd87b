import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { foreignScenario } from '../foreign/foreign-scenario.ts';
import { emptyFolder, plumbline } from '../support/cli.ts';
import { onlyWrittenRun } from '../support/runs.ts';

const foreignFiles = ['junit.xml', 'report.html', 'report.md', 'run.json', 'samples.ndjson.zst'];
/** The started reference server tells its traces. */
const allFiles = [...foreignFiles, 'otlp', 'spans.ndjson'].toSorted();
let folder: Awaited<ReturnType<typeof emptyFolder>>;
beforeEach(async () => {
  folder = await emptyFolder();
});
afterEach(() => folder.remove());

/** Environment in which the started server, and no other process, also runs this. */
function inTheServer(script: string): NodeJS.ProcessEnv {
  const guarded = `if ((process.argv[1] ?? '').includes('reference-server')) { ${script} }`;
  return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(guarded)}` };
}

test('Ctrl-C in a terminal, which the started server gets as well: what was measured is kept, and the server tells its account', async () => {
  const { code, stdout, stderr } = await plumbline(['run', 'sse', '--profile', 'fast', '--rate', '10', '--duration', '60s', '--warmup', '1s'], folder.path, {
    interruptOn: /sse\/native {2}\d+ s of /,
    interruptWho: 'group',
  });
  expect(stderr.trim()).toBe('stopping: letting go of what is in flight, keeping what was measured (Ctrl-C again stops now)');
  expect(code).toBe(75);
  expect(stdout).toMatch(/^INVALID/m);
  const { run, files } = await onlyWrittenRun(join(folder.path, 'results'));
  expect(files).toEqual(allFiles);
  expect(run.interrupted).toBe(true);
  expect(run.verdict.verdict).toBe('invalid');
  expect(run.legs[0]?.totals.counts.ok).toBeGreaterThan(10);
  expect(run.server?.streams.opened).toBeGreaterThan(10);
  expect(run.notes).toBeUndefined();
});

test('a started server that breaks in mid-run: the run says so, is written whole, and the server’s last words are in its log', async () => {
  const { code, stdout, stderr } = await plumbline(['run', 'sse', '--profile', 'fast', '--rate', '10', '--duration', '4s', '--warmup', '0s'], folder.path, {
    env: inTheServer(`setTimeout(() => { console.error('something gave way'); process.exit(7); }, 3000);`),
  });
  expect(stderr).toBe('');
  const { run, files, directory } = await onlyWrittenRun(join(folder.path, 'results'));
  expect([75, 99]).toContain(code);
  expect(run.verdict.verdict).not.toBe('pass');
  expect(files).toEqual([...allFiles, 'server.log'].toSorted());
  expect(await readFile(join(directory, 'server.log'), 'utf8')).toBe('something gave way\nplumbline: the reference server ended by itself, with code 7\n');
  expect(stdout).toContain(join('results', run.runId, 'server.log'));
  expect(run.legs[0]?.totals.counts.ok).toBeGreaterThan(0);
  expect(run.legs[0]?.totals.counts.failed).toBeGreaterThan(0);
  expect(run.server).toBeUndefined();
  expect(run.notes).toEqual([expect.stringMatching(/^no account of the server: its control port does not answer any more \(.*ECONNREFUSED/)]);
  expect(stdout).toContain('no account of the server');
  expect(await readFile(join(directory, 'report.html'), 'utf8')).toContain('no account of the server');
  expect(await readFile(join(directory, 'report.md'), 'utf8')).toContain('no account of the server');
});

test('what the started server complains about goes to server.log, and nothing does where it has no complaint', async () => {
  const args = ['run', 'crud', '--profile', 'instant', '--rate', '10', '--duration', '2s', '--warmup', '0s'];
  const loud = await plumbline([...args, '--out', 'loud'], folder.path, { env: inTheServer(`setTimeout(() => console.error('a complaint'), 2000);`) });
  const { run, directory } = await onlyWrittenRun(join(folder.path, 'loud'));
  expect(await readFile(join(directory, 'server.log'), 'utf8')).toBe('a complaint\n');
  expect(loud.stdout).toContain(join('loud', run.runId, 'server.log'));
  const quiet = await plumbline([...args, '--out', 'quiet'], folder.path);
  expect((await onlyWrittenRun(join(folder.path, 'quiet'))).files).toEqual(allFiles);
  expect(quiet.stdout).not.toContain('server.log');
});

test('Ctrl-C while the setup waits for an answer is an interrupted run, not a failed setup', async () => {
  const silent = createServer(() => undefined);
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  try {
    await writeFile(join(folder.path, 'my.scenario.ts'), foreignScenario.replace('MAXIMUM', '1000'));
    const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
    const { code, stdout } = await plumbline(['run', './my.scenario.ts', '--target', url], folder.path, { interruptAfterMs: 4_000 });
    expect(code).toBe(75);
    expect(stdout).toMatch(/^INVALID/m);
    const { run, files } = await onlyWrittenRun(join(folder.path, 'results'));
    expect(files).toEqual(foreignFiles);
    expect(run.interrupted).toBe(true);
    expect(run.legs[0]?.failure).toBeUndefined();
    expect(run.legs[0]?.driverReport.interrupted).toBe(true);
    expect(run.verdict.reasons[0]).toContain('interrupted: stopped before its end');
  } finally {
    silent.closeAllConnections();
    silent.close();
  }
});

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { attemptLeg } from '../../harness/attempt-leg.ts';
import type { Driver } from '../../harness/drive/driver.ts';
import { judgeRun } from '../../harness/judge/verdict.ts';
import { toLegResult } from '../../harness/judge/judge.ts';
import type { AnySample } from '../../harness/sample.ts';
import type { Scenario } from '../../scenarios/types.ts';
import { foreignScenario } from '../foreign/foreign-scenario.ts';
import { type ForeignServer, startForeignServer } from '../foreign/foreign-server.ts';
import { request } from '../record/make-sample.ts';
import { emptyFolder, plumbline } from '../support/cli.ts';
import { legOf, planOf } from '../support/driven.ts';
import { onlyWrittenRun } from '../support/runs.ts';

let folder: Awaited<ReturnType<typeof emptyFolder>>;
let server: ForeignServer;
beforeEach(async () => {
  folder = await emptyFolder();
  server = await startForeignServer();
});
afterEach(async () => {
  await server.stop();
  await folder.remove();
});

async function writeScenarios(): Promise<void> {
  const good = foreignScenario.replace('MAXIMUM', '1000');
  await writeFile(join(folder.path, 'good.scenario.ts'), good);
  await writeFile(join(folder.path, 'bad.scenario.ts'), good.replace("name: 'foreign'", "name: 'bad'").replace("path: '/login'", "path: '/wrong'"));
}

test('a leg whose setup fails takes nothing from the others, in its stage and in the next', async () => {
  await writeScenarios();
  const args = ['run', './good.scenario.ts', './bad.scenario.ts', '--driver', 'native,autocannon', '--rate', '10', '--duration', '2s', '--target', server.url];
  const { code, stdout, stderr } = await plumbline(args, folder.path);
  expect(stderr).toBe('');
  expect(code).toBe(75);
  const { run, files, directory } = await onlyWrittenRun(join(folder.path, 'results'));
  expect(files).toEqual(['junit.xml', 'report.html', 'report.md', 'run.json', 'samples.ndjson.zst', 'spans.ndjson']);
  expect(run.legs.map(({ id }) => id)).toEqual(['foreign/native', 'bad/native', 'foreign/autocannon', 'bad/autocannon']);
  const failure = expect.stringMatching(/^setup of scenario "bad", step "login" \(login\), user 0: POST \/wrong answered 404/);
  expect(run.legs.map((leg) => leg.failure)).toEqual([undefined, failure, undefined, failure]);
  expect(run.legs[0]?.totals.counts.ok).toBe(80);
  expect(run.legs[2]?.totals.counts.ok).toBeGreaterThan(10);
  expect(run.interrupted).toBe(false);
  expect(run.verdict.verdict).toBe('invalid');
  expect(run.verdict.reasons[0]).toMatch(/^bad\/native: failed: setup of scenario "bad"/);
  expect(run.legs[1]?.validity.checks.filter(({ ok }) => !ok).map(({ name }) => name)).toEqual(['failed', 'samples']);
  expect(Object.keys(run.tools)).toEqual(['node', 'native', 'autocannon']);
  expect(Object.values(run.tools)).not.toContain('unknown');
  expect(stdout).toMatch(/^INVALID/m);
  for (const file of ['report.html', 'report.md', 'junit.xml'])
    expect(await readFile(join(directory, file), 'utf8'), file).toContain('POST /wrong answered 404');
});

test('a leg whose driver gives up is a failed leg, and the run is written', async () => {
  await writeFile(
    join(folder.path, 'down.scenario.ts'),
    foreignScenario
      .replace('MAXIMUM', '1000')
      .replace(/ {2}setup: .*\n/, '')
      .replace(/ {2}headers: .*\n/, ''),
  );
  const { code, stderr } = await plumbline(['run', './down.scenario.ts', '--driver', 'autocannon', '--target', 'http://127.0.0.1:1'], folder.path);
  expect(stderr).toBe('');
  expect(code).toBe(75);
  const { run, files } = await onlyWrittenRun(join(folder.path, 'results'));
  expect(files).toContain('report.html');
  expect(run.legs[0]?.failure).toMatch(/^autocannon: nothing answers at http:\/\/127\.0\.0\.1:1: 100 failures in a row/);
  // Those under way when it gave up, one a connection, failed as well.
  expect(run.legs[0]?.totals.counts.failed).toBeGreaterThanOrEqual(100);
  expect(run.verdict.reasons[0]).toContain('failed: autocannon: nothing answers');
});

const scenario: Scenario = {
  name: 'test',
  description: '',
  load: { kind: 'constant', ratePerSecond: 10 },
  durationMs: 1_000,
  journeys: [{ name: 'one', steps: [{ id: 'get', operation: 'thing.read', method: 'GET', path: '/thing' }] }],
  objectives: [],
};

async function attempt(driver: Driver, signal = new AbortController().signal) {
  const leg = legOf('native', scenario, '');
  const written: AnySample[] = [];
  const sumUp = await attemptLeg(leg, {
    plan: planOf('http://127.0.0.1:1', leg),
    drivers: new Map([['native', driver]]),
    clock: { now: () => 500 },
    samples: { write: (sample) => void written.push(sample), close: async () => ({ samples: written.length }) },
    declared: {},
    view: { start: () => undefined, update: () => undefined, end: () => undefined },
    signal,
    overBudget: () => undefined,
  });
  const { measurement, driven } = sumUp();
  return { result: toLegResult(measurement, []), driven, written };
}

function breaking(error: unknown): Driver {
  return {
    name: 'native',
    refuse: () => undefined,
    async drive(_leg, context) {
      for (let i = 0; i < 5; i += 1) context.emit(request(i * 100, 20));
      throw error;
    },
  };
}

test('what was measured before a driver broke is kept beside its failure, which is one line', async () => {
  const { result, driven, written } = await attempt(breaking(new Error('it broke\n    at its middle')));
  expect(driven).toBe(true);
  expect(result.failure).toBe('it broke at its middle');
  expect(result.totals.counts.ok).toBe(5);
  expect(result.all.latency?.n).toBe(5);
  expect(written).toHaveLength(5);
  expect(result.driverReport).toMatchObject({ model: 'open', measuredFromMs: 500, measuredToMs: 500, interrupted: false });
  expect(judgeRun([result])).toMatchObject({ verdict: 'invalid', reasons: expect.arrayContaining(['test/native: failed: it broke at its middle']) });
});

test('what breaks because of a stop is interrupted, not failed', async () => {
  const stopper = new AbortController();
  stopper.abort();
  const { result } = await attempt(breaking(new Error('cut off')), stopper.signal);
  expect(result.failure).toBeUndefined();
  expect(result.driverReport.interrupted).toBe(true);
  expect(result.totals.counts.ok).toBe(5);
});

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RunFile } from '../../harness/results/run-file.ts';
import { listRuns } from '../../harness/results/run-store.ts';
import { emptyFolder, plumbline } from '../support/cli.ts';

let folder: Awaited<ReturnType<typeof emptyFolder>>;
beforeAll(async () => {
  folder = await emptyFolder();
});
afterAll(() => folder.remove());

test('a threshold that is not met fails the run, one that is met is among its objectives', async () => {
  const thresholds = ['--threshold', 'p50(metadata) < 0.001ms', '--threshold', 'error_rate < 50%'];
  const run = ['run', 'crud', '--profile', 'fast', '--no-traces', '--rate', '20', '--duration', '3s', '--warmup', '200ms'];
  const { code, stdout, stderr } = await plumbline([...run, ...thresholds], folder.path);
  const [listing] = await listRuns(join(folder.path, 'results'));
  const file = JSON.parse(await readFile(join(listing?.directory ?? '', 'run.json'), 'utf8')) as RunFile;
  expect(file.legs[0]?.validity.valid, stdout + stderr).toBe(true);
  expect(code).toBe(99);
  expect(stdout).toContain('missed     latency p50 of metadata <= 0.001 ms');
  expect(file.legs[0]?.objectives.slice(-2).map(({ objective, verdict }) => [objective, verdict])).toEqual([
    [{ metric: 'latency', latencyClass: 'metadata', quantile: 0.5, max: 0.001 }, 'fail'],
    [{ metric: 'errorRatio', max: 0.5 }, 'pass'],
  ]);
});

test('faulty ones are wrong usage, told before anything is started', async () => {
  const { code, stderr } = await plumbline(['run', 'crud', '--threshold', 'p95(crdu) < 700ms', '--threshold', 'goodput > 99'], folder.path);
  expect(code).toBe(2);
  expect(stderr).toContain('--threshold: 2 do not fit:');
  expect(stderr).toContain('goodput > 99: given 99, expected a share from 0% to 100%; in percent it is 99%');
  expect(stderr).toMatch(/p95\(crdu\) < 700ms: crud, operation: given "crdu", the journeys have .*; did you mean crud\?/);
});

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { LoadStep, NextStep } from '../../harness/judge/knee.ts';
import { type ForeignServer, startForeignServer } from '../foreign/foreign-server.ts';
import { emptyFolder, plumbline } from '../support/cli.ts';
import { writtenRuns } from '../support/runs.ts';
import { requireTool } from '../support/tools.ts';

const scenario = `export default {
  name: 'items', description: '', load: { kind: 'constant', ratePerSecond: 5 }, durationMs: 60_000,
  journeys: [{ name: 'read', steps: [{ id: 'items', operation: 'items.list', method: 'GET', path: '/items', headers: { authorization: 'Bearer secret-1' } }] }],
  objectives: [],
};`;

interface FoundFile {
  steps: (LoadStep & { run: string })[];
  outcome: Extract<NextStep, { kind: 'done' }>;
}

let folder: Awaited<ReturnType<typeof emptyFolder>>;
let server: ForeignServer;
beforeEach(async () => {
  folder = await emptyFolder();
  server = await startForeignServer();
  await writeFile(join(folder.path, 'items.scenario.ts'), scenario);
});
afterEach(async () => {
  await server.stop();
  await folder.remove();
});

function findMax(...flags: string[]): ReturnType<typeof plumbline> {
  return plumbline(['run', './items.scenario.ts', '--find-max', '--target', server.url, ...flags], folder.path);
}

async function foundIn(directory: string): Promise<FoundFile> {
  return JSON.parse(await readFile(join(directory, 'find-max.json'), 'utf8')) as FoundFile;
}

// A busy machine can fail a step: then once more, in a folder of its own.
const again = { retry: 2, timeout: 90_000 };

test.each(['native', 'autocannon'])('all steps keep to one request budget, and what is known is told when it runs out: %s', again, async (driver) => {
  const { code, stdout, stderr } = await findMax('--rate', '5', '--duration', '1s', '--warmup', '0s', '--max-requests', '100', '--driver', driver);
  expect(stderr).toBe('');
  expect(code).toBe(75);
  expect(server.requests.length).toBeLessThanOrEqual(100);
  const runs = await writtenRuns(join(folder.path, 'results'));
  // 5 + 10 + 20 + 40 requests; 80 are more than the 25 that are left. autocannon begins each step with one request a connection at once, so it gets less far.
  const rates = driver === 'native' ? [5, 10, 20, 40] : [5, 10, 20];
  const found = await foundIn(runs.at(-1)?.directory ?? '');
  expect(found.steps.map(({ ratePerSecond }) => ratePerSecond)).toEqual(rates);
  expect(found.outcome).toMatchObject({ reason: 'budget', heldPerSecond: rates.at(-1) });
  const held = rates.at(-1) ?? 0;
  expect(found.outcome.text).toMatch(
    new RegExp(`^\\d+ requests are left of the budget of 100, too few for ${2 * held}/s; so far holds ${held}/s; nothing gave way$`),
  );
  expect(stdout).toContain(`find-max: ${found.outcome.text}`);
  expect(runs.map(({ run }) => run.legs[0]?.load)).toEqual(rates.map((ratePerSecond) => ({ kind: 'constant', ratePerSecond })));
});

test('k6, which takes its share in advance, keeps to the budget of all steps as well', again, async ({ skip }) => {
  if (requireTool('k6') === undefined) return skip();
  const { code } = await findMax('--rate', '5', '--duration', '1s', '--warmup', '0s', '--max-requests', '150', '--driver', 'k6');
  expect(code).toBe(75);
  expect(server.requests.length).toBeLessThanOrEqual(150);
  const runs = await writtenRuns(join(folder.path, 'results'));
  const found = await foundIn(runs.at(-1)?.directory ?? '');
  expect(found.outcome.reason).toBe('budget');
  expect(found.steps.length).toBeGreaterThanOrEqual(2);
});

test('--warmup without --duration is kept, and the budget is measured by the steps, not by the scenario’s own duration', again, async () => {
  // One step of 8 s and its warm-up of 2 s: 50 requests; the next would be 100.
  await findMax('--rate', '5', '--warmup', '2s', '--max-requests', '60');
  const [first, ...others] = await writtenRuns(join(folder.path, 'results'));
  expect(others).toEqual([]);
  expect(first?.run.legs[0]).toMatchObject({ warmupMs: 2_000, durationMs: 8_000 });
  expect((await foundIn(first?.directory ?? '')).outcome.reason).toBe('budget');
});

test('a budget that is too small for the first step is the user’s to mend', async () => {
  const { code, stderr } = await findMax('--rate', '50', '--duration', '1s', '--max-requests', '20');
  expect(code).toBe(2);
  expect(stderr).toContain('the budget is --max-requests 20');
  expect(server.requests).toEqual([]);
});

test('a target that goes away between steps: what held until then is written', again, async () => {
  const running = findMax('--rate', '5', '--duration', '2s', '--warmup', '0s', '--driver', 'autocannon');
  while (server.requests.length < 12) await new Promise((resolve) => setTimeout(resolve, 20));
  // In the second step or after it.
  await new Promise((resolve) => setTimeout(resolve, 2_500));
  await server.stop();
  const { code, stderr } = await running;
  expect(stderr).toBe('');
  expect([0, 75]).toContain(code);
  const found = (await Promise.all((await writtenRuns(join(folder.path, 'results'))).map(({ directory }) => foundIn(directory).catch(() => undefined)))).find(
    (file) => file !== undefined,
  );
  expect(found?.steps[0]?.ratePerSecond).toBe(5);
  expect(found?.outcome.heldPerSecond).toBeGreaterThanOrEqual(5);
});

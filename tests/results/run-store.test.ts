import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { toLegResult } from '../../harness/judge/judge.ts';
import { judgeRun } from '../../harness/judge/verdict.ts';
import { machineFacts, toolFacts } from '../../harness/results/machine.ts';
import type { RunFile } from '../../harness/results/run-file.ts';
import { newRunId } from '../../harness/results/run-id.ts';
import { createRunDirectory, listRuns, parseRun, readRun, RunFileError, writeAtomically, writeRun } from '../../harness/results/run-store.ts';
import { measurementOf, request } from '../record/make-sample.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'plumbline-results-'));
});
afterEach(async () => {
  await rm(root, { recursive: true });
});

function run(runId: string): RunFile {
  const legs = [toLegResult(measurementOf([request(0, 10), request(20, -0.5)]), [])];
  return {
    schema: 'plumbline.run/1',
    runId,
    startedAt: '2026-11-23T09:49:05.000Z',
    durationMs: 1000,
    interrupted: false,
    plumbline: '0.1.0',
    tools: toolFacts([{ name: 'native', version: '1' }]),
    machine: machineFacts(),
    seed: 1,
    target: { url: 'http://127.0.0.1:1', kind: 'foreign', protocol: 'http/1.1' },
    legs,
    verdict: judgeRun(legs),
  };
}

test('a run comes back as it was written, by its directory or its file, and leaves no part file', async () => {
  const directory = await createRunDirectory(join(root, 'results'), 'r1');
  const written = run('r1');
  const path = await writeRun(directory, written);
  expect(await readRun(directory)).toEqual(JSON.parse(JSON.stringify(written)));
  expect(await readRun(path)).toEqual(await readRun(directory));
  expect(await readdir(directory)).toEqual(['run.json']);
});

test('a run never writes into the results of another', async () => {
  await createRunDirectory(root, 'r1');
  await expect(createRunDirectory(root, 'r1')).rejects.toThrow('EEXIST');
});

test('a write that fails leaves the old file and no part file', async () => {
  const path = join(root, 'run.json');
  await writeAtomically(path, 'old');
  await mkdir(join(root, 'taken'));
  await writeFile(join(root, 'taken', 'x'), '');
  await expect(writeAtomically(join(root, 'taken'), 'new')).rejects.toThrow();
  expect(await readFile(path, 'utf8')).toBe('old');
  expect((await readdir(root)).toSorted()).toEqual(['run.json', 'taken']);
});

describe('what is no run is refused with what was given and what to do', () => {
  const codeOf = (text: string): [string, string] => {
    try {
      parseRun(text, 'run.json');
    } catch (error) {
      if (error instanceof RunFileError) return [error.code, error.message];
    }
    return ['none', ''];
  };

  test.each([
    ['{"schema":"plumbline.run/2"}', 'unknown-schema', 'run.json has schema "plumbline.run/2", expected "plumbline.run/1". It was written by another version'],
    ['{"schema":"other"}', 'unknown-schema', 'It is not the result of a run.'],
    ['{}', 'unknown-schema', 'has no schema at all'],
    ['[]', 'unknown-schema', 'has no schema at all'],
    ['{', 'not-json', 'run.json is not JSON'],
  ])('%s', (text, code, message) => {
    expect(codeOf(text)).toEqual([code, expect.stringContaining(message)]);
  });

  test('every fault of the shape at once, with its path', () => {
    const [code, message] = codeOf(JSON.stringify({ ...run('r1'), seed: 'x', machine: null, legs: [{ ...run('r1').legs[0], series: {} }] }));
    expect(code).toBe('wrong-shape');
    expect(message.split('\n').slice(1)).toEqual([
      '  seed: expected a number, found string',
      '  machine: expected an object, found null',
      '  legs.0.series: expected an array, found object',
    ]);
  });

  test('no such run', async () => {
    await expect(readRun(join(root, 'absent'))).rejects.toMatchObject({ code: 'not-found', message: expect.stringContaining('no run at') });
  });
});

test('listRuns: latest first, with the problem of those that cannot be read; none where there is no directory', async () => {
  for (const runId of ['20261123-100000-a-0001', '20261124-100000-a-0001']) await writeRun(await createRunDirectory(root, runId), run(runId));
  await createRunDirectory(root, '20261125-100000-a-0001');
  const runs = await listRuns(root);
  expect(runs.map(({ runId, verdict, problem }) => [runId, verdict, problem === undefined])).toEqual([
    ['20261125-100000-a-0001', undefined, false],
    ['20261124-100000-a-0001', 'pass', true],
    ['20261123-100000-a-0001', 'pass', true],
  ]);
  expect(runs[1]?.legs).toEqual(['test/native']);
  expect(await listRuns(join(root, 'absent'))).toEqual([]);
});

test('newRunId sorts by time and is fit for a path', () => {
  expect(newRunId('page-load', new Date('2026-11-23T09:49:05.123Z'), '3f9a')).toBe('20261123-094905-page-load-3f9a');
  expect(newRunId('../My Scenario!', new Date('2026-01-02T03:04:05Z'), '0000')).toBe('20260102-030405-my-scenario-0000');
  expect(newRunId('///', new Date(0), '0000')).toBe('19700101-000000-run-0000');
  expect(newRunId('x', new Date(0))).toMatch(/^19700101-000000-x-[0-9a-f]{4}$/);
});

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { studyFaults } from '../../harness/plan/validate-study.ts';
import { studies } from '../../scenarios/studies.ts';
import { emptyFolder, plumbline } from '../support/cli.ts';
import { startLyingServer } from './lying-server.ts';

let folder: Awaited<ReturnType<typeof emptyFolder>>;
beforeAll(async () => {
  folder = await emptyFolder();
  const { resubmit } = studies;
  await writeFile(
    join(folder.path, 'faulty.study.json'),
    JSON.stringify({ ...resubmit, kind: 'guess', count: 1.5, channels: [{ name: 'content', keeps: 'some', write: { id: 'w', operation: 'nobody.knows' } }] }),
  );
});
afterAll(() => folder.remove());

test('the shipped studies have no faults', () => {
  for (const study of Object.values(studies)) expect(studyFaults({ ...study })).toEqual([]);
});

test.each<[string, object, string[]]>([
  ['an unknown key', { keyheader: 'k' }, ['keyheader: there is no such key; did you mean keyHeader?']],
  ['no parent, and a place that wants one', { parent: undefined }, ['channels.0.write: it has {{parent}}, and the study no "parent"']],
  [
    'half of a parent',
    { parent: { none: 'root', message: 'body.messages', id: 'uuid' } },
    ['parent.message: there is no such key; did you mean messages?', 'parent.messages: expected where', 'parent.onConflict: expected a list'],
  ],
  ['headers that are no texts', { headers: { a: 1 }, sessionHeader: 5 }, ['sessionHeader: expected a text', 'headers: expected names with texts']],
  ['an unknown key of a step', { read: { ...studies['resubmit']?.read, querry: {} } }, ['read.querry: there is no such key; did you mean query?']],
  ['a final read that is no primary', { finalReadIsPrimary: 'yes' }, ['finalReadIsPrimary: expected true']],
])('a study with %s is refused', (_, change, said) => {
  const faults = studyFaults(JSON.parse(JSON.stringify({ ...studies['resubmit'], ...change })) as Record<string, unknown>);
  expect(faults).toHaveLength(said.length);
  for (const [index, text] of said.entries()) expect(faults[index] ?? '').toContain(text);
});

test.each([
  ['two studies', ['run', 'resubmit', 'retry'], ['runs alone; given: resubmit, retry']],
  ['a study beside a scenario', ['run', 'sse', 'resubmit'], ['runs alone']],
  ['another driver', ['run', 'resubmit', '--driver', 'k6'], ['leave --driver away']],
  ['a duration', ['run', 'consistency', '--duration', '5s'], ['--duration is not for the study consistency', '--count and --rate']],
  ['an unknown cell', ['run', 'resubmit', '--cells', 'lww,hope'], ['"hope" is not a cell of resubmit', 'branch, reject, strong, session']],
  ['one user', ['run', 'resubmit', '--count', '1'], ['--count: "1" is not a whole number of at least 2']],
  ['cells for a scenario', ['run', 'sse', '--cells', 'all'], ['--cells is for a study']],
  ['a count for a scenario', ['run', 'sse', '--count', '5'], ['--count is for a study']],
  [
    'cells of a server without control port',
    ['run', 'resubmit', '--cells', 'branch', '--target', 'http://127.0.0.1:1'],
    ['cannot be set (no --control)', 'leave --cells away'],
  ],
  [
    'a faulty file, with every fault',
    ['run', './faulty.study.json'],
    [
      '5 faults',
      'kind: expected one of consistency, resubmit, retry, given "guess"',
      'count: expected a whole number',
      'channels.0.keeps: expected all or latest',
      'has no {{mark}}',
    ],
  ],
])('%s', async (_, args, said) => {
  const { code, stderr } = await plumbline(args, folder.path);
  for (const text of said) expect(stderr).toContain(text);
  expect(stderr).not.toContain('    at ');
  expect(code).toBe(2);
});

test('a server that is not there ends with what to do, and leaves no results', async () => {
  const { code, stderr } = await plumbline(['run', 'resubmit', '--target', 'http://127.0.0.1:1', '--no-traces', '--count', '4'], folder.path);
  expect(stderr).toContain('nothing was measured');
  expect(code).toBe(2);
});

test('a study that is stopped keeps what there is, and is invalid', async () => {
  const server = await startLyingServer({ contentLagMs: 200 });
  try {
    const { code, stdout } = await plumbline(['run', 'resubmit', '--target', server.url, '--no-traces', '--count', '200', '--rate', '10'], folder.path, {
      interruptAfterMs: 6_000,
    });
    expect(stdout).toContain('INVALID');
    expect(stdout).toMatch(/resubmit: First look/);
    expect(code).toBe(75);
  } finally {
    await server.stop();
  }
});

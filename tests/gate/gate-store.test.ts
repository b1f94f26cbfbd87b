import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseGate, readGate, writeGate } from '../../harness/gate/gate-store.ts';
import { emptyFolder } from '../support/cli.ts';
import { makeGate } from './gate-fixture.ts';

let folder: Awaited<ReturnType<typeof emptyFolder>>;
beforeAll(async () => {
  folder = await emptyFolder();
});
afterAll(() => folder.remove());

test('a gate.json is read as it was written, by its directory or its path', async () => {
  const gate = makeGate();
  const path = await writeGate(folder.path, gate);
  expect(path).toBe(join(folder.path, 'gate.json'));
  expect(await readGate(folder.path)).toEqual(gate);
  expect(await readGate(path)).toEqual(gate);
});

test('what is no gate.json of this version is refused, with what to do', async () => {
  await expect(readGate(join(folder.path, 'nowhere'))).rejects.toMatchObject({ code: 'not-found' });
  expect(() => parseGate('{"schema":', 'x.json')).toThrow('x.json is not JSON');
  expect(() => parseGate(JSON.stringify({ ...makeGate(), schema: 'plumbline.gate/2' }), 'x.json')).toThrow('written by another version of plumbline');
  expect(() => parseGate('{"schema":"plumbline.run/1"}', 'x.json')).toThrow('It is not the result of a gate');
  await writeFile(join(folder.path, 'half.json'), JSON.stringify({ ...makeGate(), metrics: 5, sides: undefined }));
  await expect(readGate(join(folder.path, 'half.json'))).rejects.toThrow(
    'sides: expected an object, found undefined\n  metrics: expected an array, found number',
  );
});

import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { generatedFiles } from '../../dashboards/index.ts';
import { dashboardIds } from '../../scenarios/names.ts';

const folder = new URL('../../dashboards/generated/', import.meta.url);

it('what is committed is what the sources build: npm run dashboards', () => {
  const files = generatedFiles();
  expect(readdirSync(folder).sort()).toEqual([...files.keys()].sort());
  for (const [name, text] of files) expect([name, readFileSync(new URL(name, folder), 'utf8') === text]).toEqual([name, true]);
});

it('there is a board for each fixed id, and no other', () => {
  expect([...generatedFiles().keys()].sort()).toEqual(
    Object.values(dashboardIds)
      .map((uid) => `${uid}.json`)
      .sort(),
  );
});

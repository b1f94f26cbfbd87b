import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunFile } from '../../harness/results/run-file.ts';

export interface WrittenRun {
  directory: string;
  /** Names of the files in it, sorted. */
  files: string[];
  run: RunFile;
}

/** The runs below a results folder, in the order of their names. */
export async function writtenRuns(results: string): Promise<WrittenRun[]> {
  const names = (await readdir(results)).toSorted();
  return Promise.all(
    names.map(async (name) => {
      const directory = join(results, name);
      const run = JSON.parse(await readFile(join(directory, 'run.json'), 'utf8')) as RunFile;
      return { directory, files: (await readdir(directory)).toSorted(), run };
    }),
  );
}

/** The one run below a results folder. */
export async function onlyWrittenRun(results: string): Promise<WrittenRun> {
  const runs = await writtenRuns(results);
  const [only] = runs;
  if (!only || runs.length !== 1) throw new Error(`${runs.length} runs in ${results}, expected one`);
  return only;
}

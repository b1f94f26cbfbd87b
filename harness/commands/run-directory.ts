import { existsSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { listRuns, runFileName } from '../results/run-store.ts';
import { UsageError } from '../usage-error.ts';

export const resultsRoot = 'results';

/** The directory of the run that the user means: a directory, its run.json, an id in results/, or, with nothing given, the latest. */
export async function runDirectory(given: string | undefined): Promise<string> {
  if (given === undefined) {
    const latest = (await listRuns(resultsRoot)).find((listing) => listing.problem === undefined);
    if (!latest) throw new UsageError('no_runs', `there are no runs in ${resultsRoot}/ yet; make one with: plumbline run sse`);
    return latest.directory;
  }
  for (const candidate of [resolve(given), resolve(resultsRoot, given)]) {
    if (!existsSync(candidate)) continue;
    const directory = statSync(candidate).isDirectory() ? candidate : dirname(candidate);
    if (existsSync(join(directory, runFileName))) return directory;
  }
  const known = (await listRuns(resultsRoot))
    .filter((listing) => listing.problem === undefined)
    .slice(0, 5)
    .map((listing) => listing.runId);
  throw new UsageError(
    'no_run',
    `no run at "${given}"; expected a directory with a ${runFileName}${known.length > 0 ? `, for example ${known.map((id) => `${resultsRoot}/${id}`).join(', ')}` : ''}`,
  );
}

import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { SecondRow, Verdict } from '../results/run-file.ts';
import { readRun, runFileName } from '../results/run-store.ts';

/** A run as the time picker and the list of runs need it. */
export interface ListedRun {
  runId: string;
  startedAtMs: number;
  durationMs: number;
  verdict: Verdict;
  legs: string[];
}

/** A run's own series, for where there is no Prometheus. */
export interface RunSeries extends ListedRun {
  reasons: string[];
  series: { legId: string; rows: SecondRow[] }[];
}

/** Reads each run once: a run.json does not change. */
export function runList(resultsRoot: string): { all(): Promise<ListedRun[]>; series(runId: string): Promise<RunSeries | undefined> } {
  const known = new Map<string, { changedMs: number; run: ListedRun | undefined }>();
  const read = async (runId: string): Promise<ListedRun | undefined> => {
    const path = join(resultsRoot, runId);
    const changedMs = await stat(join(path, runFileName)).then(
      ({ mtimeMs }) => mtimeMs,
      () => undefined,
    );
    if (changedMs === undefined) return undefined;
    const before = known.get(runId);
    if (before?.changedMs === changedMs) return before.run;
    const run = await readRun(path).then(
      (file) => ({
        runId: file.runId,
        startedAtMs: Date.parse(file.startedAt),
        durationMs: file.durationMs,
        verdict: file.verdict.verdict,
        legs: file.legs.map(({ id }) => id),
      }),
      () => undefined,
    );
    known.set(runId, { changedMs, run });
    return run;
  };
  return {
    async all() {
      const folders = (await readdir(resultsRoot, { withFileTypes: true }).catch(() => [])).filter(
        (entry) => entry.isDirectory() && !entry.name.startsWith('.'),
      );
      const runs: ListedRun[] = [];
      for (const { name } of folders) {
        const run = await read(name);
        if (run) runs.push(run);
      }
      return runs.sort((a, b) => b.startedAtMs - a.startedAtMs);
    },
    async series(runId) {
      const listed = /^[\w.-]+$/.test(runId) && !runId.startsWith('.') ? await read(runId) : undefined;
      if (!listed) return undefined;
      const file = await readRun(join(resultsRoot, runId));
      return { ...listed, reasons: file.verdict.reasons.map(String), series: file.legs.map(({ id, series }) => ({ legId: id, rows: series })) };
    },
  };
}

import { readdir } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { FlatSpan } from '../../telemetry/flat-span.ts';
import { findTraces } from '../../telemetry/find-traces.ts';
import { bodiesFolder, spansOfBody } from '../../telemetry/span-bodies.ts';
import { readSpans, spansFileName } from '../../telemetry/spans-file.ts';
import { type Trace, tracesOf } from '../../telemetry/trace-tree.ts';

export interface FoundTrace {
  trace: Trace;
  runId: string;
  /** Its run is under way: spans may be missing still. */
  isLive: boolean;
}

/** Runs that are looked through for a trace, the latest first. */
const mostRuns = 200;

/** The trace of this id in any run of the results, the latest first. Of a run under way what has come so far. */
export async function traceOf(resultsRoot: string, traceId: string): Promise<FoundTrace | undefined> {
  for (const runId of await runFolders(resultsRoot)) {
    const [written] = await findTraces(traceId, join(resultsRoot, runId, spansFileName));
    if (written) return { trace: written, runId, isLive: false };
    const coming = await comingSpans(join(resultsRoot, runId));
    const trace = coming && tracesOf(coming.filter((span) => span.traceId === traceId)).get(traceId);
    if (trace) return { trace, runId, isLive: true };
  }
  return undefined;
}

/** Run ids begin with their date. */
async function runFolders(resultsRoot: string): Promise<string[]> {
  const entries = await readdir(resultsRoot, { withFileTypes: true }).catch(() => []);
  const names = entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.')).map(({ name }) => name);
  return names.sort().reverse().slice(0, mostRuns);
}

/** Of a run whose spans are not written yet: what its receiver has. Undefined: written, or none. */
async function comingSpans(directory: string): Promise<FlatSpan[] | undefined> {
  if (existsSync(join(directory, spansFileName))) return undefined;
  const folder = join(directory, bodiesFolder);
  const names = await readdir(folder).catch(() => undefined);
  if (!names) return undefined;
  const spans: FlatSpan[] = [];
  for (const name of names) {
    // A body may be half written: its spans are there the next time.
    spans.push(...(await spansOfBody(join(folder, name)).catch(() => [])));
  }
  return spans;
}

/** One trace in a list. */
export interface TraceSummary {
  traceId: string;
  runId: string;
  name: string;
  service: string;
  startMs: number;
  durationMs: number;
  spans: number;
  failed: boolean;
}

const mostListed = 20;

/** The slowest traces of a run (of the latest, when none is named) with a span that fits. */
export async function listTraces(resultsRoot: string, runId: string | undefined, fits: (span: FlatSpan) => boolean): Promise<TraceSummary[]> {
  const known = await runFolders(resultsRoot);
  const chosen = runId === undefined ? known.slice(0, 1) : known.filter((each) => each === runId);
  const found: TraceSummary[] = [];
  for (const id of chosen) {
    const spans = (await comingSpans(join(resultsRoot, id))) ?? (await readSpans(join(resultsRoot, id, spansFileName)));
    for (const trace of new Set(tracesOf(spans).values())) {
      const root = trace.rows[0]?.span;
      if (!root || !trace.rows.some(({ span }) => fits(span))) continue;
      found.push({
        traceId: trace.id,
        runId: id,
        name: root.name,
        service: root.service,
        startMs: trace.startMs,
        durationMs: trace.endMs - trace.startMs,
        spans: trace.rows.length,
        failed: trace.rows.some(({ span }) => span.status === 'error'),
      });
    }
  }
  return found.sort((a, b) => b.durationMs - a.durationMs).slice(0, mostListed);
}

import { join } from 'node:path';
import { renderHtml } from '../report/html.ts';
import { renderJUnit } from '../report/junit.ts';
import { renderMarkdown } from '../report/markdown.ts';
import { embeddedTraces, traceIdsOf } from '../report/trace-links.ts';
import { readSpans, spansFileName } from '../telemetry/spans-file.ts';
import type { RunFile } from './run-file.ts';
import { writeAtomically } from './run-store.ts';

/** `report.html`, `report.md` and `junit.xml` beside run.json. */
export async function writeReports(directory: string, run: RunFile): Promise<void> {
  const ids = traceIdsOf(embeddedTraces(run.legs));
  const spans = run.telemetry === undefined ? [] : await readSpans(join(directory, spansFileName), (id) => ids.has(id));
  await Promise.all([
    writeAtomically(join(directory, 'report.html'), renderHtml(run, spans)),
    writeAtomically(join(directory, 'report.md'), renderMarkdown(run)),
    writeAtomically(join(directory, 'junit.xml'), renderJUnit(run)),
  ]);
}

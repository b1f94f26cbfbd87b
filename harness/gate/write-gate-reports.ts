import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { renderGateAnnotations } from '../report/gate/annotations.ts';
import { renderGateJUnit } from '../report/gate/junit.ts';
import { renderGateComment, renderGateMarkdown } from '../report/gate/markdown.ts';
import { renderGateOpenMetrics } from '../report/gate/open-metrics.ts';
import { writeAtomically } from '../results/run-store.ts';
import type { GateFile } from './gate-file.ts';

/** `report.md`, `comment.md`, `junit.xml` and `metrics.txt` (OpenMetrics) beside gate.json. */
export async function writeGateReports(directory: string, gate: GateFile): Promise<void> {
  await Promise.all([
    writeAtomically(join(directory, 'report.md'), renderGateMarkdown(gate)),
    writeAtomically(join(directory, 'comment.md'), renderGateComment(gate)),
    writeAtomically(join(directory, 'junit.xml'), renderGateJUnit(gate)),
    writeAtomically(join(directory, 'metrics.txt'), renderGateOpenMetrics(gate)),
  ]);
}

export interface Surroundings {
  /** Whether this runs in a step of GitHub Actions. */
  githubActions: boolean;
  /** Path of the step's summary there. */
  githubStepSummary: string | undefined;
}

/** Tells a step of GitHub Actions: the summary is appended to its file, and the annotations are returned, to be printed. Elsewhere: nothing. */
export async function tellGitHub(gate: GateFile, { githubActions, githubStepSummary }: Surroundings): Promise<string[]> {
  if (!githubActions) return [];
  if (githubStepSummary !== undefined) await appendFile(githubStepSummary, `${renderGateMarkdown(gate)}\n`);
  return renderGateAnnotations(gate);
}

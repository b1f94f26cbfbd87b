import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunFile } from '../../results/run-file.ts';
import { parseRun, RunFileError, runFileName } from '../../results/run-store.ts';
import { UsageError } from '../../usage-error.ts';
import { type GateFile, gateFileName } from '../gate-file.ts';
import { parseGate } from '../gate-store.ts';
import { runGit } from './branch-store.ts';
import type { HistoryRow } from './history-line.ts';
import { rowOfGate, rowOfRun, unfit } from './row-of.ts';

interface ReadRow {
  path: string;
  row?: HistoryRow;
  /** Why it is no point of a history. */
  unfit?: string;
}

/** @param path a gate.json or run.json, or the directory of one */
export async function readRow(path: string, given: { commit?: string; subject?: string }): Promise<ReadRow> {
  const { file, text } = await textOf(path);
  const result = parse(text, file);
  const why = unfit(result);
  if (why !== undefined) return { path, unfit: why };
  const ownCommit = result.schema === 'plumbline.gate/1' ? result.sides.head.commit : undefined;
  const commit = given.commit ?? ownCommit ?? (await gitLine('HEAD', '%H'));
  const subject = given.subject ?? (commit === undefined ? undefined : await gitLine(commit, '%s'));
  const said = { ...(commit !== undefined && { commit }), ...(subject !== undefined && { subject }) };
  const row = result.schema === 'plumbline.gate/1' ? rowOfGate(result, said) : rowOfRun(result, said);
  return Object.keys(row.values).length > 0 ? { path, row } : { path, unfit: 'it has no metric with enough samples' };
}

function parse(text: string, file: string): GateFile | RunFile {
  try {
    return text.includes('"plumbline.gate/') ? parseGate(text, file) : parseRun(text, file);
  } catch (error) {
    throw error instanceof RunFileError ? new UsageError(error.code, error.message) : error;
  }
}

async function textOf(path: string): Promise<{ file: string; text: string }> {
  const isDirectory = await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
  for (const file of isDirectory ? [join(path, gateFileName), join(path, runFileName)] : [path]) {
    try {
      return { file, text: await readFile(file, 'utf8') };
    } catch {
      // The other name, or none.
    }
  }
  throw new UsageError('not_found', `no gate and no run at ${path}: expected a ${gateFileName} or ${runFileName}, or the directory of one.`);
}

async function gitLine(commit: string, format: string): Promise<string | undefined> {
  const { code, stdout } = await runGit('.', ['log', '-1', `--format=${format}`, commit, '--']);
  const line = stdout.trim();
  return code === 0 && line !== '' ? line : undefined;
}

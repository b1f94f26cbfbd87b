import { join } from 'node:path';
import { promisify } from 'node:util';
import { zstdCompress, zstdDecompress } from 'node:zlib';
import { readFile } from 'node:fs/promises';
import type { Operation } from '../consistency/history.ts';
import { writeAtomically } from './run-store.ts';

export const historyFileName = 'history.ndjson.zst';

/** An operation with the leg that it belongs to: keys and ids count within a leg. */
export type HistoryLine = Operation & { leg: string };

/** One JSON object a line, zstd. */
export async function writeHistory(directory: string, legs: ReadonlyMap<string, readonly Operation[]>): Promise<void> {
  const lines = [...legs].flatMap(([leg, operations]) => operations.map((operation) => JSON.stringify({ leg, ...operation })));
  await writeAtomically(join(directory, historyFileName), await promisify(zstdCompress)(`${lines.join('\n')}\n`));
}

/** The operations of a run's directory, by leg. */
export async function readHistory(directory: string): Promise<Map<string, Operation[]>> {
  const text = (await promisify(zstdDecompress)(await readFile(join(directory, historyFileName)))).toString('utf8');
  const legs = new Map<string, Operation[]>();
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const { leg, ...operation } = JSON.parse(line) as HistoryLine;
    legs.set(leg, [...(legs.get(leg) ?? []), operation as Operation]);
  }
  return legs;
}

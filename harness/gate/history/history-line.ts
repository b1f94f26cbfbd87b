import { UsageError } from '../../usage-error.ts';
import type { RunTarget, Verdict } from '../../results/run-file.ts';

export const historySchema = 'plumbline.history/1' satisfies HistoryRow['schema'];

/** One line of a history: what one gate or run of the main branch measured. The file is ndjson and is only ever appended to. */
export interface HistoryRow {
  schema: 'plumbline.history/1';
  kind: 'gate' | 'run';
  /** Of the gate or run; a history has it once. */
  id: string;
  /** ISO 8601, when it was measured. */
  at: string;
  /** Full hash of what was measured. Absent: nobody said. */
  commit?: string;
  /** First line of the commit's message. */
  subject?: string;
  plumbline: string;
  machine: { cpu: string; cores: number };
  profile?: RunTarget['profile'];
  /** What a gate compared with. */
  base?: { label: string; commit?: string };
  verdict: Verdict;
  /** Milliseconds by metric: `crud: chat.conversations.list latency p95`. */
  values: Record<string, number>;
  /** Head / base by metric, above 1 is slower, of a gate: both sides are of the same minutes and machine, so this is the quieter number. */
  ratios?: Record<string, number>;
}

/** A change that is known and meant: `check` does not fail on it any more. */
export interface AcceptedChange {
  schema: 'plumbline.history/1';
  kind: 'accepted';
  at: string;
  /** Full hash, or its first digits: the commit at which the level changed. */
  commit: string;
  /** Part of the metrics' names. Absent: all. */
  metric?: string;
  reason: string;
}

export type HistoryLine = HistoryRow | AcceptedChange;

export interface History {
  rows: HistoryRow[];
  accepted: AcceptedChange[];
}

/** Throws with every faulty line. @param name what to call it in messages */
export function parseHistory(text: string, name: string): History {
  const history: History = { rows: [], accepted: [] };
  const faults: string[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const fault = readLine(line, history);
    if (fault !== undefined) faults.push(`  line ${index + 1}: ${fault}`);
  }
  if (faults.length > 0)
    throw new UsageError('history', `${name} is not a history of ${historySchema}:\n${faults.slice(0, 10).join('\n')}\nMend or take out these lines.`);
  return history;
}

function readLine(line: string, history: History): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return `not JSON: ${line.slice(0, 60)}`;
  }
  if (typeof value !== 'object' || value === null) return 'expected an object';
  const row = value as Partial<HistoryLine>;
  if (row.schema !== historySchema) return `schema ${JSON.stringify(row.schema)}, expected "${historySchema}"`;
  if (row.kind === 'accepted') {
    if (typeof row.commit !== 'string' || typeof row.reason !== 'string') return 'an accepted change needs commit and reason';
    history.accepted.push(row as AcceptedChange);
    return undefined;
  }
  if (row.kind !== 'gate' && row.kind !== 'run') return `kind ${JSON.stringify(row.kind)}, expected gate, run or accepted`;
  if (typeof row.id !== 'string' || typeof row.at !== 'string') return 'id and at must be texts';
  if (!isObject(row.machine) || !isNumbers(row.values)) return 'machine must be an object, values an object of numbers above 0';
  if (row.ratios !== undefined && !isNumbers(row.ratios)) return 'ratios must be an object of numbers above 0';
  history.rows.push(row as HistoryRow);
  return undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isNumbers(value: unknown): boolean {
  return isObject(value) && Object.values(value).every((number) => typeof number === 'number' && number > 0);
}

export function lineText(line: HistoryLine): string {
  return `${JSON.stringify(line)}\n`;
}

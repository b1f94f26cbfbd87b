/** The bench's JSON. Written anew after every case, so that one which is interrupted, or dies, keeps what it measured. */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Row } from './case.ts';

export interface CaseRecord {
  name: string;
  /** One-minute load average before the case. */
  loadBefore: number;
  rows: Row[];
  details?: unknown;
  /** Why it was not measured. */
  error?: string;
}

export interface BenchFile {
  schema: 'plumbline.bench/1';
  startedAt: string;
  quick: boolean;
  machine: object;
  k6: boolean;
  /** So far. */
  durationMs: number;
  /** `running` in a file that is left behind: the bench was killed. */
  state: 'running' | 'finished' | 'interrupted';
  cases: readonly CaseRecord[];
}

/** Whole or not at all: under another name first. */
export function writeBenchFile(file: string, content: BenchFile): void {
  mkdirSync(dirname(file), { recursive: true });
  const unfinished = `${file}.tmp`;
  writeFileSync(unfinished, JSON.stringify(content, undefined, 1));
  renameSync(unfinished, file);
}

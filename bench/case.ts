/** What every case of the bench shares: its rows, and how numbers are written. */
import type { Distribution } from '../harness/results/run-file.ts';
import { quantileOf } from '../harness/results/distribution.ts';

/** One line of the table. */
export interface Row {
  what: string;
  /** Empty where nothing is promised: the number is reported only. */
  target: string;
  measured: string;
  /** Undefined where nothing is promised. */
  met?: boolean;
  /** What the number was measured under, and what limits it where it falls short. */
  limit: string;
}

export interface CaseResult {
  rows: Row[];
  /** Everything that was measured, for the JSON. */
  details: unknown;
}

export interface CaseOptions {
  /** Shortened: fewer and shorter runs. Shows that it works, not how well. */
  quick: boolean;
  signal: AbortSignal;
  /** Wait so long at most before each load for other processes to be quiet. */
  calmMs: number;
  say(line: string): void;
}

export interface Case {
  name: string;
  /** The case is stopped after so long, waits for a calm machine not counted. */
  limitMs: number;
  run(options: CaseOptions): Promise<CaseResult>;
}

/** Cores that the two sides are pinned to. */
export const serverCore = 0;
export const driverCore = 1;

/** Milliseconds at a quantile; NaN when there is no value. */
export function at(distribution: Distribution | undefined, q: number): number {
  return (distribution && quantileOf(distribution, q)?.ms) ?? Number.NaN;
}

export function ms(value: number): string {
  return Number.isNaN(value) ? 'n/a' : `${value.toFixed(2)} ms`;
}

export function percent(share: number): string {
  return Number.isNaN(share) ? 'n/a' : `${Math.round(share * 100)}%`;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.ceil(middle) - 1] ?? Number.NaN) + (sorted[Math.floor(middle)] ?? Number.NaN)) / 2;
}

export function megabytesText(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`;
}

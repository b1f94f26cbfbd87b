/** Cells of the remedies' table: what the server's policies are set to, and what is expected of each. Pure. */
import type { StudyKind } from '../../scenarios/study-types.ts';
import type { Policies } from '../control-client.ts';
import { UsageError } from '../usage-error.ts';

/** `fresh`: no read is stale. `own`: a session sees what it wrote, and never less than before. */
export type ReadPromise = 'fresh' | 'own';

export interface Cell {
  name: string;
  /** Absent: the server is left as it is. */
  policies?: Policies;
  /** Clients send idempotency keys. */
  keys: boolean;
  /**
   * Of acknowledged messages, of answers whose stream ended, and of messages that are there twice. Absent: a server as it is, of which none may be lost or doubled.
   * `some`: the policy is known to allow it, and the study must find it. `any`: it may or may not.
   */
  expects?: { lost: 'none' | 'some'; answers: 'none' | 'any'; duplicates: 'none' | 'some'; reads?: ReadPromise };
}

/** They set nothing; the second one's clients send keys. */
const asItIs: readonly Cell[] = [
  { name: 'as-it-is', keys: false },
  { name: 'as-it-is-keys', keys: true },
];

const keepsAll = { lost: 'none', answers: 'none', duplicates: 'none' } as const;
const observed: Policies = { conflict: 'lww', idempotency: 'off', reads: 'eventual' };

const cellsOf: Readonly<Record<StudyKind, readonly Cell[]>> = {
  resubmit: [
    { name: 'lww', policies: observed, keys: false, expects: { lost: 'some', answers: 'any', duplicates: 'none' } },
    { name: 'lww-keys', policies: { ...observed, idempotency: 'keys' }, keys: true, expects: { lost: 'some', answers: 'any', duplicates: 'none' } },
    { name: 'branch', policies: { ...observed, conflict: 'branch' }, keys: false, expects: { lost: 'none', answers: 'none', duplicates: 'none' } },
    { name: 'reject', policies: { ...observed, conflict: 'reject' }, keys: false, expects: { lost: 'none', answers: 'none', duplicates: 'none' } },
    { name: 'strong', policies: { ...observed, reads: 'strong' }, keys: false, expects: { lost: 'none', answers: 'none', duplicates: 'none' } },
    { name: 'session', policies: { ...observed, reads: 'session' }, keys: false, expects: { lost: 'none', answers: 'none', duplicates: 'none' } },
  ],
  retry: [
    { name: 'lww', policies: observed, keys: false, expects: { lost: 'none', answers: 'any', duplicates: 'some' } },
    { name: 'lww-keys', policies: { ...observed, idempotency: 'keys' }, keys: true, expects: { lost: 'none', answers: 'any', duplicates: 'none' } },
    { name: 'branch', policies: { ...observed, conflict: 'branch' }, keys: false, expects: { lost: 'none', answers: 'any', duplicates: 'some' } },
    { name: 'reject', policies: { ...observed, conflict: 'reject' }, keys: false, expects: { lost: 'none', answers: 'any', duplicates: 'some' } },
  ],
  consistency: [
    { name: 'eventual', policies: observed, keys: false },
    { name: 'strong', policies: { ...observed, reads: 'strong' }, keys: false, expects: { ...keepsAll, reads: 'fresh' } },
    { name: 'session', policies: { ...observed, reads: 'session' }, keys: false, expects: { ...keepsAll, reads: 'own' } },
  ],
};

/** @param text of `--cells`: names separated by commas, or `all`; undefined: the server as it is. Throws UsageError `no_cell`. */
export function chooseCells(kind: StudyKind, text: string | undefined): Cell[] {
  if (text === undefined) return asItIs.slice(0, 1);
  const known = cellsOf[kind];
  if (text === 'all') return [...known];
  return text.split(',').map((part) => {
    const name = part.trim();
    const cell = [...asItIs, ...known].find((candidate) => candidate.name === name);
    if (!cell)
      throw new UsageError(
        'no_cell',
        `--cells: "${name}" is not a cell of ${kind}; expected all, or some of ${[...asItIs, ...known].map((candidate) => candidate.name).join(', ')}`,
      );
    return cell;
  });
}

/** A cell in words: `last write wins, eventual reads, idempotency keys`. */
export function cellText({ policies, keys }: Cell): string {
  if (!policies) return `the server as it is${keys ? ', idempotency keys' : ''}`;
  const conflict = { lww: 'last write wins', reject: 'a stale write is refused', branch: 'both are kept' }[policies.conflict];
  return `${conflict}, ${policies.reads} reads${policies.idempotency === 'keys' ? ', idempotency keys' : ''}`;
}

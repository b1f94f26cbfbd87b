import type { Kysely } from 'kysely';
import { v7 as uuidv7 } from 'uuid';
import { lockRows, takeRows } from '../store/lock-rows.ts';
import { preparedQuery } from '../store/prepared-query.ts';
import type { JobsTable, Tables } from '../store/tables.ts';
import type { JobKindName, JobState } from './job-names.ts';

export interface NewJob {
  kind: JobKindName;
  /** Becomes JSON. */
  payload: object;
  /** Of the request that asks for it. */
  requestKey: string;
  nowMs: number;
  /** Nobody takes it before. */
  delayMs: number;
}

/** A job that this process has taken, until its lease ends. */
export interface TakenJob {
  uuid: string;
  kind: string;
  payload: unknown;
  requestKey: string;
  /** When it was to be done. */
  dueAtMs: number;
  createdAtMs: number;
  /** This one included. */
  attempts: number;
  leaseUuid: string;
}

type Insert = { [Column in 'uuid' | 'kind' | 'payload' | 'request_key']: string } & { due_at_ms: number; created_at_ms: number };
const insertJob = preparedQuery<Insert, unknown>((db, value) =>
  db.insertInto('jobs').values({
    uuid: value('uuid'),
    kind: value('kind'),
    payload: value('payload'),
    request_key: value('request_key'),
    due_at_ms: value('due_at_ms'),
    lease_uuid: null,
    attempts: 0,
    last_error: null,
    created_at_ms: value('created_at_ms'),
  }),
);

/** Queues a job as a part of the transaction that asks for it: it is there when that is committed, and not otherwise. Tell the queue after the commit. */
export async function enqueue(transaction: Kysely<Tables>, { kind, payload, requestKey, nowMs, delayMs }: NewJob): Promise<void> {
  const row = { uuid: uuidv7(), kind, payload: JSON.stringify(payload), request_key: requestKey, due_at_ms: nowMs + delayMs, created_at_ms: nowMs };
  await insertJob(transaction, row);
}

const nextDue = preparedQuery<Record<never, never>, { due_at_ms: number | null }>((db) =>
  db.selectFrom('jobs').select((of) => of.fn.min('due_at_ms').as('due_at_ms')),
);

/** When the next job is due, or a lease ends. Undefined: there is nothing to do. */
export async function nextDueMs(db: Kysely<Tables>): Promise<number | undefined> {
  return (await nextDue(db, {})).rows[0]?.due_at_ms ?? undefined;
}

/**
 * Takes jobs that are due, the oldest first. Nobody else takes them before the end of the lease. One whose worker ended with it is taken by itself: should it
 * be the one that ends workers, those behind it are not taken with it again.
 */
export async function takeJobs(db: Kysely<Tables>, { nowMs, leaseMs, most }: { nowMs: number; leaseMs: number; most: number }): Promise<TakenJob[]> {
  const leaseUuid = uuidv7();
  return await db.transaction().execute(async (transaction) => {
    const due = transaction.selectFrom('jobs').selectAll().where('due_at_ms', '<=', nowMs).orderBy('due_at_ms').orderBy('uuid').limit(most);
    const found = await takeRows(transaction, due).execute();
    const rows = found[0]?.lease_uuid ? found.slice(0, 1) : found.filter(({ lease_uuid }) => lease_uuid === null);
    if (rows.length === 0) return [];
    await transaction
      .updateTable('jobs')
      .set((of) => ({ due_at_ms: nowMs + leaseMs, lease_uuid: leaseUuid, attempts: of('attempts', '+', 1) }))
      .where(
        'uuid',
        'in',
        rows.map(({ uuid }) => uuid),
      )
      .execute();
    return rows.map((row) => taken(row, leaseUuid));
  });
}

function taken(row: JobsTable, leaseUuid: string): TakenJob {
  const { uuid, kind, payload, request_key: requestKey, due_at_ms: dueAtMs, created_at_ms: createdAtMs, attempts } = row;
  return { uuid, kind, payload: JSON.parse(payload) as unknown, requestKey, dueAtMs: dueAtMs ?? createdAtMs, createdAtMs, attempts: attempts + 1, leaseUuid };
}

type Lease = Pick<TakenJob, 'uuid' | 'leaseUuid'>;

/** Is it still ours? Then it stays so until the end of the transaction. */
export async function holds(transaction: Kysely<Tables>, { uuid, leaseUuid }: Lease): Promise<boolean> {
  const row = transaction.selectFrom('jobs').select('uuid').where('uuid', '=', uuid).where('lease_uuid', '=', leaseUuid);
  return (await lockRows(transaction, row).executeTakeFirst()) !== undefined;
}

export async function removeJob(transaction: Kysely<Tables>, { uuid }: Lease): Promise<void> {
  await transaction.deleteFrom('jobs').where('uuid', '=', uuid).execute();
}

/** Lets go of it, if it is still ours. */
export async function putBack(
  db: Kysely<Tables>,
  { uuid, leaseUuid }: Lease,
  change: Partial<Pick<JobsTable, 'due_at_ms' | 'attempts' | 'last_error'>>,
): Promise<void> {
  await db
    .updateTable('jobs')
    .set({ lease_uuid: null, ...change })
    .where('uuid', '=', uuid)
    .where('lease_uuid', '=', leaseUuid)
    .execute();
}

export interface JobCount {
  kind: string;
  state: JobState;
  count: number;
}

/** Of the whole queue, whoever works on it. Reads all of it. */
export async function countJobs(db: Kysely<Tables>): Promise<JobCount[]> {
  const undone = await db
    .selectFrom('jobs')
    .where('due_at_ms', '>', 0)
    .select((of) => ['kind', of.case().when('lease_uuid', 'is not', null).then('running').else('waiting').end().as('state'), of.fn.countAll().as('count')])
    .groupBy(['kind', 'state'])
    .execute();
  const failed = await db
    .selectFrom('jobs')
    .where('due_at_ms', 'is', null)
    .select((of) => ['kind', of.fn.countAll().as('count')])
    .groupBy('kind')
    .execute();
  return [
    ...undone.map(({ kind, state, count }): JobCount => ({ kind, state: state as JobState, count: Number(count) })),
    ...failed.map(({ kind, count }): JobCount => ({ kind, state: 'failed', count: Number(count) })),
  ];
}

/** Takes out those that were given up and asked for before that. */
export async function forgetFailed(db: Kysely<Tables>, beforeMs: number): Promise<void> {
  await db.deleteFrom('jobs').where('due_at_ms', 'is', null).where('created_at_ms', '<', beforeMs).execute();
}

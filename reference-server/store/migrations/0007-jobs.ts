import { randomUUID } from 'node:crypto';
import type { Kysely } from 'kysely';
import type { JobsTable, Tables } from '../tables.ts';
import type { ColumnTypes } from './0001-initial.ts';

/** What an ingestion waited for before it began, when this was written. */
const ingestionQueuedMs = 500;

/** The queue of asynchronous work. What servers before it left undone (titles and ingestions that were only due at a time) is its first work. */
export async function up(db: Kysely<unknown>, types: ColumnTypes): Promise<void> {
  await db.schema
    .createTable('jobs')
    .addColumn('uuid', types.text, (column) => column.primaryKey())
    .addColumn('kind', types.text, (column) => column.notNull())
    .addColumn('payload', types.text, (column) => column.notNull())
    .addColumn('request_key', types.text, (column) => column.notNull())
    .addColumn('due_at_ms', 'double precision')
    .addColumn('lease_uuid', types.text)
    .addColumn('attempts', 'integer', (column) => column.notNull())
    .addColumn('last_error', types.text)
    .addColumn('created_at_ms', 'double precision', (column) => column.notNull())
    .execute();
  await db.schema.createIndex('jobs_by_due_at_ms').on('jobs').column('due_at_ms').execute();
  await leftUndone(db as Kysely<Tables>);
}

async function leftUndone(db: Kysely<Tables>): Promise<void> {
  const add = async (job: Pick<JobsTable, 'kind' | 'payload' | 'due_at_ms'>): Promise<void> => {
    const uuid = randomUUID();
    const row = { ...job, uuid, request_key: uuid, lease_uuid: null, attempts: 0, last_error: null, created_at_ms: Date.now() };
    await db.insertInto('jobs').values(row).execute();
  };
  const titles = await db.selectFrom('conversations').select(['uuid', 'pending_name_at']).where('pending_name', 'is not', null).execute();
  for (const { uuid, pending_name_at } of titles) {
    const payload = JSON.stringify({ conversationUuid: uuid, pendingAt: pending_name_at });
    await add({ kind: 'title', payload, due_at_ms: Date.parse(pending_name_at ?? '') || Date.now() });
  }
  const ingestions = await db.selectFrom('ingestions').select(['uuid', 'created_at']).where('status', 'in', ['queued', 'running']).execute();
  for (const { uuid, created_at } of ingestions) {
    await add({ kind: 'ingestion', payload: JSON.stringify({ ingestionUuid: uuid }), due_at_ms: Date.parse(created_at) + ingestionQueuedMs });
  }
}

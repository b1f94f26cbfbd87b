import type { Kysely } from 'kysely';
import type { ColumnTypes } from './0001-initial.ts';

/** Keys that clients gave to their writes, and what they were answered. */
export async function up(db: Kysely<unknown>, types: ColumnTypes): Promise<void> {
  await db.schema
    .createTable('idempotency_keys')
    .addColumn('user_uuid', types.text, (column) => column.notNull())
    .addColumn('key', types.text, (column) => column.notNull())
    .addColumn('fingerprint', types.text, (column) => column.notNull())
    .addColumn('state', types.text, (column) => column.notNull())
    .addColumn('answer', types.text)
    .addColumn('expires_at', types.text, (column) => column.notNull())
    .addPrimaryKeyConstraint('idempotency_keys_key', ['user_uuid', 'key'])
    .execute();
  await db.schema.createIndex('idempotency_keys_by_expires_at').on('idempotency_keys').columns(['expires_at']).execute();
}

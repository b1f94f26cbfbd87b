import { randomUUID } from 'node:crypto';
import type { Kysely } from 'kysely';
import type { Tables } from '../tables.ts';
import type { ColumnTypes } from './0001-initial.ts';

/** The change log: what a transaction changed, written in the same transaction and brought to the replica in the order of `seq`. */
export async function up(db: Kysely<unknown>, types: ColumnTypes): Promise<void> {
  await db.schema
    .createTable('change_log')
    // Numbers are never given twice, also when the log has been emptied: a consistency token names one.
    .addColumn('seq', types.sequence, (column) => (types.sequence === 'integer' ? column.primaryKey().autoIncrement() : column.primaryKey()))
    .addColumn('channel', types.text, (column) => column.notNull())
    .addColumn('table_name', types.text, (column) => column.notNull())
    .addColumn('row_key', types.text, (column) => column.notNull())
    .addColumn('conversation_uuid', types.text)
    .addColumn('payload', types.text, (column) => column.notNull())
    .addColumn('committed_at_ms', 'double precision', (column) => column.notNull())
    .addColumn('lag_ms', 'double precision', (column) => column.notNull())
    .execute();
  await db.schema.createIndex('change_log_by_channel_seq').on('change_log').columns(['channel', 'seq']).execute();
  // Names this database: a replica that was made from another one is copied anew.
  await db.schema
    .createTable('replication_source')
    .addColumn('uuid', types.text, (column) => column.primaryKey())
    .execute();
  await (db as Kysely<Tables>).insertInto('replication_source').values({ uuid: randomUUID() }).execute();
}

import type { Kysely } from 'kysely';
import type { ColumnTypes } from './0001-initial.ts';

/** Whose reservation a key is, so that nobody ends another's; and what the log has of one conversation, found when that is deleted. */
export async function up(db: Kysely<unknown>, types: ColumnTypes): Promise<void> {
  await db.schema.alterTable('idempotency_keys').addColumn('owner_uuid', types.text).execute();
  await db.schema.createIndex('change_log_by_conversation_uuid').on('change_log').columns(['conversation_uuid', 'channel']).execute();
}

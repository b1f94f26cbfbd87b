import type { Kysely } from 'kysely';

/** What the plans on 100,000 conversations lacked. */
export async function up(db: Kysely<unknown>): Promise<void> {
  // Only to count: of one organization's entries, Postgres keeps the key once, so that it is read in a tenth of the time.
  await db.schema.createIndex('conversations_by_organization_uuid').on('conversations').column('organization_uuid').execute();
  await db.schema.createIndex('organizations_by_is_default').on('organizations').column('is_default').execute();
}

import { type Kysely, type Migration, Migrator, sql } from 'kysely';
import type { Place } from '../database.ts';
import { type ColumnTypes, up as initial } from './0001-initial.ts';
import { up as replication } from './0002-replication.ts';
import { up as idempotency } from './0003-idempotency.ts';
import { up as indexes } from './0006-indexes.ts';
import { up as jobs } from './0007-jobs.ts';
import { up as outcomes } from './0008-outcomes.ts';

/** How each database names the types of columns. Text sorts by its bytes in both: UTF-8 in the order of code points, whatever the database's language. */
const columnTypes: Readonly<Record<Place['kind'], ColumnTypes>> = {
  sqlite: { text: 'text', binary: 'blob', sequence: 'integer' },
  postgres: { text: sql`text collate "C"`, binary: 'bytea', sequence: 'bigserial' },
};

/**
 * Every migration by name; they run in the order of their names, each database's all in one transaction. A migration that has been released is never
 * edited: add the next one.
 */
function migrations(types: ColumnTypes): Record<string, Migration> {
  return {
    '0001-initial': { up: (db) => initial(db, types) },
    '0002-replication': { up: (db) => replication(db, types) },
    '0003-idempotency': { up: (db) => idempotency(db, types) },
    '0006-indexes': { up: indexes },
    '0007-jobs': { up: (db) => jobs(db, types) },
    '0008-outcomes': { up: (db) => outcomes(db, types) },
  };
}

/**
 * Brings a database to the newest schema; what was applied before is left alone. Servers that start at the same moment wait for the first of them: on
 * Postgres by an advisory lock, on SQLite by the file's write lock. Throws the first failure, with its migration's name.
 */
export async function migrate<T>(db: Kysely<T>, place: Place): Promise<void> {
  const migrator = new Migrator({
    db,
    provider: { getMigrations: async () => migrations(columnTypes[place.kind]) },
    ...(place.kind === 'postgres' && { migrationTableSchema: place.schema }),
  });
  const { error, results } = await migrator.migrateToLatest();
  if (error === undefined) return;
  const failed = results?.find((result) => result.status === 'Error')?.migrationName ?? 'before the first migration';
  throw new Error(`the store could not be brought to the newest schema (${failed}): ${error instanceof Error ? error.message : String(error)}`, {
    cause: error,
  });
}

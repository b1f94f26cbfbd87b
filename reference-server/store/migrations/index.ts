import { type Kysely, type Migration, Migrator } from 'kysely';
import { type BinaryType, up as initial } from './0001-initial.ts';

/** Every migration by name; they run in the order of their names. A migration that has been released is never edited: add the next one. */
function migrations(binaryType: BinaryType): Record<string, Migration> {
  return {
    '0001-initial': { up: (db) => initial(db, binaryType) },
  };
}

/** Brings a database to the newest schema; what was applied before is left alone. Throws the first failure, with its migration's name. */
export async function migrate<T>(db: Kysely<T>, binaryType: BinaryType): Promise<void> {
  const migrator = new Migrator({ db, provider: { getMigrations: async () => migrations(binaryType) } });
  const { error, results } = await migrator.migrateToLatest();
  if (error === undefined) return;
  const failed = results?.find((result) => result.status === 'Error')?.migrationName ?? 'before the first migration';
  throw new Error(`the store could not be brought to the newest schema (${failed}): ${error instanceof Error ? error.message : String(error)}`, {
    cause: error,
  });
}

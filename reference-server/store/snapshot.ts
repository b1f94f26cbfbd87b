import { type Kysely, PostgresAdapter } from 'kysely';

/**
 * Reads a database as it is at one moment, whatever is committed meanwhile. On SQLite it is a transaction like those that write: it waits for them, and they
 * for it, in whatever process.
 */
export function snapshotOf<Schema, T>(db: Kysely<Schema>, work: (snapshot: Kysely<Schema>) => Promise<T>): Promise<T> {
  const transaction = db.transaction();
  return db.getExecutor().adapter instanceof PostgresAdapter
    ? transaction.setIsolationLevel('repeatable read').setAccessMode('read only').execute(work)
    : transaction.execute(work);
}

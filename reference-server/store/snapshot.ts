import { type Kysely, PostgresAdapter, sql } from 'kysely';

/** Reads a database as it is at one moment, whatever is committed meanwhile; nothing can be written. On SQLite nothing else of this process is done before its end. */
export function snapshotOf<Schema, T>(db: Kysely<Schema>, work: (snapshot: Kysely<Schema>) => Promise<T>): Promise<T> {
  return db.connection().execute(async (connection) => {
    const isPostgres = connection.getExecutor().adapter instanceof PostgresAdapter;
    // On SQLite without the file's write lock, which another connection may have.
    await sql.raw(isPostgres ? 'begin isolation level repeatable read read only' : 'begin').execute(connection);
    try {
      return await work(connection);
    } finally {
      await sql.raw('rollback').execute(connection);
    }
  });
}

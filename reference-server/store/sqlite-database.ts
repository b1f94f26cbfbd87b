import { DatabaseSync } from 'node:sqlite';
import { Kysely, sql } from 'kysely';
import type { Database } from './database.ts';
import { migrate } from './migrations/index.ts';
import { sqliteReplica } from './replication/sqlite-replica.ts';
import { NodeSqliteDialect } from './sqlite-dialect.ts';
import { tableNames } from './table-order.ts';
import type { Tables } from './tables.ts';

/** How long a statement waits for another process that writes the same file, such as one that seeds it. */
const busyMs = 60_000;

/** Node's built-in SQLite on a file, or in memory. */
export async function openSqlite(file: string | undefined): Promise<Database> {
  const dialect = new NodeSqliteDialect(() => openFile(file), { groupCommit: file !== undefined, busyMs });
  const db = new Kysely<Tables>({ dialect });
  try {
    await migrate(db, { kind: 'sqlite' });
  } catch (error) {
    await db.destroy();
    throw error;
  }
  let closed: Promise<void> | undefined;
  return {
    kind: 'sqlite',
    db,
    tellingWaits: () => db,
    // A transaction of ours has the file's write lock from its beginning.
    alone: (work) => db.transaction().execute(work),
    async empty(transaction) {
      for (const table of tableNames.toReversed()) await transaction.deleteFrom(table).execute();
    },
    async ping() {
      await sql`select 1`.execute(db);
    },
    pool: () => dialect.load(),
    openReplica: () => sqliteReplica(file),
    close() {
      closed ??= db.destroy();
      return closed;
    },
  };
}

function openFile(file: string | undefined): DatabaseSync {
  const database = new DatabaseSync(file ?? ':memory:', { enableForeignKeyConstraints: true, timeout: busyMs });
  // Opening may wait; from then on the dialect does, and the event loop goes on. WAL with `full`: a commit is on the disk, as far as the system says so, before it is acknowledged.
  if (file !== undefined) database.exec('pragma journal_mode = wal; pragma synchronous = full; pragma busy_timeout = 0');
  return database;
}

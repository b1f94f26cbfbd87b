import { DatabaseSync } from 'node:sqlite';
import { Kysely, sql } from 'kysely';
import { whileBusy } from '../sqlite-busy.ts';
import { NodeSqliteDialect } from '../sqlite-dialect.ts';
import type { ReplicaDatabase } from './replica-database.ts';
import type { ReplicaTables } from './replica-schema.ts';

const busyMs = 5_000;
/** While another process makes the replica. */
const fillingBusyMs = 60_000;

/** A SQLite database beside the primary's file, or in memory. */
export function sqliteReplica(primaryFile: string | undefined): ReplicaDatabase {
  const dialect = new NodeSqliteDialect(() => openFile(primaryFile === undefined ? undefined : `${primaryFile}-replica`), { busyMs });
  const db = new Kysely<ReplicaTables>({ dialect });
  return {
    db,
    tellingWaits: () => db,
    text: 'text',
    isShared: primaryFile !== undefined,
    alone: (work) => (primaryFile === undefined ? work(true) : locked(primaryFile, () => work(true))),
    // A transaction has the file's write lock from its beginning; in memory nobody else is there.
    turn: () => Promise.resolve(),
    async ping() {
      await sql`select 1`.execute(db);
    },
    pool: () => ({ ...dialect.load(), refused: 0 }),
    close: () => db.destroy(),
  };
}

/** With the write lock of a file, by a connection of its own. It can still be read. */
async function locked<T>(file: string, work: () => Promise<T>): Promise<T> {
  const lock = new DatabaseSync(file);
  try {
    await whileBusy(() => lock.exec('begin immediate'), fillingBusyMs);
    return await work();
  } finally {
    // Ends the transaction, too.
    lock.close();
  }
}

function openFile(file: string | undefined): DatabaseSync {
  const database = new DatabaseSync(file ?? ':memory:', { enableForeignKeyConstraints: true, timeout: busyMs });
  // Nothing is lost with it: what a power cut takes is still in the log, or copied from the primary again.
  if (file !== undefined) database.exec('pragma journal_mode = wal; pragma synchronous = normal; pragma busy_timeout = 0');
  return database;
}

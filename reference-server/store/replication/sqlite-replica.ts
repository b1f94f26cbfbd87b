import { DatabaseSync } from 'node:sqlite';
import { Kysely } from 'kysely';
import { NodeSqliteDialect } from '../sqlite-dialect.ts';
import type { ReplicaDatabase } from './replica-database.ts';
import type { ReplicaTables } from './replica-schema.ts';

const busyMs = 5_000;

/** A SQLite database beside the primary's file, or in memory. One process has it. */
export function sqliteReplica(primaryFile: string | undefined): ReplicaDatabase {
  const db = new Kysely<ReplicaTables>({ dialect: new NodeSqliteDialect(() => openFile(primaryFile === undefined ? undefined : `${primaryFile}-replica`)) });
  return { db, text: 'text', alone: (work) => work(), turn: () => Promise.resolve(false), close: () => db.destroy() };
}

function openFile(file: string | undefined): DatabaseSync {
  const database = new DatabaseSync(file ?? ':memory:', { enableForeignKeyConstraints: true, timeout: busyMs });
  // Nothing is lost with it: what a power cut takes is still in the log, or copied from the primary again.
  if (file !== undefined) database.exec('pragma journal_mode = wal; pragma synchronous = normal');
  return database;
}

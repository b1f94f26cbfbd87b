import type { Kysely, Transaction } from 'kysely';
import type { ReplicaDatabase } from './replication/replica-database.ts';
import type { Tables } from './tables.ts';
import type { OnWaited } from './telling-waits.ts';

/** Where data are. */
export type Place =
  /** Without a file: in memory. */
  { kind: 'sqlite'; file?: string } | { kind: 'postgres'; url: string; schema: string; pool?: Partial<PoolLimits> };

export interface PoolLimits {
  connections: number;
  /** Queries that may wait for a connection; the next one is refused at once. */
  waiting: number;
  /** How long a query waits for a connection before it is refused. */
  waitMs: number;
  /** How long one statement may take; 0: as long as it takes. */
  statementMs: number;
}

/** Connections to the database, as a scrape tells them. SQLite has one. */
export interface PoolCounts {
  busy: number;
  limit: number;
  waiting: number;
  /** Queries that were refused since the start. */
  refused: number;
}

/** An open database with the newest schema, and nothing else that is known of it: no rows are seeded. */
export interface Database {
  readonly kind: Place['kind'];
  readonly db: Kysely<Tables>;
  /** The same for one request, which is told how long it waits for connections. SQLite's one is served by the thread that waits: that is work, and not told. */
  tellingWaits(onWaited: OnWaited): Kysely<Tables>;
  /** Work on all of the data: one transaction without a query's bounds of time, and nobody else who works so goes on before its end, in whatever process. */
  alone<T>(work: (transaction: Transaction<Tables>) => Promise<T>): Promise<T>;
  /** Takes every row out, as a part of the transaction. */
  empty(transaction: Transaction<Tables>): Promise<void>;
  /** Asks the database for nothing. Throws a StoreFault when it does not answer within a second or so. */
  ping(): Promise<void>;
  pool(): PoolCounts;
  /** A database of its own, as it was left. Whoever replicates into it closes it. */
  openReplica(): ReplicaDatabase;
  /** Waits for nothing: close after the last query. Twice is fine. */
  close(): Promise<void>;
}

/** Opens a database and brings it to the newest schema; of several servers that do so at once, one does. Throws when it is not there. */
export async function openDatabase(place: Place): Promise<Database> {
  // What talks to Postgres is loaded only for it.
  return place.kind === 'sqlite' ? (await import('./sqlite-database.ts')).openSqlite(place.file) : (await import('./postgres-database.ts')).openPostgres(place);
}

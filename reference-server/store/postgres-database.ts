import { Kysely, PostgresDialect, sql, type Transaction } from 'kysely';
import type { Database, Place } from './database.ts';
import { migrate } from './migrations/index.ts';
import { postgresPool } from './postgres-pool.ts';
import { postgresReplica } from './replication/postgres-replica.ts';
import { tableNames } from './table-order.ts';
import type { Tables } from './tables.ts';
import { tellingWaits } from './telling-waits.ts';

/** Key of the advisory lock of whoever works alone: any number that nobody else takes. */
const aloneLock = 7_529_460_118;

type PostgresPlace = Extract<Place, { kind: 'postgres' }>;

/** A schema of a Postgres database, made when absent, through a pool of connections. */
export async function openPostgres(place: PostgresPlace): Promise<Database> {
  await unbounded(place, (db) => migrate(db, place));
  const pool = postgresPool(place);
  const dialect = new PostgresDialect({ pool });
  const db = new Kysely<Tables>({ dialect });
  let closed: Promise<void> | undefined;
  return {
    kind: 'postgres',
    db,
    tellingWaits: tellingWaits({ db, dialect, counts: () => pool.counts() }),
    alone: (work) =>
      unbounded(place, (own) =>
        own.transaction().execute(async (transaction) => {
          await sql`select pg_advisory_xact_lock(${sql.lit(aloneLock)})`.execute(transaction);
          return await work(transaction);
        }),
      ),
    async empty(transaction) {
      await lockAll(transaction);
      await sql`truncate ${all}`.execute(transaction);
    },
    ping: () => pool.ping(),
    pool: () => pool.counts(),
    openReplica: () => postgresReplica(place),
    close() {
      closed ??= db.destroy();
      return closed;
    },
  };
}

const all = sql.join(tableNames.map((name) => sql.table(name)));
/** Shorter than what the database waits before it looks for a deadlock. */
const lockMs = 200;
const mostLockings = 50;
/** Of the database: a lock was not to be had in that time. */
const lockNotAvailable = '55P03';

/** Whoever writes meanwhile has some tables and waits for others, in an order of its own: instead of a deadlock all locks are let go, and taken again. */
async function lockAll(transaction: Transaction<Tables>): Promise<void> {
  for (let time = 1; ; time += 1) {
    await sql`savepoint locking`.execute(transaction);
    try {
      await sql`set local lock_timeout = ${sql.lit(lockMs)}`.execute(transaction);
      await sql`lock table ${all} in access exclusive mode`.execute(transaction);
      await sql`set local lock_timeout = 0`.execute(transaction);
      return;
    } catch (error) {
      if ((error as { code?: string }).code !== lockNotAvailable || time === mostLockings) throw error;
      await sql`rollback to savepoint locking`.execute(transaction);
    }
  }
}

/** A connection that is not of the pool, for work that takes what it takes. */
async function unbounded<T>(place: PostgresPlace, work: (db: Kysely<Tables>) => Promise<T>): Promise<T> {
  const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool: postgresPool({ ...place, pool: { connections: 1, statementMs: 0 } }) }) });
  try {
    return await work(db);
  } finally {
    await db.destroy();
  }
}

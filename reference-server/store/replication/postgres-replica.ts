import { Kysely, PostgresDialect, sql } from 'kysely';
import type { Place } from '../database.ts';
import { postgresPool } from '../postgres-pool.ts';
import { tellingWaits } from '../telling-waits.ts';
import type { ReplicaDatabase } from './replica-database.ts';
import type { ReplicaTables } from './replica-schema.ts';

/** Keys of advisory locks: any numbers that nobody else takes. */
const fillLock = 7_529_460_119;
const turnLock = 7_529_460_120;

/** A schema of its own beside the primary's, through connections of its own. */
export function postgresReplica(primary: Extract<Place, { kind: 'postgres' }>): ReplicaDatabase {
  const place = { ...primary, schema: `${primary.schema}_replica` };
  const pool = postgresPool(place);
  const dialect = new PostgresDialect({ pool });
  const db = new Kysely<ReplicaTables>({ dialect });
  return {
    db,
    tellingWaits: tellingWaits({ db, dialect, counts: () => pool.counts() }),
    text: sql`text collate "C"`,
    isShared: true,
    async alone(work) {
      const alonePool = postgresPool({ ...place, pool: { connections: 1, statementMs: 0 } });
      const own = new Kysely<ReplicaTables>({ dialect: new PostgresDialect({ pool: alonePool }) });
      try {
        return await own.connection().execute(async (connection) => {
          await sql`select pg_advisory_lock(${sql.lit(fillLock)})`.execute(connection);
          await connection.schema.createSchema(place.schema).ifNotExists().execute();
          return await work(false);
        });
      } finally {
        // The lock goes with its connection.
        await own.destroy();
      }
    },
    async turn(transaction) {
      await sql`select pg_advisory_xact_lock(${sql.lit(turnLock)})`.execute(transaction);
    },
    ping: () => pool.ping(),
    pool: () => pool.counts(),
    close: () => db.destroy(),
  };
}

import type { PostgresPool, PostgresPoolClient, PostgresQueryResult } from 'kysely';
import pg from 'pg';
import type { Place, PoolCounts, PoolLimits } from './database.ts';
import { checkText, StoreFault } from './faults.ts';

/** Our choice. A connection is a process of the database; ten of them keep its cores busy. */
export const defaultPool: Readonly<PoolLimits> = { connections: 10, waiting: 500, waitMs: 1_000, statementMs: 5_000 };

/** The database ends a statement; should it not, the connection is given up so much later. */
const graceMs = 1_000;
const idleMs = 30_000;

/** Counts come as text, for want of numbers that are large enough; ours are small. */
const int8 = 20;
const types = { getTypeParser: ((oid, format) => (oid === int8 ? Number : pg.types.getTypeParser(oid, format))) as typeof pg.types.getTypeParser };

export interface StorePool extends PostgresPool {
  counts(): PoolCounts;
  /** Throws a StoreFault. */
  ping(): Promise<void>;
}

/** Connections to one schema. Whatever goes wrong with them is a StoreFault; broken ones are replaced. */
export function postgresPool({ url, schema, pool: asked }: Extract<Place, { kind: 'postgres' }>): StorePool {
  const limits = { ...defaultPool, ...asked };
  const pool = new pg.Pool({
    connectionString: url,
    max: limits.connections,
    connectionTimeoutMillis: Math.max(limits.waitMs, 1),
    idleTimeoutMillis: idleMs,
    ...(limits.statementMs > 0 && {
      statement_timeout: limits.statementMs,
      idle_in_transaction_session_timeout: limits.statementMs + graceMs,
      query_timeout: limits.statementMs + graceMs,
    }),
    keepAlive: true,
    application_name: 'plumbline',
    types,
    // The schema is ours alone, so that no table of anybody else is taken for one of these. An acknowledged commit is on the database's disk.
    options: `-c search_path=${schema} -c synchronous_commit=on -c default_transaction_isolation=read\\ committed`,
  });
  // A connection that broke while nobody used it: the pool has let it go already.
  pool.on('error', () => undefined);
  // One that broke between two queries of a transaction: the next query says so.
  pool.on('connect', (client) => client.on('error', () => undefined));
  let refused = 0;
  const take = async (): Promise<pg.PoolClient> => {
    if (pool.waitingCount >= limits.waiting) {
      refused += 1;
      throw new StoreFault('store_exhausted', `all ${limits.connections} connections to the database are busy and ${limits.waiting} queries wait for one`);
    }
    try {
      return await pool.connect();
    } catch (error) {
      const fault = connectFault(error, pool, limits);
      if (fault.code === 'store_exhausted') refused += 1;
      throw fault;
    }
  };
  return {
    connect: async () => guarded(await take()),
    end: () => pool.end(),
    counts: () => ({
      busy: pool.totalCount - pool.idleCount,
      limit: limits.connections,
      waiting: pool.waitingCount,
      refused,
    }),
    async ping() {
      const client = guarded(await take());
      try {
        await client.query('select 1', []);
      } finally {
        client.release();
      }
    },
  };
}

const known = new WeakMap<pg.PoolClient, PostgresPoolClient>();

/** The same client each time: Kysely keeps what it knows of a connection by it. */
function guarded(client: pg.PoolClient): PostgresPoolClient {
  const before = known.get(client);
  if (before) return before;
  let isBroken = false;
  const guard: PostgresPoolClient = {
    async query<R>(text: unknown, parameters: readonly unknown[] = []) {
      checkText(parameters);
      try {
        return (await client.query({ ...statement(String(text)), values: [...parameters] })) as unknown as PostgresQueryResult<R>;
      } catch (error) {
        const fault = queryFault(error);
        // What it still does is not known, so nobody else may have it.
        if (fault) isBroken = true;
        throw fault ?? error;
      }
    },
    release: () => client.release(isBroken),
  } as PostgresPoolClient;
  known.set(client, guard);
  return guard;
}

const maxNamed = 512;
const names = new Map<string, string>();

/**
 * With a name, the database parses and plans a text once a connection (a row by its key: 30 us of the database's CPU instead of 95, and 55 of ours instead
 * of 90). Texts with varying lists are ever new: past the bound they have none.
 */
function statement(text: string): { text: string; name?: string } {
  let name = names.get(text);
  if (name === undefined) {
    if (names.size >= maxNamed) return { text };
    name = `s${names.size}`;
    names.set(text, name);
  }
  return { text, name };
}

function connectFault(error: unknown, pool: pg.Pool, limits: PoolLimits): StoreFault {
  const { message = '' } = error as { message?: string };
  if (message.startsWith('timeout exceeded') && pool.totalCount >= limits.connections) {
    return new StoreFault(
      'store_exhausted',
      `all ${limits.connections} connections to the database were busy for ${limits.waitMs} ms, with ${pool.waitingCount} other queries waiting`,
      error,
    );
  }
  return new StoreFault('store_unavailable', `the database does not take connections: ${message}`, error);
}

/** Of what the database or the way to it did; undefined: the query's own fault. https://www.postgresql.org/docs/15/errcodes-appendix.html */
function queryFault(error: unknown): StoreFault | undefined {
  const { code = '', message = '' } = error as { code?: string; message?: string };
  if (code === '57014' || message === 'Query read timeout') return new StoreFault('store_timeout', 'the database took too long', error);
  // Connections, resources, an operator's doing, the system below it, a transaction that stood still; deadlocks are ended in favour of somebody else.
  // Another server has changed a table: what was prepared before is of no use.
  const isStale = code === '0A000' && message.startsWith('cached plan');
  const isAway =
    isStale ||
    /^(08|53|57|58|25P0[34]|40)/.test(code) ||
    /^E[A-Z]+$/.test(code) ||
    /^Connection terminated|not queryable|has encountered a connection error/.test(message);
  return isAway ? new StoreFault('store_unavailable', `the database went away: ${message}`, error) : undefined;
}

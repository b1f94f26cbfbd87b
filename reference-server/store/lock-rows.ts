import { type Kysely, PostgresAdapter, type SelectQueryBuilder } from 'kysely';
import type { Tables } from './tables.ts';

/**
 * Reads rows that this transaction is about to change: nobody else changes them before its end. Postgres is told so; with SQLite, which has one
 * writer at a time, a transaction has everything from its beginning.
 */
export function lockRows<Table extends keyof Tables, Row>(
  db: Kysely<Tables>,
  query: SelectQueryBuilder<Tables, Table, Row>,
): SelectQueryBuilder<Tables, Table, Row> {
  return db.getExecutor().adapter instanceof PostgresAdapter ? query.forNoKeyUpdate() : query;
}

/** Reads rows that this transaction is about to take: those that another transaction has are passed over, so that takers do not wait for one another. */
export function takeRows<Table extends keyof Tables, Row>(
  db: Kysely<Tables>,
  query: SelectQueryBuilder<Tables, Table, Row>,
): SelectQueryBuilder<Tables, Table, Row> {
  return db.getExecutor().adapter instanceof PostgresAdapter ? query.forUpdate().skipLocked() : query;
}

import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import {
  CompiledQuery,
  type DatabaseConnection,
  type DatabaseIntrospector,
  type Dialect,
  type DialectAdapter,
  type Driver,
  type Kysely,
  type QueryCompiler,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';
import { checkText } from './faults.ts';

/** Distinct statements kept prepared; a server has about a hundred. */
const maxCachedStatements = 512;

/** Kysely on Node's built-in SQLite: one connection, prepared statements kept by their text. */
export class NodeSqliteDialect implements Dialect {
  readonly #open: () => DatabaseSync;
  #driver: NodeSqliteDriver | undefined;
  /** `open` is called once, at the first query; the database is closed by `db.destroy()`. */
  constructor(open: () => DatabaseSync) {
    this.#open = open;
  }
  createDriver(): Driver {
    this.#driver = new NodeSqliteDriver(this.#open);
    return this.#driver;
  }
  /** Of the one connection. */
  load(): { busy: number; limit: number; waiting: number } {
    const { busy, waiting } = this.#driver?.load() ?? { busy: 0, waiting: 0 };
    return { busy, limit: 1, waiting };
  }
  createQueryCompiler(): QueryCompiler {
    return new SqliteQueryCompiler();
  }
  createAdapter(): DialectAdapter {
    return new TransactionalSqliteAdapter();
  }
  createIntrospector(db: Kysely<unknown>): DatabaseIntrospector {
    return new SqliteIntrospector(db);
  }
}

/** SQLite takes schema changes back with their transaction, as Kysely's own adapter does not say: so that migrations are one, under the file's write lock. */
class TransactionalSqliteAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

class NodeSqliteDriver implements Driver {
  readonly #open: () => DatabaseSync;
  #database: DatabaseSync | undefined;
  #connection: NodeSqliteConnection | undefined;
  #busy = false;
  /** First come, first served: a transaction holds the one connection, everything else waits its turn. */
  readonly #waiting: (() => void)[] = [];

  constructor(open: () => DatabaseSync) {
    this.#open = open;
  }
  load(): { busy: number; waiting: number } {
    return { busy: this.#busy ? 1 : 0, waiting: this.#waiting.length };
  }
  async init(): Promise<void> {
    this.#database = this.#open();
    this.#connection = new NodeSqliteConnection(this.#database);
  }
  async acquireConnection(): Promise<DatabaseConnection> {
    if (this.#busy) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#busy = true;
    if (!this.#connection) throw new Error('the store is closed');
    return this.#connection;
  }
  async releaseConnection(): Promise<void> {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#busy = false;
  }
  async beginTransaction(connection: DatabaseConnection): Promise<void> {
    // The write lock at once: a transaction that has read first could not get it later.
    await connection.executeQuery(CompiledQuery.raw('begin immediate'));
  }
  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('commit'));
  }
  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('rollback'));
  }
  async destroy(): Promise<void> {
    this.#connection = undefined;
    this.#database?.close();
    this.#database = undefined;
  }
}

interface Prepared {
  statement: StatementSync;
  answersRows: boolean;
}

class NodeSqliteConnection implements DatabaseConnection {
  readonly #database: DatabaseSync;
  readonly #prepared = new Map<string, Prepared>();

  constructor(database: DatabaseSync) {
    this.#database = database;
  }
  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    checkText(query.parameters);
    const { statement, answersRows } = this.#prepare(query.sql);
    const parameters = query.parameters as SQLInputValue[];
    if (answersRows) return { rows: statement.all(...parameters) as R[] };
    const { changes, lastInsertRowid } = statement.run(...parameters);
    return { rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid) };
  }
  // biome-ignore lint/correctness/useYield: the interface asks for a generator, and nothing here streams rows
  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error('the SQLite store does not stream rows: read them in pages with limit and offset');
  }
  #prepare(sql: string): Prepared {
    const known = this.#prepared.get(sql);
    if (known) return known;
    const statement = this.#database.prepare(sql);
    const prepared = { statement, answersRows: statement.columns().length > 0 };
    // Statements with varying lists have ever new texts: the oldest goes.
    if (this.#prepared.size >= maxCachedStatements) this.#prepared.delete(this.#prepared.keys().next().value ?? '');
    this.#prepared.set(sql, prepared);
    return prepared;
  }
}

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
import type { PoolCounts } from './database.ts';
import { checkText, StoreFault } from './faults.ts';
import { whileBusy } from './sqlite-busy.ts';
import { isBusy, sqliteFault } from './sqlite-faults.ts';
import { GroupCommitDriver, type SingleDriver } from './sqlite-group-commit.ts';

/** Distinct statements kept prepared; a server has about a hundred. */
const maxCachedStatements = 512;

/** Who waits for the one connection. */
export interface SqliteQueue {
  /** So many at most; the next one is refused at once. */
  waiting: number;
  /** Whose turn comes later is refused then: its client has hardly waited for it. */
  waitMs: number;
}

/** As many as there can be requests: streams that end together all write. */
const defaultQueue: Readonly<SqliteQueue> = { waiting: 20_000, waitMs: 10_000 };

export interface SqliteOptions {
  queue?: Readonly<SqliteQueue>;
  /** Transactions of one turn of the event loop are committed together: for a file, whose commits wait for the disk. */
  groupCommit?: boolean;
  /** How long a statement waits for another connection's lock, the event loop going on. Default 0; SQLite's own time-out, which stops it, should be 0. */
  busyMs?: number;
}

/** Kysely on Node's built-in SQLite: one connection, prepared statements kept by their text. What the file does to a query is a StoreFault. */
export class NodeSqliteDialect implements Dialect {
  readonly #open: () => DatabaseSync;
  readonly #options: SqliteOptions;
  #driver: NodeSqliteDriver | undefined;
  /** `open` is called once, at the first query; the database is closed by `db.destroy()`. */
  constructor(open: () => DatabaseSync, options: SqliteOptions = {}) {
    this.#open = open;
    this.#options = options;
  }
  createDriver(): Driver {
    const { queue = defaultQueue, groupCommit = false, busyMs = 0 } = this.#options;
    this.#driver = new NodeSqliteDriver(this.#open, queue, busyMs);
    return groupCommit ? new GroupCommitDriver(this.#driver) : this.#driver;
  }
  /** Of the one connection. */
  load(): PoolCounts {
    return { limit: 1, ...(this.#driver?.load() ?? { busy: 0, waiting: 0, refused: 0 }) };
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

class NodeSqliteDriver implements SingleDriver {
  readonly #open: () => DatabaseSync;
  #database: DatabaseSync | undefined;
  #connection: NodeSqliteConnection | undefined;
  #busy = false;
  readonly #queue: Readonly<SqliteQueue>;
  readonly #busyMs: number;
  /** First come, first served: a transaction holds the one connection, everything else waits its turn. */
  readonly #waiting: (() => void)[] = [];
  #refused = 0;

  constructor(open: () => DatabaseSync, queue: Readonly<SqliteQueue>, busyMs: number) {
    this.#open = open;
    this.#queue = queue;
    this.#busyMs = busyMs;
  }
  load(): { busy: number; waiting: number; refused: number } {
    return { busy: this.#busy ? 1 : 0, waiting: this.#waiting.length, refused: this.#refused };
  }
  isInTransaction(): boolean {
    return this.#database?.isTransaction ?? false;
  }
  async init(): Promise<void> {
    this.#database = this.#open();
    this.#connection = new NodeSqliteConnection(this.#database, this.#busyMs);
  }
  async acquireConnection(): Promise<DatabaseConnection> {
    if (this.#busy) await this.#wait();
    this.#busy = true;
    if (!this.#connection) throw new Error('the store is closed');
    return this.#connection;
  }
  async #wait(): Promise<void> {
    const { waiting, waitMs } = this.#queue;
    if (this.#waiting.length >= waiting) throw this.#refuse(`${waiting} queries wait for the one connection to the database`);
    const sinceMs = performance.now();
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
    const waitedMs = performance.now() - sinceMs;
    if (waitedMs <= waitMs) return;
    await this.releaseConnection();
    throw this.#refuse(`the one connection to the database was busy for ${Math.round(waitedMs)} ms`);
  }
  #refuse(message: string): StoreFault {
    this.#refused += 1;
    return new StoreFault('store_exhausted', message);
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
    // A full disk, for one, has ended it: what went wrong is told by the statement that failed.
    if (this.isInTransaction()) await connection.executeQuery(CompiledQuery.raw('rollback'));
  }
  async destroy(): Promise<void> {
    this.#connection = undefined;
    this.#database?.close();
    this.#database = undefined;
  }
}

function rethrow(error: unknown): never {
  throw sqliteFault(error) ?? error;
}

interface Prepared {
  statement: StatementSync;
  answersRows: boolean;
}

class NodeSqliteConnection implements DatabaseConnection {
  readonly #database: DatabaseSync;
  readonly #busyMs: number;
  readonly #prepared = new Map<string, Prepared>();

  constructor(database: DatabaseSync, busyMs: number) {
    this.#database = database;
    this.#busyMs = busyMs;
  }
  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    checkText(query.parameters);
    try {
      return this.#run(query);
    } catch (error) {
      return isBusy(error) ? whileBusy(() => this.#run<R>(query), this.#busyMs).catch(rethrow) : rethrow(error);
    }
  }
  #run<R>(query: CompiledQuery): QueryResult<R> {
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

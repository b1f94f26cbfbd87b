import { CompiledQuery, type DatabaseConnection, type Driver, type QueryResult } from 'kysely';
import { StoreFault } from './faults.ts';

/** The driver of one connection, taken by one at a time. */
export interface SingleDriver extends Driver {
  /** Is a transaction open on the connection? SQLite ends one by itself when the disk is full. */
  isInTransaction(): boolean;
}

/** Transactions that are committed together. */
interface Group {
  size: number;
  /** The turn of the event loop in which it began is over: it is committed as soon as nobody is in the middle. */
  isDue: boolean;
  committed: Promise<void>;
  resolve(): void;
  reject(error: unknown): void;
}

/** So many wait for one commit at most, also when their turn of the event loop does not end. */
const mostInGroup = 200;
const savepoint = CompiledQuery.raw('savepoint member');
const release = CompiledQuery.raw('release member');
const rollbackTo = CompiledQuery.raw('rollback to member');
const commit = CompiledQuery.raw('commit');
const rollback = CompiledQuery.raw('rollback');

/**
 * Group commit: the transactions of one turn of the event loop are savepoints of one, so that the disk is waited for once. Nobody is told of success before that
 * one is committed, nor shown what is not: a query that meets an open group has its answer after the commit, too. One that fails takes only itself back.
 */
export class GroupCommitDriver implements Driver {
  readonly #inner: SingleDriver;
  #group: Group | undefined;

  constructor(inner: SingleDriver) {
    this.#inner = inner;
  }
  init(): Promise<void> {
    return this.#inner.init();
  }
  destroy(): Promise<void> {
    return this.#inner.destroy();
  }
  /** The connection itself is taken by a query or a transaction, for as long as that needs it. */
  async acquireConnection(): Promise<DatabaseConnection> {
    return new Use((query) => this.#alone(query));
  }
  async releaseConnection(): Promise<void> {
    // It was handed over when it was no longer needed.
  }

  async beginTransaction(use: DatabaseConnection): Promise<void> {
    const connection = await this.#inner.acquireConnection();
    try {
      const group = this.#group ?? (await this.#begin(connection));
      await connection.executeQuery(savepoint);
      (use as Use).member = { connection, group };
    } catch (error) {
      await this.#handOver(connection);
      throw error;
    }
  }

  async #begin(connection: DatabaseConnection): Promise<Group> {
    await this.#inner.beginTransaction(connection, {});
    const group = newGroup();
    this.#group = group;
    setImmediate(() => void this.#fallsDue(group));
    return group;
  }

  async commitTransaction(use: DatabaseConnection): Promise<void> {
    const { connection, group } = memberOf(use);
    await connection.executeQuery(release);
    (use as Use).member = undefined;
    group.size += 1;
    await this.#handOver(connection);
    await group.committed;
  }

  /** Does nothing to a member whose group could not be committed: that has been taken back as a whole. */
  async rollbackTransaction(use: DatabaseConnection): Promise<void> {
    const { member } = use as Use;
    if (!member) return;
    (use as Use).member = undefined;
    if (this.#inner.isInTransaction()) {
      await member.connection.executeQuery(rollbackTo);
      await member.connection.executeQuery(release);
    }
    await this.#handOver(member.connection);
  }

  async #alone<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    const connection = await this.#inner.acquireConnection();
    const group = this.#group;
    let result: QueryResult<R>;
    try {
      result = await connection.executeQuery<R>(query);
    } finally {
      await this.#handOver(connection);
    }
    await group?.committed;
    return result;
  }

  async #fallsDue(group: Group): Promise<void> {
    group.isDue = true;
    if (this.#group !== group) return;
    try {
      await this.#handOver(await this.#inner.acquireConnection());
    } catch {
      // So many wait for the connection: the next of them to hand it over commits.
    }
  }

  /** With nobody in the middle of anything. */
  async #handOver(connection: DatabaseConnection): Promise<void> {
    const group = this.#group;
    if (group && !this.#inner.isInTransaction()) {
      this.#group = undefined;
      group.reject(new StoreFault('store_unavailable', 'the database took back the transaction that this was a part of'));
    } else if (group && (group.isDue || group.size >= mostInGroup)) {
      this.#group = undefined;
      await this.#commit(connection, group);
    }
    await this.#inner.releaseConnection(connection);
  }

  async #commit(connection: DatabaseConnection, group: Group): Promise<void> {
    try {
      await connection.executeQuery(commit);
      group.resolve();
    } catch (error) {
      if (this.#inner.isInTransaction()) await connection.executeQuery(rollback);
      group.reject(error);
    }
  }
}

interface Member {
  connection: DatabaseConnection;
  group: Group;
}

/** A connection as Kysely has it: of a transaction it is the real one. */
class Use implements DatabaseConnection {
  member: Member | undefined;
  readonly #alone: <R>(query: CompiledQuery) => Promise<QueryResult<R>>;
  constructor(alone: <R>(query: CompiledQuery) => Promise<QueryResult<R>>) {
    this.#alone = alone;
  }
  executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    return this.member ? this.member.connection.executeQuery<R>(query) : this.#alone<R>(query);
  }
  // biome-ignore lint/correctness/useYield: the interface asks for a generator, and nothing here streams rows
  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error('the SQLite store does not stream rows: read them in pages with limit and offset');
  }
}

function memberOf(use: DatabaseConnection): Member {
  const { member } = use as Use;
  if (!member) throw new Error('no transaction is open on this connection');
  return member;
}

function newGroup(): Group {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  // It may be of nobody: each of its transactions failed.
  promise.catch(() => undefined);
  return { size: 0, isDue: false, committed: promise, resolve, reject };
}

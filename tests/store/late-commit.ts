/**
 * Loaded before the server (`--import`), it makes the store acknowledge before it commits: what a query or transaction wrote is committed a moment after
 * its caller was told that it was. The test of durability must then fail.
 */
import { type CompiledQuery, type DatabaseConnection, type Driver, PostgresDialect, type TransactionSettings } from 'kysely';
import { NodeSqliteDialect } from '../../reference-server/store/sqlite-dialect.ts';

const lateMs = 500;
/** What writers of the test are told of. */
const late = /^\s*(?:insert into|update) "(?:conversations|messages)"/i;

/** Of the first request: what is done at the start is committed in time. */
const firstRequest = /^\s*(?:insert into|select)\b.*"sessions"/is;
let hasBegun = false;

class LateConnection implements DatabaseConnection {
  readonly inner: DatabaseConnection;
  readonly #driver: Driver;
  isOpen = false;
  hasWritten = false;
  constructor(driver: Driver, inner: DatabaseConnection) {
    this.#driver = driver;
    this.inner = inner;
  }
  async executeQuery<R>(query: CompiledQuery) {
    hasBegun ||= firstRequest.test(query.sql);
    if (hasBegun && late.test(query.sql)) {
      if (!this.isOpen) await this.#driver.beginTransaction(this.inner, {});
      this.isOpen = true;
      this.hasWritten = true;
    }
    return await this.inner.executeQuery<R>(query);
  }
  streamQuery<R>(query: CompiledQuery, chunkSize: number) {
    return this.inner.streamQuery<R>(query, chunkSize);
  }
}

function committingLate(driver: Driver): Driver {
  const end = async (connection: LateConnection): Promise<void> => {
    if (connection.isOpen) await driver.commitTransaction(connection.inner);
    await driver.releaseConnection(connection.inner);
  };
  return {
    init: () => driver.init(),
    acquireConnection: async () => new LateConnection(driver, await driver.acquireConnection()),
    async beginTransaction(connection: DatabaseConnection, settings: TransactionSettings) {
      const one = connection as LateConnection;
      await driver.beginTransaction(one.inner, settings);
      one.isOpen = true;
    },
    async commitTransaction(connection) {
      const one = connection as LateConnection;
      if (one.hasWritten) return;
      await driver.commitTransaction(one.inner);
      one.isOpen = false;
    },
    async rollbackTransaction(connection) {
      const one = connection as LateConnection;
      if (one.isOpen) await driver.rollbackTransaction(one.inner);
      one.isOpen = false;
    },
    async releaseConnection(connection) {
      const one = connection as LateConnection;
      if (one.hasWritten && one.isOpen) setTimeout(() => void end(one), lateMs);
      else await end(one);
    },
    destroy: () => driver.destroy(),
  };
}

for (const dialect of [NodeSqliteDialect, PostgresDialect]) {
  const { prototype } = dialect;
  const createDriver = prototype.createDriver as (this: object) => Driver;
  prototype.createDriver = function (this: object) {
    return committingLate(createDriver.call(this)) as never;
  };
}

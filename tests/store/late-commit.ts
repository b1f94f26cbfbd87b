/**
 * Loaded before the server (`--import`), it makes the store acknowledge before it commits: what a query or transaction wrote is committed a moment after
 * its caller was told that it was. The test of durability must then fail.
 */
import { type CompiledQuery, type DatabaseConnection, type Driver, PostgresDialect, type TransactionSettings } from 'kysely';
import { NodeSqliteDialect } from '../../reference-server/store/sqlite-dialect.ts';

const lateMs = 100;

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
    if (!this.isOpen) await this.#driver.beginTransaction(this.inner, {});
    this.isOpen = true;
    if (!/^\s*(select|with)\b/i.test(query.sql)) this.hasWritten = true;
    return await this.inner.executeQuery<R>(query);
  }
  streamQuery<R>(query: CompiledQuery, chunkSize: number) {
    return this.inner.streamQuery<R>(query, chunkSize);
  }
}

function late(driver: Driver): Driver {
  const end = async (connection: LateConnection): Promise<void> => {
    if (connection.isOpen) await driver.commitTransaction(connection.inner);
    await driver.releaseConnection(connection.inner);
  };
  return {
    init: () => driver.init(),
    acquireConnection: async () => new LateConnection(driver, await driver.acquireConnection()),
    beginTransaction: async (_connection: DatabaseConnection, _settings: TransactionSettings) => undefined,
    commitTransaction: async () => undefined,
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
    return late(createDriver.call(this)) as never;
  };
}

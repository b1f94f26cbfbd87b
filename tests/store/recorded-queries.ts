/** Every statement that is sent to a store from the import of this on, with its values. Import it before anything opens a store. */
import { type CompiledQuery, type DatabaseConnection, type Driver, PostgresDialect } from 'kysely';
import { NodeSqliteDialect } from '../../reference-server/store/sqlite-dialect.ts';

export interface RecordedQuery {
  sql: string;
  parameters: readonly unknown[];
  /** Asks the database that it was sent to, while it is open. */
  ask(query: CompiledQuery): Promise<{ rows: unknown[] }>;
}

/** By their text. */
export const recordedQueries = new Map<string, RecordedQuery>();

/** Connections that are recorded already: pools give the same one again and again. */
const recording = new WeakSet<DatabaseConnection>();

for (const { prototype } of [NodeSqliteDialect, PostgresDialect]) {
  const createDriver = prototype.createDriver as (this: object) => Driver;
  prototype.createDriver = function (this: object) {
    const driver = createDriver.call(this);
    const acquire = driver.acquireConnection.bind(driver);
    driver.acquireConnection = async () => {
      const connection = await acquire();
      if (recording.has(connection)) return connection;
      recording.add(connection);
      const execute = connection.executeQuery.bind(connection);
      connection.executeQuery = (query) => {
        recordedQueries.set(query.sql, { sql: query.sql, parameters: query.parameters, ask: execute });
        return execute(query);
      };
      return connection;
    };
    return driver as never;
  };
}

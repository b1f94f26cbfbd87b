import { type Dialect, type Driver, Kysely } from 'kysely';
import type { PoolCounts } from './database.ts';

/** Is told how long a query or a transaction waited for a connection, since all were busy; also when it got none. Not called when one was free. */
export type OnWaited = (waitedMs: number) => void;

/** A pool as Kysely sees it, with what is needed to watch it. */
export interface WatchedPool<Schema> {
  db: Kysely<Schema>;
  dialect: Dialect;
  counts(): Pick<PoolCounts, 'busy' | 'limit' | 'waiting'>;
}

/**
 * The same database for one request, whose waits for connections are told. What opening a connection takes is no wait: there was room for one more.
 * Not to be closed.
 */
export function tellingWaits<Schema>({ db, dialect, counts }: WatchedPool<Schema>): (onWaited: OnWaited) => Kysely<Schema> {
  const shared = db.getExecutor();
  // Begins and ends transactions on connections that it is given, and takes none itself.
  const driver: Driver = dialect.createDriver();
  return (onWaited) => {
    const executor = shared.withConnectionProvider({
      async provideConnection(consumer) {
        const { busy, limit, waiting } = counts();
        if (busy + waiting < limit) return await shared.provideConnection(consumer);
        const fromMs = performance.now();
        let isWaiting = true;
        const waited = (): void => {
          if (isWaiting) onWaited(performance.now() - fromMs);
          isWaiting = false;
        };
        try {
          return await shared.provideConnection((connection) => {
            waited();
            return consumer(connection);
          });
        } finally {
          waited();
        }
      },
    });
    return new Kysely<Schema>({ config: { dialect }, dialect, driver, executor });
  };
}

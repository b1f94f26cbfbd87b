import type { Kysely } from 'kysely';
import { insertRows } from './insert-rows.ts';
import { type Database, openDatabase, type Place } from './database.ts';
import { seedRows } from './seed/rows.ts';
import { defaultSize, type SeedSize } from './seed/size.ts';
import { tableNames } from './table-order.ts';
import type { Tables } from './tables.ts';

export interface StoreOptions {
  /** Made when absent; in memory without it. Data of a place that has some are kept as they are. */
  place?: Place;
  /** The same seed and size give the same rows, ids and times included. */
  seed: number;
  size?: Partial<SeedSize>;
}

export interface Store extends Pick<Database, 'kind' | 'db' | 'tellingWaits' | 'ping' | 'pool' | 'openReplica' | 'close'> {
  /** What a reset brings back. */
  readonly size: Readonly<SeedSize>;
  /**
   * Back to the seeded rows, sessions gone too; of another size from now on, where one is given. One transaction.
   * What is cached elsewhere (sessions, settings) must be dropped by the caller.
   */
  reset(size?: SeedSize): Promise<void>;
}

/** Opens, migrates and, where it is empty, seeds the store; of several servers that do so at once, one does. */
export async function openStore(options: StoreOptions): Promise<Store> {
  let size: SeedSize = { ...defaultSize, ...options.size };
  const database = await openDatabase(options.place ?? { kind: 'sqlite' });
  const { db } = database;
  try {
    if (!(await isSeeded(db))) {
      await database.alone(async (transaction) => {
        if (!(await isSeeded(transaction))) await fill(transaction, options.seed, size);
      });
    }
  } catch (error) {
    await database.close();
    throw error;
  }
  return {
    ...database,
    get size() {
      return size;
    },
    async reset(asked = size) {
      await database.alone(async (transaction) => {
        await database.empty(transaction);
        await fill(transaction, options.seed, asked);
      });
      size = asked;
    },
  };
}

async function isSeeded(db: Kysely<Tables>): Promise<boolean> {
  return (await db.selectFrom('organizations').select('uuid').limit(1).executeTakeFirst()) !== undefined;
}

async function fill(db: Kysely<Tables>, seed: number, size: SeedSize): Promise<void> {
  const rows = seedRows(seed, size);
  for (const table of tableNames) {
    await insertRows(db, table, rows[table]);
  }
}

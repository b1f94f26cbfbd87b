import { DatabaseSync } from 'node:sqlite';
import { Kysely } from 'kysely';
import { migrate } from './migrations/index.ts';
import { seedRows } from './seed/rows.ts';
import { defaultSize, type SeedSize } from './seed/size.ts';
import { NodeSqliteDialect } from './sqlite-dialect.ts';
import { tableNames } from './table-order.ts';
import type { Tables } from './tables.ts';

export interface StoreOptions {
  /** SQLite file, made when absent; in memory without it. Data of a file that has some is kept as it is. */
  file?: string;
  /** The same seed and size give the same rows, ids and times included. */
  seed: number;
  size?: Partial<SeedSize>;
}

export interface Store {
  db: Kysely<Tables>;
  /** What a reset brings back. */
  readonly size: Readonly<SeedSize>;
  /**
   * Back to the seeded rows, sessions gone too; of another size from now on, where one is given. One transaction.
   * What is cached elsewhere (sessions, settings) must be dropped by the caller.
   */
  reset(size?: SeedSize): Promise<void>;
  /** Waits for nothing: close after the last query. Twice is fine. */
  close(): Promise<void>;
}

/** Opens, migrates and, where it is empty, seeds the embedded store. */
export async function openStore(options: StoreOptions): Promise<Store> {
  let size: SeedSize = { ...defaultSize, ...options.size };
  const db = new Kysely<Tables>({ dialect: new NodeSqliteDialect(() => openDatabase(options.file)) });
  try {
    await migrate(db, 'blob');
    const anyOrganization = await db.selectFrom('organizations').select('uuid').limit(1).executeTakeFirst();
    if (!anyOrganization) await db.transaction().execute((transaction) => fill(transaction, options.seed, size));
  } catch (error) {
    await db.destroy();
    throw error;
  }
  let closed: Promise<void> | undefined;
  return {
    db,
    get size() {
      return size;
    },
    async reset(asked = size) {
      await db.transaction().execute(async (transaction) => {
        for (const table of tableNames.toReversed()) await transaction.deleteFrom(table).execute();
        await fill(transaction, options.seed, asked);
      });
      size = asked;
    },
    close: () => {
      closed ??= db.destroy();
      return closed;
    },
  };
}

function openDatabase(file: string | undefined): DatabaseSync {
  const database = new DatabaseSync(file ?? ':memory:', { enableForeignKeyConstraints: true, timeout: 5_000 });
  if (file !== undefined) {
    // WAL with `normal`: a commit outlives the process; only a power cut may take the last ones.
    database.exec('pragma journal_mode = wal; pragma synchronous = normal');
  }
  return database;
}

/** Values in one insert; Postgres takes 65,535, SQLite 32,766. Longer statements are slower to build than they save. */
const maxParametersEach = 2_000;

async function fill(db: Kysely<Tables>, seed: number, size: SeedSize): Promise<void> {
  const rows = seedRows(seed, size);
  for (const table of tableNames) {
    const all: readonly object[] = rows[table];
    const first = all[0];
    if (first === undefined) continue;
    const rowsEach = Math.max(1, Math.floor(maxParametersEach / Object.keys(first).length));
    for (let from = 0; from < all.length; from += rowsEach) {
      await db
        .insertInto(table)
        .values(all.slice(from, from + rowsEach) as never)
        .execute();
    }
  }
}

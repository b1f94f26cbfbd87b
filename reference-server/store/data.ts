import type { Place } from './database.ts';
import type { SeedSize } from './seed/size.ts';
import { openStore, type Store } from './store.ts';

const dataSeed = 1;
/** Schema of a Postgres database that the tables are in. */
const schema = 'plumbline';

export interface DataOptions {
  /** SQLite file. */
  data?: string;
  /** `postgres://...`; wins over a file. */
  database?: string;
  /** Connections to it at most. */
  databasePool?: number;
  size?: SeedSize;
}

/** Where the server's data are; in memory without a file and a database. */
function placeOf({ data, database, databasePool }: DataOptions): Place {
  if (database === undefined) return { kind: 'sqlite', ...(data !== undefined && { file: data }) };
  return { kind: 'postgres', url: database, schema, ...(databasePool !== undefined && { pool: { connections: databasePool } }) };
}

/** The server's data: the same rows in every process that asks for the same size. */
export function openData(options: DataOptions): Promise<Store> {
  return openStore({ seed: dataSeed, place: placeOf(options), ...(options.size && { size: options.size }) });
}

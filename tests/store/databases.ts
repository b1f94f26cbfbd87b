import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Place } from '../../reference-server/store/database.ts';
import { startPostgres, type TestPostgres } from '../support/postgres.ts';

/** One kind of database, for tests that each of them must pass. */
export interface DatabaseKind {
  name: 'sqlite' | 'postgres';
  /** False: it is not here, and what is missing was noted. */
  isHere: boolean;
  /** A new, empty place. */
  place(): Promise<Place>;
  /** The flags that start a server on that place. */
  flags(place: Place): string[];
  /** Takes everything away again. */
  stop(): Promise<void>;
}

/** SQLite files, and a real Postgres 15 where there is one. @param settings as of `postgres -c` */
export async function databaseKinds(settings: readonly string[] = []): Promise<DatabaseKind[]> {
  return [sqliteKind(), postgresKind(await startPostgres(settings))];
}

function sqliteKind(): DatabaseKind {
  const folders: string[] = [];
  return {
    name: 'sqlite',
    isHere: true,
    async place() {
      const folder = mkdtempSync(join(tmpdir(), 'plumbline-sqlite-'));
      folders.push(folder);
      return { kind: 'sqlite', file: join(folder, 'data.sqlite') };
    },
    flags: (place) => (place.kind === 'sqlite' && place.file !== undefined ? ['--data', place.file] : []),
    async stop() {
      for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
    },
  };
}

function postgresKind(postgres: TestPostgres | undefined): DatabaseKind {
  return {
    name: 'postgres',
    isHere: postgres !== undefined,
    async place() {
      if (!postgres) throw new Error('there is no Postgres here');
      return { kind: 'postgres', url: await postgres.newDatabase(), schema: 'plumbline' };
    },
    flags: (place) => (place.kind === 'postgres' ? ['--database', place.url] : []),
    stop: async () => postgres?.stop(),
  };
}

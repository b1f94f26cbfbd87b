import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe } from 'vitest';
import type { Place } from '../../reference-server/store/database.ts';
import { startPostgres, type TestPostgres } from '../support/postgres.ts';

/** One kind of database, for tests that each of them must pass. */
export interface DatabaseKind {
  name: 'sqlite' | 'postgres';
  /** A new, empty place. */
  place(): Promise<Place>;
  /** The flags that start a server on that place. */
  flags(place: Place): string[];
  /** Takes everything away again. */
  stop(): Promise<void>;
}

/**
 * Registers the tests for each kind of database: SQLite files, and a real Postgres 15, whose tests are skipped where there is none (the closing list says how to get it, and
 * CI requires it). What was started is stopped when all tests of the file are over. @param settings as of `postgres -c`
 */
export async function forEachDatabase(tests: (kind: DatabaseKind) => void, settings: readonly string[] = []): Promise<void> {
  const postgres = await startPostgres(settings);
  const kinds = [sqliteKind(), postgresKind(postgres)];
  afterAll(async () => {
    for (const kind of kinds) await kind.stop();
  });
  for (const kind of kinds) describe.skipIf(kind.name === 'postgres' && !postgres)(kind.name, () => tests(kind));
}

function sqliteKind(): DatabaseKind {
  const folders: string[] = [];
  return {
    name: 'sqlite',
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
    async place() {
      if (!postgres) throw new Error('there is no Postgres here, so that these tests are skipped');
      return { kind: 'postgres', url: await postgres.newDatabase(), schema: 'plumbline' };
    },
    flags: (place) => (place.kind === 'postgres' ? ['--database', place.url] : []),
    stop: async () => postgres?.stop(),
  };
}

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, test } from 'vitest';
import type { Place } from '../../reference-server/store/database.ts';
import { startPostgres, type TestPostgres } from '../support/postgres.ts';
import { missingLine } from '../support/tools.ts';

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
 * Registers the tests for each kind of database: SQLite files, and a real Postgres 15 where there is one. Where there is none, one skipped test says how to get it. What was
 * started is stopped when all tests of the file are over. @param settings as of `postgres -c`
 */
export async function forEachDatabase(tests: (kind: DatabaseKind) => void, settings: readonly string[] = []): Promise<void> {
  const postgres = await startPostgres(settings);
  const kinds = [sqliteKind(), ...(postgres ? [postgresKind(postgres)] : [])];
  afterAll(async () => {
    for (const kind of kinds) await kind.stop();
  });
  describe.for(kinds)('$name', tests);
  if (!postgres) describe('postgres', () => test.skip(missingLine('postgres')));
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

function postgresKind(postgres: TestPostgres): DatabaseKind {
  return {
    name: 'postgres',
    async place() {
      return { kind: 'postgres', url: await postgres.newDatabase(), schema: 'plumbline' };
    },
    flags: (place) => (place.kind === 'postgres' ? ['--database', place.url] : []),
    stop: () => postgres.stop(),
  };
}

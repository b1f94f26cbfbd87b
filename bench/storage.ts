/** Where a case keeps the server's data. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Place } from '../reference-server/store/database.ts';
import { startPostgres } from '../tests/support/postgres.ts';

export const storageKinds = ['memory', 'file', 'postgres'] as const;
export type StorageKind = (typeof storageKinds)[number];
export const storageTitles: Readonly<Record<StorageKind, string>> = { memory: 'SQLite in memory', file: 'a SQLite file', postgres: 'Postgres' };

export interface Storage {
  place: Place;
  /** The flags that start a server on it. */
  flags: string[];
  /** Takes it away. */
  stop(): Promise<void>;
}

/** New and empty. Postgres is one of its own, on whatever core is free. Throws where there is none. */
export async function openStorage(kind: StorageKind): Promise<Storage> {
  if (kind === 'memory') return { place: { kind: 'sqlite' }, flags: [], stop: () => Promise.resolve() };
  if (kind === 'file') {
    const folder = mkdtempSync(join(tmpdir(), 'plumbline-bench-'));
    const file = join(folder, 'data.sqlite');
    return { place: { kind: 'sqlite', file }, flags: ['--data', file], stop: async () => rmSync(folder, { recursive: true }) };
  }
  const postgres = await startPostgres();
  if (!postgres) throw new Error('there is no Postgres 15 here: apt-get install postgresql-15');
  const url = await postgres.newDatabase();
  return { place: { kind: 'postgres', url, schema: 'plumbline' }, flags: ['--database', url], stop: () => postgres.stop() };
}

/** What goes wrong with a SQLite file is told as it is of Postgres: a StoreFault, which the public port answers with 503 and its reason. */
import { mkdtempSync, rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Kysely, sql } from 'kysely';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { NodeSqliteDialect, type SqliteOptions } from '../../reference-server/store/sqlite-dialect.ts';

interface Notes {
  notes: { id: number; text: string };
}

let folder: string;
let dialect: NodeSqliteDialect;
let db: Kysely<Notes>;
const file = (): string => join(folder, 'data.sqlite');

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'plumbline-sqlite-faults-'));
});
afterEach(async () => {
  await db.destroy();
  rmSync(folder, { recursive: true });
});

async function open(options: SqliteOptions = {}): Promise<void> {
  dialect = new NodeSqliteDialect(() => new DatabaseSync(file(), { timeout: 0 }), options);
  db = new Kysely<Notes>({ dialect });
  await sql`create table notes (id integer primary key, text text not null)`.execute(db);
}
const write = (text: string): Promise<unknown> => db.transaction().execute((transaction) => transaction.insertInto('notes').values({ id: 1, text }).execute());
const count = async (): Promise<number> => (await db.selectFrom('notes').select('id').execute()).length;

test('a full disk is a fault of the store, nothing of the transaction stays, and the next one is as usual', async () => {
  await open();
  await sql`pragma max_page_count = 10`.execute(db);
  await expect(write('x'.repeat(200_000))).rejects.toMatchObject({
    code: 'store_unavailable',
    message: expect.stringMatching(/cannot be used: database or disk is full/),
  });
  expect(await count()).toBe(0);
  await write('short');
  expect(await count()).toBe(1);
});

test('a file that another process keeps locked is a fault of the store, and is used again', async () => {
  await open();
  const other = new DatabaseSync(file());
  other.exec('begin exclusive');
  await expect(write('x')).rejects.toMatchObject({ code: 'store_timeout', message: expect.stringMatching(/database is locked/) });
  other.exec('rollback');
  other.close();
  await write('x');
  expect(await count()).toBe(1);
});

test('a lock is waited for without stopping the event loop, in which its holder may be', async () => {
  await open({ busyMs: 20_000, groupCommit: true });
  const other = new DatabaseSync(file());
  other.exec('begin exclusive');
  let turns = 0;
  const counting = setInterval(() => (turns += 1), 1);
  setTimeout(() => other.close(), 100);
  await write('x');
  clearInterval(counting);
  expect(turns).toBeGreaterThan(5);
  expect(await count()).toBe(1);
});

test('what is wrong with a query stays its own fault', async () => {
  await open();
  await write('x');
  await expect(write('y')).rejects.toMatchObject({ code: 'ERR_SQLITE_ERROR', message: expect.stringMatching(/UNIQUE constraint failed/) });
});

test('who finds too many before it is refused at once, who has waited for too long at its turn; both are counted, and the others served', async () => {
  await open({ queue: { waiting: 2, waitMs: 50 } });
  let end = (): void => undefined;
  const held = db.connection().execute(() => new Promise<void>((resolve) => (end = resolve)));
  // Only once it has the connection.
  await new Promise((resolve) => setImmediate(resolve));
  const [first, second, third] = [count(), count(), count()];
  await expect(third).rejects.toMatchObject({ code: 'store_exhausted', message: '2 queries wait for the one connection to the database' });
  expect(dialect.load()).toEqual({ busy: 1, limit: 1, waiting: 2, refused: 1 });
  const late = [first, second].map((query) =>
    expect(query).rejects.toMatchObject({ code: 'store_exhausted', message: expect.stringMatching(/busy for \d+ ms$/) }),
  );
  await new Promise((resolve) => setTimeout(resolve, 80));
  end();
  await held;
  await Promise.all(late);
  expect(dialect.load()).toEqual({ busy: 0, limit: 1, waiting: 0, refused: 3 });
  expect(await count()).toBe(0);
});

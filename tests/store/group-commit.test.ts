/** Transactions on a SQLite file that come together are committed together, and nobody is told anything before; seen from another connection to the file. */
import { mkdtempSync, rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Kysely, sql } from 'kysely';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { NodeSqliteDialect } from '../../reference-server/store/sqlite-dialect.ts';

interface Notes {
  notes: { id: number; text: string };
}

let folder: string;
let db: Kysely<Notes>;
let other: DatabaseSync;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'plumbline-group-commit-'));
  const file = join(folder, 'data.sqlite');
  db = new Kysely<Notes>({ dialect: new NodeSqliteDialect(() => new DatabaseSync(file), { groupCommit: true }) });
  await sql`pragma journal_mode = wal`.execute(db);
  await sql`create table notes (id integer primary key, text text not null)`.execute(db);
  other = new DatabaseSync(file);
});
afterEach(async () => {
  other.close();
  await db.destroy();
  rmSync(folder, { recursive: true });
});

/** Ids that are committed. */
const onFile = (): number[] =>
  other
    .prepare('select id from notes order by id')
    .all()
    .map((row) => Number(row['id']));
const write = (id: number, text = 'x'): Promise<unknown> =>
  db.transaction().execute((transaction) => transaction.insertInto('notes').values({ id, text }).execute());

test('all that come at once are on the file when the first of them is told so, and none of them before', async () => {
  const ids = Array.from({ length: 20 }, (_, index) => index);
  let before: number[] | undefined;
  const told: number[] = [];
  const writes = ids.map((id) => write(id).then(() => told.push(id)));
  const last = db.transaction().execute(async (transaction) => {
    // Theirs are done, and not committed.
    const seen = await transaction.selectFrom('notes').select('id').execute();
    before = onFile();
    expect([seen.length, told]).toEqual([20, []]);
  });
  await Promise.race(writes);
  expect(before).toEqual([]);
  expect(onFile()).toEqual(ids);
  await Promise.all([...writes, last]);
  expect(told).toEqual(ids);
});

test('one that fails is taken back alone, whether the database or its own code fails it', async () => {
  await write(1);
  const results = await Promise.allSettled([
    write(2),
    write(1),
    db.transaction().execute(async (transaction) => {
      await transaction.insertInto('notes').values({ id: 3, text: 'x' }).execute();
      throw new Error('no');
    }),
    write(4),
  ]);
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled']);
  expect(results[1]).toMatchObject({ reason: { message: expect.stringMatching(/UNIQUE constraint failed/) } });
  expect(results[2]).toMatchObject({ reason: { message: 'no' } });
  expect(onFile()).toEqual([1, 2, 4]);
});

test('a query that meets what is not committed has its answer after the commit; so has one that writes without a transaction', async () => {
  const writing = write(1);
  const read = db
    .selectFrom('notes')
    .select('id')
    .execute()
    .then((rows) => [rows.map(({ id }) => id), onFile()]);
  const updated = sql`update notes set text = 'y'`.execute(db).then(() => other.prepare('select text from notes').all());
  expect(await read).toEqual([[1], [1]]);
  expect(await updated).toEqual([{ text: 'y' }]);
  await writing;
});

test('one that takes its time holds nobody’s commit back for longer, and has its own', async () => {
  let end = (): void => undefined;
  const slow = db.transaction().execute(async (transaction) => {
    await transaction.insertInto('notes').values({ id: 1, text: 'x' }).execute();
    await new Promise<void>((resolve) => (end = resolve));
    await transaction.insertInto('notes').values({ id: 2, text: 'x' }).execute();
  });
  const next = write(3);
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(onFile()).toEqual([]);
  end();
  await Promise.all([slow, next]);
  expect(onFile()).toEqual([1, 2, 3]);
});

test('a disk that fills up fails those whose work it takes back, each with the reason, and no others', async () => {
  await sql`pragma max_page_count = 12`.execute(db);
  const results = await Promise.allSettled([write(1), write(2, 'x'.repeat(500_000)), write(3)]);
  const failed = results.flatMap((result) => (result.status === 'rejected' ? [(result.reason as { code: string }).code] : []));
  expect(results[1]?.status).toBe('rejected');
  expect(new Set(failed)).toEqual(new Set(['store_unavailable']));
  // Whoever was told that it is done, is there, and nobody else.
  const told = results.flatMap(({ status }, index) => (status === 'fulfilled' ? [index + 1] : []));
  expect(onFile()).toEqual(told);
  await write(4);
  expect(onFile()).toEqual([...told, 4]);
});

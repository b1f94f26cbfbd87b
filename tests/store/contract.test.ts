/** What the services expect of a store: the same body for each kind of database. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { lockRows } from '../../reference-server/store/lock-rows.ts';
import { openStore, type Store } from '../../reference-server/store/store.ts';
import { tableNames } from '../../reference-server/store/table-order.ts';
import { forEachDatabase } from './databases.ts';

/** Bytes are bytes, whatever class of them a driver gives. */
const asText = (row: object): string =>
  JSON.stringify(Object.entries(row).map(([name, value]) => [name, value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value]));

const small = { conversations: 8, projects: 2, artifacts: 3 };

await forEachDatabase(({ place }) => {
  let store: Store;
  const opened: Store[] = [];
  const open = async (options: Partial<Parameters<typeof openStore>[0]> = {}): Promise<Store> => {
    const one = await openStore({ seed: 1, size: small, place: await place(), ...options });
    opened.push(one);
    return one;
  };
  beforeAll(async () => {
    store = await open();
  });
  afterEach(async () => {
    for (const one of opened.splice(1)) await one.close();
  });
  afterAll(() => store.close());

  const rowsOf = async (of: Store): Promise<Record<string, unknown[]>> => {
    const all: Record<string, unknown[]> = {};
    for (const table of tableNames) all[table] = (await of.db.selectFrom(table).selectAll().execute()).map(asText).sort();
    return all;
  };

  test('seeds the same rows as memory has, value by value', async () => {
    const memory = await open({ place: { kind: 'sqlite' } });
    const inMemory = await rowsOf(memory);
    expect(inMemory['messages']?.length).toBeGreaterThan(30);
    expect(await rowsOf(store)).toEqual(inMemory);
  });

  test('keeps what was written when it is opened again, and is seeded once', async () => {
    const where = await place();
    const first = await open({ place: where });
    await first.db.updateTable('organizations').set({ name: 'Renamed' }).where('is_default', '=', 1).execute();
    const before = await rowsOf(first);
    await first.close();
    expect(await rowsOf(await open({ place: where }))).toEqual(before);
  });

  test('a reset brings the seeded rows back, and nothing else; of another size from then on', async () => {
    const own = await open();
    const before = await rowsOf(own);
    await own.db.deleteFrom('organizations').where('is_default', '=', 1).execute();
    expect((await rowsOf(own))['conversations']).toHaveLength(1);
    await own.reset();
    expect(await rowsOf(own)).toEqual(before);
    await own.reset({ ...own.size, conversations: 20 });
    expect((await rowsOf(own))['conversations']).toHaveLength(22);
  });

  test('text sorts by its code points, whatever the language of the database', async () => {
    const own = await open();
    const { uuid } = await own.db.selectFrom('conversations').select('uuid').executeTakeFirstOrThrow();
    const paths = ['Z', 'a', 'é', 'z', '_', 'A/b', 'ab', 'a-b', 'a b', '\u{1f600}', '\uffee'];
    await own.db.deleteFrom('files').execute();
    for (const [index, path] of paths.entries()) {
      await own.db
        .insertInto('files')
        .values({ uuid: `${index}`, conversation_uuid: uuid, path, content_type: 't', size_bytes: 3, content: new Uint8Array([0, 255, 10]), created_at: 'x' })
        .execute();
    }
    const read = await own.db.selectFrom('files').select(['path', 'content']).orderBy('path').execute();
    expect(read.map(({ path }) => path)).toEqual(['A/b', 'Z', '_', 'a', 'a b', 'a-b', 'ab', 'z', 'é', '\uffee', '\u{1f600}']);
    expect([...(read[0]?.content ?? [])]).toEqual([0, 255, 10]);
    const from = await own.db.selectFrom('files').select('path').where('path', '>=', 'a').where('path', '<', 'ab').orderBy('path', 'desc').execute();
    expect(from.map(({ path }) => path)).toEqual(['a-b', 'a b', 'a']);
  });

  test('text with U+0000 is refused, whatever the database', async () => {
    await expect(store.db.updateTable('organizations').set({ name: 'a\u0000b' }).execute()).rejects.toMatchObject({ code: 'text_not_storable' });
  });

  test('counts are numbers, and a conflict tells what was done', async () => {
    const { count } = await store.db
      .selectFrom('conversations')
      .select((of) => of.fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow();
    expect(count).toBe(9);
    const { newest } = await store.db
      .selectFrom('artifact_versions')
      .select((of) => of.fn.max('version').as('newest'))
      .executeTakeFirstOrThrow();
    expect(newest).toBeTypeOf('number');
    const row = await store.db.selectFrom('conversations').selectAll().executeTakeFirstOrThrow();
    const again = await store.db
      .insertInto('conversations')
      .values(row)
      .onConflict((on) => on.column('uuid').doNothing())
      .executeTakeFirstOrThrow();
    expect(again.numInsertedOrUpdatedRows).toBe(0n);
  });

  test('foreign keys hold, and what belongs to a conversation ends with it', async () => {
    const own = await open();
    const { conversation_uuid } = await own.db.selectFrom('files').select('conversation_uuid').executeTakeFirstOrThrow();
    const message = { parent_uuid: conversation_uuid, role: 'user' as const, content: '[]', stop_reason: null, created_at: 'x', updated_at: 'x' };
    await expect(
      own.db
        .insertInto('messages')
        .values({ ...message, uuid: 'm', conversation_uuid: 'nowhere' })
        .execute(),
    ).rejects.toThrow(/foreign key/i);
    await own.db.deleteFrom('conversations').where('uuid', '=', conversation_uuid).execute();
    for (const table of ['messages', 'files', 'artifacts'] as const) {
      expect(await own.db.selectFrom(table).select('uuid').where('conversation_uuid', '=', conversation_uuid).execute()).toEqual([]);
    }
  });

  test('a transaction that fails leaves nothing', async () => {
    const failing = store.db.transaction().execute(async (transaction) => {
      await transaction.updateTable('organizations').set({ name: 'half done' }).execute();
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(await store.db.selectFrom('organizations').select('uuid').where('name', '=', 'half done').execute()).toEqual([]);
  });

  test('of two transactions that change a row by what they read, none is lost', async () => {
    const own = await open();
    const { uuid } = await own.db.selectFrom('conversations').select('uuid').executeTakeFirstOrThrow();
    await own.db.updateTable('conversations').set({ summary: '' }).where('uuid', '=', uuid).execute();
    const add = (letter: string): Promise<void> =>
      own.db.transaction().execute(async (transaction) => {
        const { summary } = await lockRows(
          transaction,
          transaction.selectFrom('conversations').select('summary').where('uuid', '=', uuid),
        ).executeTakeFirstOrThrow();
        await new Promise((resolve) => setTimeout(resolve, 5));
        await transaction
          .updateTable('conversations')
          .set({ summary: summary + letter })
          .where('uuid', '=', uuid)
          .execute();
      });
    await Promise.all([...'abcdefgh'].map(add));
    const { summary } = await own.db.selectFrom('conversations').select('summary').where('uuid', '=', uuid).executeTakeFirstOrThrow();
    expect([...summary].sort().join('')).toBe('abcdefgh');
  });
});

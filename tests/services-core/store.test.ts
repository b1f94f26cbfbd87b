import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterEach, describe, expect, test } from 'vitest';
import { seedEndMicros, stamp } from '../../reference-server/store/seed/chance.ts';
import { seedRows } from '../../reference-server/store/seed/rows.ts';
import { defaultSize } from '../../reference-server/store/seed/size.ts';
import { openStore, type Store, type StoreOptions } from '../../reference-server/store/store.ts';
import { tableNames } from '../../reference-server/store/table-order.ts';
import { timestamp, timestampAfter } from '../../reference-server/store/timestamps.ts';

const small = { conversations: 8, projects: 2, artifacts: 3 };
const opened: Store[] = [];
const folders: string[] = [];

async function open(options: Partial<StoreOptions> = {}): Promise<Store> {
  const store = await openStore({ seed: 1, size: small, ...options });
  opened.push(store);
  return store;
}
function newFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-store-'));
  folders.push(folder);
  return join(folder, 'data.sqlite');
}
async function counts(store: Store): Promise<Record<string, number>> {
  const result: Record<string, number> = {};
  for (const table of tableNames) {
    const { count } = await store.db
      .selectFrom(table)
      .select((of) => of.fn.countAll().as('count'))
      .executeTakeFirstOrThrow();
    result[table] = Number(count);
  }
  return result;
}

afterEach(async () => {
  for (const store of opened.splice(0)) await store.close();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

describe('seed', () => {
  test('gives the same rows for the same seed, others for another', () => {
    expect(seedRows(7, defaultSize)).toEqual(seedRows(7, defaultSize));
    expect(seedRows(8, defaultSize).conversations[0]?.uuid).not.toBe(seedRows(7, defaultSize).conversations[0]?.uuid);
  });

  test('has the declared size: 200 conversations in the first organization, 20 in the second', () => {
    const rows = seedRows(1, defaultSize);
    const perOrganization = rows.organizations.map(({ uuid }) => rows.conversations.filter((conversation) => conversation.organization_uuid === uuid).length);
    expect(perOrganization).toEqual([200, 20]);
    expect(rows.projects.filter((project) => project.organization_uuid === rows.organizations[0]?.uuid)).toHaveLength(12);
    expect(rows.messages.length / rows.conversations.length).toBeGreaterThan(4);
    expect(rows.messages.length / rows.conversations.length).toBeLessThan(8);
  });

  test('message trees are whole: every parent exists, the leaf is a message, some have branches', () => {
    const rows = seedRows(1, defaultSize);
    const byUuid = new Map(rows.messages.map((message) => [message.uuid, message]));
    let roots = 0;
    for (const message of rows.messages) {
      if (message.parent_uuid === '00000000-0000-4000-8000-000000000000') roots += 1;
      else expect(byUuid.get(message.parent_uuid)?.conversation_uuid).toBe(message.conversation_uuid);
    }
    expect(roots).toBeGreaterThanOrEqual(rows.conversations.length);
    for (const conversation of rows.conversations) expect(byUuid.get(conversation.current_leaf_message_uuid ?? '')?.role).toBe('assistant');
    const children = Map.groupBy(rows.messages, (message) => `${message.conversation_uuid} ${message.parent_uuid}`);
    expect([...children.values()].filter((siblings) => siblings.length > 1).length).toBeGreaterThan(20);
  });

  test('ids are UUIDv7 of their time, and the captured timestamp is where the past ends', () => {
    expect(stamp(seedEndMicros)).toBe('2026-01-04T00:55:11.167056Z');
    for (const { uuid, created_at } of seedRows(1, defaultSize).conversations) {
      expect(uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      expect(Number.parseInt(uuid.replaceAll('-', '').slice(0, 12), 16)).toBe(Date.parse(created_at));
    }
  });
});

describe('store', () => {
  test('a file keeps what was written, and is seeded once', async () => {
    const file = newFile();
    const first = await open({ place: { kind: 'sqlite', file } });
    const before = await counts(first);
    const organization = await first.db.selectFrom('organizations').select('uuid').where('is_default', '=', 1).executeTakeFirstOrThrow();
    await first.db.updateTable('organizations').set({ name: 'Renamed' }).where('uuid', '=', organization.uuid).execute();
    await first.close();
    const second = await open({ place: { kind: 'sqlite', file } });
    expect(await counts(second)).toEqual(before);
    expect((await second.db.selectFrom('organizations').select('name').where('uuid', '=', organization.uuid).executeTakeFirstOrThrow()).name).toBe('Renamed');
  });

  test('reset brings the seeded rows back, and nothing else', async () => {
    const store = await open();
    const before = await counts(store);
    const conversations = await store.db.selectFrom('conversations').selectAll().orderBy('uuid').execute();
    await store.db.deleteFrom('organizations').where('is_default', '=', 1).execute();
    expect((await counts(store))['conversations']).toBeLessThan(before['conversations'] ?? 0);
    await store.reset();
    expect(await counts(store)).toEqual(before);
    expect(await store.db.selectFrom('conversations').selectAll().orderBy('uuid').execute()).toEqual(conversations);
  });

  test('foreign keys hold, and what belongs to a conversation ends with it', async () => {
    const store = await open();
    const { conversation_uuid } = await store.db.selectFrom('files').select('conversation_uuid').executeTakeFirstOrThrow();
    const message = { parent_uuid: conversation_uuid, role: 'user' as const, content: '[]', stop_reason: null, created_at: 'x', updated_at: 'x' };
    await expect(
      store.db
        .insertInto('messages')
        .values({ ...message, uuid: 'm', conversation_uuid: 'nowhere' })
        .execute(),
    ).rejects.toThrow('FOREIGN KEY');
    await store.db.deleteFrom('conversations').where('uuid', '=', conversation_uuid).execute();
    for (const table of ['messages', 'files', 'artifacts'] as const) {
      expect(await store.db.selectFrom(table).select('uuid').where('conversation_uuid', '=', conversation_uuid).execute()).toEqual([]);
    }
    const orphans = await store.db
      .selectFrom('artifact_versions')
      .select('uuid')
      .where('artifact_uuid', 'not in', store.db.selectFrom('artifacts').select('uuid'))
      .execute();
    expect(orphans).toEqual([]);
  });

  test('a transaction that fails leaves nothing, and others wait for its end', async () => {
    const store = await open();
    const written = Promise.withResolvers<void>();
    const failing = store.db.transaction().execute(async (transaction) => {
      await transaction.updateTable('organizations').set({ name: 'half done' }).execute();
      written.resolve();
      await new Promise((resolve) => setTimeout(resolve, 20));
      throw new Error('no');
    });
    const failed = expect(failing).rejects.toThrow('no');
    await written.promise;
    const names = await store.db.selectFrom('organizations').select('name').orderBy('name').execute();
    expect(names.map(({ name }) => name)).toEqual(['Plumbline Works', 'Second Tenant']);
    await failed;
  });

  test('every query of a page of conversations is served by an index', async () => {
    const store = await open();
    const { rows } = await sql<{ detail: string }>`explain query plan
      select * from conversations where organization_uuid = 'x' order by updated_at desc, uuid desc limit 30`.execute(store.db);
    expect(rows.map((row) => row.detail)).toEqual([
      'SEARCH conversations USING INDEX conversations_by_organization_uuid_updated_at_uuid (organization_uuid=?)',
    ]);
  });

  test('a file that is no database is refused', async () => {
    await expect(openStore({ seed: 1, place: { kind: 'sqlite', file: import.meta.filename } })).rejects.toThrow('file is not a database');
  });
});

describe('timestamps', () => {
  test('have microseconds, and those of one millisecond are in order', () => {
    const now = new Date('2026-01-04T00:55:11.167Z');
    const stamps = Array.from({ length: 50 }, () => timestamp(now));
    for (const text of stamps) expect(text).toMatch(/^2026-01-04T00:55:11\.167\d{3}Z$/);
    expect(stamps.toSorted()).toEqual(stamps);
    expect(new Set(stamps).size).toBe(50);
    expect(timestampAfter(now, 1_500)).toBe('2026-01-04T00:55:12.667000Z');
  });
});

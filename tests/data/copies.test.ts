/** The replica is copied from the primary as it is at one moment, or not at all. */
import { afterAll, expect, it } from 'vitest';
import { realClock } from '../../reference-server/latency/deadline-clock.ts';
import { constant } from '../../reference-server/latency/distribution.ts';
import type { ReplicaDatabase } from '../../reference-server/store/replication/replica-database.ts';
import { Replication } from '../../reference-server/store/replication/replication.ts';
import { openStore, type Store } from '../../reference-server/store/store.ts';
import type { ConversationsTable, MessagesTable } from '../../reference-server/store/tables.ts';
import { forEachDatabase } from '../store/databases.ts';

const clock = realClock();
const size = { conversations: 60, projects: 2, artifacts: 4 };
const at = '2026-06-01T00:00:00.000000Z';
afterAll(() => clock.stop());

await forEachDatabase(({ place }) => {
  const rowsOf = async (db: Store['db']) => ({
    conversations: await db.selectFrom('conversations').selectAll().orderBy('uuid').execute(),
    messages: await db.selectFrom('messages').selectAll().orderBy('uuid').execute(),
    artifacts: await db.selectFrom('artifacts').selectAll().orderBy('uuid').execute(),
    artifact_versions: await db.selectFrom('artifact_versions').selectAll().orderBy('uuid').execute(),
  });
  const start = async (changed: (replica: ReplicaDatabase) => ReplicaDatabase = (replica) => replica) => {
    const store = await openStore({ seed: 1, size, place: await place() });
    const lag = constant(5);
    const faults: unknown[] = [];
    const replication = await Replication.start({
      ...{ primary: store.db, replica: changed(store.openReplica()), clock, lags: () => ({ title: lag, content: lag }), seed: () => 1 },
      onLag: () => undefined,
      onFault: (error) => faults.push(error),
    });
    const close = async (): Promise<void> => {
      await replication.close();
      await store.close();
    };
    return { store, replication, faults, close };
  };
  /** A conversation with a message, as two commits. */
  const talk = async ({ replication }: { replication: Replication }, template: ConversationsTable): Promise<void> => {
    const row: ConversationsTable = { ...template, uuid: crypto.randomUUID(), project_uuid: null, current_leaf_message_uuid: null };
    await replication.commit({ key: row.uuid, name: 'create' }, async (transaction, changes) => {
      await transaction.insertInto('conversations').values(row).execute();
      changes.push({ kind: 'put conversation', row });
    });
    const message: MessagesTable = {
      ...{ uuid: crypto.randomUUID(), conversation_uuid: row.uuid, parent_uuid: row.uuid, role: 'user', content: '[]', stop_reason: null },
      ...{ created_at: at, updated_at: at },
    };
    await replication.commit({ key: row.uuid, name: 'say' }, async (transaction, changes) => {
      // A reset takes the conversation away in between.
      const there = await transaction.selectFrom('conversations').select('uuid').where('uuid', '=', row.uuid).executeTakeFirst();
      if (!there) return;
      await transaction.insertInto('messages').values(message).execute();
      changes.push({ kind: 'put message', row: message });
    });
  };

  it('a reset while others write leaves both the same', async () => {
    const server = await start();
    const template = await server.store.db.selectFrom('conversations').selectAll().limit(1).executeTakeFirstOrThrow();
    const writing = { goesOn: true };
    const writers = Array.from({ length: 4 }, async () => {
      while (writing.goesOn) {
        await talk(server, template);
        await new Promise((resolve) => setImmediate(resolve));
      }
    });
    for (let round = 0; round < 3; round += 1) await server.replication.replace(() => server.store.reset());
    writing.goesOn = false;
    await Promise.all(writers);
    await expect.poll(() => server.replication.progress.backlog, { timeout: 20_000 }).toEqual({ title: 0, content: 0 });
    const [primary, replica] = [await rowsOf(server.store.db), await rowsOf(server.replication.replica)];
    expect(replica).toEqual(primary);
    expect(primary.conversations.length).toBeGreaterThan(0);
    expect([server.replication.trouble(), server.faults]).toEqual([undefined, []]);
    await server.close();
  });

  it('a copy that fails is made again; one that fails for good leaves the replica as it was, and says so', async () => {
    let failures = 0;
    const server = await start((replica) => ({
      ...replica,
      async turn(...given: Parameters<typeof replica.turn>) {
        await replica.turn(...given);
        if (failures === 0) return;
        failures -= 1;
        throw new Error('cut short');
      },
    }));
    await server.replication.pause();
    failures = 2;
    await server.replication.replace(() => server.store.reset());
    expect([failures, server.replication.trouble()]).toEqual([0, undefined]);
    expect(await rowsOf(server.replication.replica)).toEqual(await rowsOf(server.store.db));
    const before = await rowsOf(server.replication.replica);
    failures = 3;
    await expect(server.replication.replace(() => server.store.reset({ ...server.store.size, conversations: 7 }))).rejects.toThrow('cut short');
    expect(await rowsOf(server.replication.replica)).toEqual(before);
    expect(server.replication.trouble()).toContain('the replica could not be copied, and nothing comes to it');
    // Not upon what is there.
    server.replication.resume();
    const template = await server.store.db.selectFrom('conversations').selectAll().limit(1).executeTakeFirstOrThrow();
    await talk(server, template);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await rowsOf(server.replication.replica)).toEqual(before);
    await server.replication.replace(() => server.store.reset());
    expect(server.replication.trouble()).toBe(undefined);
    expect(await rowsOf(server.replication.replica)).toEqual(await rowsOf(server.store.db));
    await server.close();
  });
});

/** What an applier that ends at a bad moment leaves, and what the next one makes of it. */
import { afterAll, expect, it } from 'vitest';
import { constant } from '../../reference-server/latency/distribution.ts';
import { realClock } from '../../reference-server/latency/deadline-clock.ts';
import type { Place } from '../../reference-server/store/database.ts';
import { Replication } from '../../reference-server/store/replication/replication.ts';
import { openStore, type Store } from '../../reference-server/store/store.ts';
import type { ConversationsTable, MessagesTable } from '../../reference-server/store/tables.ts';
import { forEachDatabase } from '../store/databases.ts';

await forEachDatabase(({ place }) => {
  const clock = realClock();
  afterAll(() => clock.stop());
  const lagsMs: number[] = [];
  const faults: unknown[] = [];
  const open = async (where: Place, lagMs: number): Promise<{ store: Store; replication: Replication; close(): Promise<void> }> => {
    const store = await openStore({ seed: 1, size: { conversations: 4, projects: 1, artifacts: 1 }, place: where });
    const lags = { title: constant(lagMs), content: constant(lagMs) };
    const replication = await Replication.start({
      ...{ primary: store.db, replica: store.openReplica(), clock, lags: () => lags, seed: () => 1 },
      onLag: (_channel, lag) => lagsMs.push(lag),
      onFault: (error) => faults.push(error),
    });
    return {
      store,
      replication,
      async close() {
        await replication.close();
        await store.close();
      },
    };
  };
  const rows = async ({ store, replication }: { store: Store; replication: Replication }) => {
    const of = async (db: Store['db']) => ({
      conversations: await db.selectFrom('conversations').selectAll().orderBy('uuid').execute(),
      messages: await db.selectFrom('messages').selectAll().orderBy('uuid').execute(),
      artifact_versions: await db.selectFrom('artifact_versions').selectAll().orderBy('uuid').execute(),
    });
    return { primary: await of(store.db), replica: await of(replication.replica) };
  };
  const caughtUp = async ({ replication }: { replication: Replication }): Promise<void> => {
    await expect.poll(() => replication.progress.backlog, { timeout: 20_000 }).toEqual({ title: 0, content: 0 });
  };
  /** Names and messages of one conversation, changed some times. */
  const change = async ({ store, replication }: { store: Store; replication: Replication }, times: number): Promise<void> => {
    const row: ConversationsTable = await store.db.selectFrom('conversations').selectAll().orderBy('uuid').limit(1).executeTakeFirstOrThrow();
    for (let time = 0; time < times; time += 1) {
      await replication.commit({ key: String(time), name: 'change' }, async (transaction, changes) => {
        const at = new Date(Date.UTC(2026, 5, 1, 0, 0, time)).toISOString().replace('Z', '000Z');
        const named = { ...row, name: `name ${time}`, updated_at: at };
        const message: MessagesTable = {
          ...{ uuid: crypto.randomUUID(), conversation_uuid: row.uuid, parent_uuid: row.current_leaf_message_uuid ?? row.uuid, role: 'user', content: '[]' },
          ...{ stop_reason: null, created_at: at, updated_at: at },
        };
        await transaction.insertInto('messages').values(message).execute();
        const { name, updated_at } = named;
        await transaction
          .updateTable('conversations')
          .set({ name, updated_at, current_leaf_message_uuid: message.uuid })
          .where('uuid', '=', row.uuid)
          .execute();
        changes.push({ kind: 'put conversation', row: named }, { kind: 'put message', row: message });
        changes.push({ kind: 'move leaf', conversation_uuid: row.uuid, leaf: message.uuid, updated_at: at });
      });
    }
  };

  it('entries that were applied, and not taken out of the log, change nothing when they are applied again', async () => {
    const where = await place();
    const one = await open(where, 60_000);
    await change(one, 20);
    expect(one.replication.progress.backlog).toEqual({ title: 20, content: 40 });
    const log = await one.store.db.selectFrom('change_log').selectAll().orderBy('seq').execute();
    // Due now, for the next one.
    await one.store.db.updateTable('change_log').set({ lag_ms: 0 }).execute();
    await one.close();
    const two = await open(where, 0);
    await caughtUp(two);
    const after = await rows(two);
    expect(after.replica).toEqual(after.primary);
    expect(await two.store.db.selectFrom('change_log').select('seq').execute()).toEqual([]);
    // As if it had been killed between the replica's commit and the log's.
    await two.replication.pause();
    await two.store.db
      .insertInto('change_log')
      .values(log.map((entry) => ({ ...entry, lag_ms: 0 })))
      .execute();
    await two.replication.restart();
    expect(two.replication.progress.backlog).toEqual({ title: 20, content: 40 });
    two.replication.resume();
    await caughtUp(two);
    expect(await rows(two)).toEqual(after);
    await two.close();
    expect(faults).toEqual([]);
  });

  it('every change has its lag at least, in the order of the commits, and each one lag is told', async () => {
    const at = await open(await place(), 150);
    lagsMs.length = 0;
    await change(at, 30);
    await caughtUp(at);
    expect(lagsMs).toHaveLength(90);
    expect(Math.min(...lagsMs)).toBeGreaterThanOrEqual(150);
    const { primary, replica } = await rows(at);
    expect(replica).toEqual(primary);
    await at.close();
  });

  it('a replica of another primary is copied anew', async () => {
    const where = await place();
    const one = await open(where, 0);
    await change(one, 3);
    await one.store.db.updateTable('replication_source').set({ uuid: crypto.randomUUID() }).execute();
    // Nobody told the replica.
    await one.store.db.updateTable('conversations').set({ name: 'Changed behind its back' }).execute();
    await one.close();
    const two = await open(where, 0);
    const { primary, replica } = await rows(two);
    expect(replica).toEqual(primary);
    expect(replica.conversations.every(({ name }) => name === 'Changed behind its back')).toBe(true);
    await two.close();
  });
});

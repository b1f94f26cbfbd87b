/** Two servers that replicate the same primary into the same replica: each change once and in its order, whoever applies it. */
import pg from 'pg';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, expect, it } from 'vitest';
import { realClock } from '../../reference-server/latency/deadline-clock.ts';
import { constant } from '../../reference-server/latency/distribution.ts';
import type { Place } from '../../reference-server/store/database.ts';
import type { ReplicaDatabase } from '../../reference-server/store/replication/replica-database.ts';
import { Replication } from '../../reference-server/store/replication/replication.ts';
import { openStore, type Store } from '../../reference-server/store/store.ts';
import { forEachDatabase } from '../store/databases.ts';

const clock = realClock();
afterAll(() => clock.stop());

interface Server {
  store: Store;
  replication: Replication;
  /** Of commits from now on. */
  lag: { ms: number };
  close(): Promise<void>;
}

await forEachDatabase(({ name, place }) => {
  const open: Server[] = [];
  afterEach(async () => {
    for (const server of open.splice(0)) await server.close();
  });
  const start = async (where: Place, changed: (replica: ReplicaDatabase) => ReplicaDatabase = (replica) => replica): Promise<Server> => {
    const store = await openStore({ seed: 1, size: { conversations: 4, projects: 1, artifacts: 1 }, place: where });
    const lag = { ms: 0 };
    let isOpen = true;
    const replication = await Replication.start({
      ...{ primary: store.db, replica: changed(store.openReplica()), clock, seed: () => 1, onLag: () => undefined },
      lags: () => ({ title: constant(lag.ms), content: constant(lag.ms) }),
      onFault: (error) => {
        throw error;
      },
    });
    const server: Server = {
      ...{ store, replication, lag },
      async close() {
        if (!isOpen) return;
        isOpen = false;
        await replication.close();
        await store.close();
      },
    };
    open.push(server);
    return server;
  };
  const rename = async ({ store, replication }: Server, to: string, offset = 0) => {
    const row = await store.db.selectFrom('conversations').selectAll().orderBy('uuid').limit(1).offset(offset).executeTakeFirstOrThrow();
    return await replication.commit({ key: to, name: 'rename' }, async (transaction, changes) => {
      await transaction.updateTable('conversations').set({ name: to }).where('uuid', '=', row.uuid).execute();
      changes.push({ kind: 'put conversation', row: { ...row, name: to } });
      return row.uuid;
    });
  };
  const nameOnReplica = async ({ replication }: Server, offset = 0): Promise<string> =>
    (await replication.replica.selectFrom('conversations').select('name').orderBy('uuid').limit(1).offset(offset).executeTakeFirstOrThrow()).name;

  it('what another server has applied is not waited for, and what a server that ended left is applied', async () => {
    const where = await place();
    const [one, other] = [await start(where), await start(where)];
    await one.replication.pause();
    const { result: uuid, position } = await rename(one, 'by one');
    expect([one.replication.progress.backlog.title, one.replication.progress.isBehind(uuid)]).toEqual([1, true]);
    // Nobody tells the other one, which looks by itself.
    await expect.poll(() => nameOnReplica(other), { timeout: 15_000 }).toBe('by one');
    await expect.poll(() => one.replication.progress.backlog, { timeout: 15_000 }).toEqual({ title: 0, content: 0 });
    expect(one.replication.progress.isBehind(uuid)).toBe(false);
    expect(await one.replication.progress.reach(position, 0)).toBe(true);
    await rename(one, 'left behind');
    await one.close();
    await expect.poll(() => nameOnReplica(other), { timeout: 15_000 }).toBe('left behind');
    expect(await other.store.db.selectFrom('change_log').select('seq').execute()).toEqual([]);
  });

  if (name === 'postgres')
    it('one that comes late to its turn does not bring old values back', async () => {
      const where = await place();
      const gate = { isShut: false, opened: Promise.withResolvers<void>(), arrived: Promise.withResolvers<void>() };
      const one = await start(where);
      const late = await start(where, (replica) => ({
        ...replica,
        async turn(...given: Parameters<typeof replica.turn>) {
          if (gate.isShut) {
            gate.arrived.resolve();
            await gate.opened.promise;
          }
          await replica.turn(...given);
        },
      }));
      for (const { replication } of [one, late]) await replication.pause();
      await rename(one, 'old');
      await rename(one, 'new');
      const entries = await one.store.db.selectFrom('change_log').select('seq').orderBy('seq').execute();
      const last = entries.at(-1)?.seq ?? 0;
      const setLag = (ms: number) => one.store.db.updateTable('change_log').set({ lag_ms: ms }).where('seq', '=', last).execute();
      // To the late one, only the first of them is due.
      await setLag(3_600_000);
      gate.isShut = true;
      late.replication.resume();
      await gate.arrived.promise;
      await setLag(0);
      // Both are on the replica, and still in the log: its server cannot take them out for now.
      const holder = new pg.Client({ connectionString: where.kind === 'postgres' ? where.url : '' });
      await holder.connect();
      await holder.query('begin; select * from plumbline.change_log for update');
      one.replication.resume();
      await expect.poll(() => nameOnReplica(one), { timeout: 15_000 }).toBe('new');
      gate.opened.resolve();
      // Time to do wrong.
      await sleep(300);
      await holder.query('commit');
      await holder.end();
      await expect.poll(async () => (await one.store.db.selectFrom('change_log').select('seq').execute()).length, { timeout: 15_000 }).toBe(0);
      expect(await nameOnReplica(one)).toBe('new');
      for (const { replication } of [one, late]) await expect.poll(() => replication.progress.backlog, { timeout: 15_000 }).toEqual({ title: 0, content: 0 });
    });

  if (name === 'postgres')
    it('a commit that ends after a later one is not taken for applied with it', async () => {
      const where = await place();
      const url = where.kind === 'postgres' ? where.url : '';
      const server = await start(where);
      const holder = new pg.Client({ connectionString: url });
      await holder.connect();
      const first = await server.store.db.selectFrom('conversations').select('uuid').orderBy('uuid').limit(1).executeTakeFirstOrThrow();
      // A commit of its changes waits for the lock, when everything else of it is done.
      await holder.query(`
      create function plumbline.hold() returns trigger language plpgsql as $$ begin perform pg_advisory_xact_lock(42); return null; end $$;
      create constraint trigger hold after insert on plumbline.change_log deferrable initially deferred
        for each row when (new.row_key = '${first.uuid}') execute function plumbline.hold();
      select pg_advisory_lock(42)`);
      const { progress } = server.replication;
      const before = progress.numbered;
      server.lag.ms = 3_600_000;
      const slow = rename(server, 'slow');
      await expect.poll(() => progress.numbered.title, { timeout: 15_000 }).toBeGreaterThan(before.title);
      const number = progress.numbered.title;
      server.lag.ms = 0;
      const { position } = await rename(server, 'quick', 1);
      expect(position.title).toBeGreaterThan(number);
      expect(await nameOnReplica(server, 1)).toBe('quick');
      await holder.query('select pg_advisory_unlock(42)');
      const { position: ofSlow } = await slow;
      expect(ofSlow.title).toBe(number);
      expect(await nameOnReplica(server)).not.toBe('slow');
      // Whoever has seen it on the primary, or wrote it, is not sent to the replica.
      expect(await progress.reach(ofSlow, 0)).toBe(false);
      expect(await progress.reach(progress.numbered, 0)).toBe(false);
      await server.store.db.updateTable('change_log').set({ lag_ms: 0 }).execute();
      expect(await progress.reach(ofSlow, 15_000)).toBe(true);
      expect(await nameOnReplica(server)).toBe('slow');
      await holder.end();
    });
});

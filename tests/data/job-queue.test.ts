/** The queue itself, on each database: what is taken, by whom, how often, and what becomes of a job that fails. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Kysely } from 'kysely';
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest';
import type { JobKind } from '../../reference-server/jobs/job-kind.ts';
import { JobQueue, type JobQueueParts, mostAttempts } from '../../reference-server/jobs/job-queue.ts';
import { countJobs, enqueue, takeJobs } from '../../reference-server/jobs/job-rows.ts';
import { realClock } from '../../reference-server/latency/deadline-clock.ts';
import type { Place } from '../../reference-server/store/database.ts';
import { openStore, type Store } from '../../reference-server/store/store.ts';
import type { Tables } from '../../reference-server/store/tables.ts';
import { until } from '../server/frame.ts';
import { forEachDatabase } from '../store/databases.ts';
import type { Death, Moment } from './dying-worker.ts';

const size = { conversations: 1, projects: 1, artifacts: 1 };
const clock = realClock();
const dyingWorker = fileURLToPath(new URL('./dying-worker.ts', import.meta.url));

afterAll(() => clock.stop());

await forEachDatabase(({ place }) => {
  let where: Place;
  let store: Store;
  let queues: JobQueue[] = [];
  let ended: string[] = [];
  let faults: string[] = [];

  beforeEach(async () => {
    where = await place();
    store = await openStore({ seed: 1, size, place: where });
    queues = [];
    ended = [];
    faults = [];
  });
  afterEach(async () => {
    for (const queue of queues) await queue.stop();
    await store.close();
  });

  /** A worker whose jobs do as they are told; the replica plays no part. */
  const work = (run: JobKind['run'], more: Partial<JobQueueParts> & Pick<Partial<JobKind>, 'giveUp'> = {}): JobQueue => {
    const { giveUp, ...parts } = more;
    const queue = new JobQueue({
      db: store.db,
      clock,
      replication: {
        async commit(_, does) {
          return {
            result: await store.db.transaction().execute((transaction) => does(transaction, [])),
            position: { title: 0, content: 0 },
            committedMs: undefined,
          };
        },
      },
      kinds: [{ kind: 'title', name: 'write title', run, ...(giveUp && { giveUp }) }],
      onEnd: (kind, outcome) => ended.push(`${kind} ${outcome}`),
      onFault: (error) => faults.push(String(error)),
      backOffMs: 5,
      ...parts,
    });
    queues.push(queue);
    return queue;
  };
  const add = (db: Kysely<Tables>, name: string): Promise<void> =>
    enqueue(db, { kind: 'title', payload: { name }, requestKey: name, nowMs: Date.now(), delayMs: 0 });
  const addMany = async (count: number): Promise<string[]> => {
    const names = Array.from({ length: count }, (_, index) => `job ${index}`);
    for (const name of names) await add(store.db, name);
    return names;
  };
  /** What a job leaves in the database. */
  const effect: JobKind['run'] = async (transaction, _changes, job) => {
    await transaction
      .insertInto('model_configs')
      .values({ model: `${job.requestKey}, attempt ${job.attempts}`, body: '{}' })
      .execute();
    return undefined;
  };
  const effects = async (): Promise<string[]> =>
    (await store.db.selectFrom('model_configs').select('model').where('model', 'like', 'job %').execute()).map(({ model }) => model).sort();

  test('a job of a transaction that is rolled back was never there', async () => {
    await expect(
      store.db.transaction().execute(async (transaction) => {
        await add(transaction, 'job 0');
        throw new Error('no');
      }),
    ).rejects.toThrow('no');
    expect(await countJobs(store.db)).toEqual([]);
  });

  test('who takes jobs at the same moment takes different ones', async () => {
    await addMany(40);
    const take = (most: number): ReturnType<typeof takeJobs> => takeJobs(store.db, { nowMs: Date.now(), leaseMs: 60_000, most });
    const taken = (await Promise.all([10, 10, 10, 10].map(take))).flat().map(({ uuid }) => uuid);
    // On Postgres a row that somebody is just taking is passed over, and left for the next look.
    taken.push(...(await take(40)).map(({ uuid }) => uuid));
    expect(taken).toHaveLength(40);
    expect(new Set(taken).size).toBe(40);
  });

  test('of two workers at once each does what the other does not: every job once', async () => {
    const names = await addMany(60);
    const by: string[] = [];
    const worker = (name: string): JobKind['run'] => {
      return async (transaction, changes, job) => {
        by.push(name);
        return await effect(transaction, changes, job);
      };
    };
    work(worker('one')).start();
    work(worker('other')).start();
    await until(async () => ended.length >= names.length, 'all are done', 20_000);
    expect(await effects()).toEqual(names.map((name) => `${name}, attempt 1`).sort());
    expect(by).toHaveLength(names.length);
    expect(new Set(by)).toEqual(new Set(['one', 'other']));
    expect(await countJobs(store.db)).toEqual([]);
  });

  test('what fails is tried again, later each time, and leaves what the last attempt did', async () => {
    await add(store.db, 'job 0');
    const atMs: number[] = [];
    work(
      async (transaction, changes, job) => {
        atMs.push(Date.now());
        await effect(transaction, changes, job);
        if (job.attempts < 4) throw new Error(`attempt ${job.attempts} fails`);
        return undefined;
      },
      { backOffMs: 20 },
    ).start();
    await until(async () => ended.length > 0, 'it is done', 20_000);
    expect(await effects()).toEqual(['job 0, attempt 4']);
    const gapsMs = atMs.slice(1).map((ms, index) => ms - (atMs[index] ?? 0));
    for (const [index, leastMs] of [20, 40, 80].entries()) expect(gapsMs[index]).toBeGreaterThanOrEqual(leastMs);
    expect(ended).toEqual(['title done']);
    expect(faults).toEqual([]);
  });

  test('what always fails is given up, told, and kept', async () => {
    await add(store.db, 'job 0');
    const reasons: string[] = [];
    let attempts = 0;
    const run: JobKind['run'] = async () => {
      attempts += 1;
      throw new Error('no luck');
    };
    work(run, { giveUp: async (_transaction, _changes, _job, reason) => void reasons.push(reason) }).start();
    await until(async () => ended.length > 0, 'it is given up', 20_000);
    expect([attempts, ended, reasons]).toEqual([mostAttempts, ['title failed'], ['no luck']]);
    expect(faults).toEqual([expect.stringContaining(`given up after ${mostAttempts} attempts: title`)]);
    expect(await countJobs(store.db)).toEqual([{ kind: 'title', state: 'failed', count: 1 }]);
    expect(await store.db.selectFrom('jobs').select('last_error').execute()).toEqual([{ last_error: 'no luck' }]);
  });

  test('what was given up is forgotten after a week', async () => {
    const dayMs = 24 * 3_600_000;
    for (const days of [6, 8]) {
      await enqueue(store.db, { kind: 'title', payload: {}, requestKey: `${days} days`, nowMs: Date.now() - days * dayMs, delayMs: 0 });
    }
    await store.db.updateTable('jobs').set({ due_at_ms: null }).execute();
    work(effect).start();
    const left = async (): Promise<string[]> => (await store.db.selectFrom('jobs').select('request_key').execute()).map((row) => row.request_key);
    await until(async () => (await left()).length < 2, 'one is gone', 20_000);
    expect(await left()).toEqual(['6 days']);
  });

  test('a job goes on in steps, each from where the last one got', async () => {
    await add(store.db, 'job 0');
    const seen: number[] = [];
    work(async (_transaction, _changes, job) => {
      seen.push(job.attempts);
      return seen.length < 3 ? job.dueAtMs + 1 : undefined;
    }).start();
    await until(async () => ended.length > 0, 'it is done', 20_000);
    expect(seen).toEqual([1, 1, 1]);
  });

  test('a worker that is gone keeps its jobs until its lease ends, and no longer', async () => {
    await addMany(3);
    const leaseMs = 600;
    const takenMs = Date.now();
    expect(await takeJobs(store.db, { nowMs: takenMs, leaseMs, most: 2 })).toHaveLength(2);
    expect(await countJobs(store.db)).toEqual(
      expect.arrayContaining([
        { kind: 'title', state: 'running', count: 2 },
        { kind: 'title', state: 'waiting', count: 1 },
      ]),
    );
    const doneMs: number[] = [];
    work(async (transaction, changes, job) => {
      doneMs.push(Date.now() - takenMs);
      return await effect(transaction, changes, job);
    }).start();
    await until(async () => ended.length >= 3, 'all are done', 20_000);
    expect(await effects()).toEqual(['job 0, attempt 2', 'job 1, attempt 2', 'job 2, attempt 1']);
    expect(doneMs.filter((ms) => ms >= leaseMs)).toHaveLength(2);
  });

  const moments: [at: Moment, done: string[]][] = [
    ['in the middle of', ['job 0, attempt 1']],
    ['just after the commit of', ['job 0, attempt 1', 'job 1, attempt 1']],
  ];
  test.for(moments)('a worker that is killed %s a job: what it did is there once, and what it did not is done by the next one', async ([at, done]) => {
    const names = await addMany(4);
    const child = spawn(process.execPath, [dyingWorker, JSON.stringify({ place: where, at } satisfies Death)], { stdio: ['ignore', 'ignore', 'inherit'] });
    expect(await once(child, 'exit')).toEqual([null, 'SIGKILL']);
    expect(await effects()).toEqual(done);
    work(effect).start();
    await until(async () => ended.length >= names.length - done.length, 'the rest is done', 20_000);
    expect(await countJobs(store.db)).toEqual([]);
    // Whatever the attempt: each is there, and none of them twice.
    expect((await effects()).map((one) => one.replace(/, attempt \d$/, ''))).toEqual(names);
  });

  test('a worker whose lease was taken over does nothing', async () => {
    await add(store.db, 'job 0');
    let isHeld = true;
    let slow = 0;
    // It has taken the job, and gets no further for longer than its lease.
    const tooLate: JobKind['run'] = async (transaction, changes, job) => {
      slow += 1;
      return await effect(transaction, changes, job);
    };
    work(tooLate, {
      leaseMs: 50,
      replication: {
        async commit(_, does) {
          await until(async () => !isHeld, 'it is let go', 20_000);
          return {
            result: await store.db.transaction().execute((transaction) => does(transaction, [])),
            position: { title: 0, content: 0 },
            committedMs: undefined,
          };
        },
      },
    }).start();
    await until(async () => (await countJobs(store.db))[0]?.state === 'running', 'it is taken', 20_000);
    work(effect).start();
    await until(async () => ended.length > 0, 'the other one has done it', 20_000);
    isHeld = false;
    for (const queue of queues) await queue.stop();
    expect(slow).toBe(0);
    expect(await effects()).toEqual(['job 0, attempt 2']);
    expect(ended).toEqual(['title done']);
  });

  test('work that older servers left undone becomes jobs', async () => {
    const where = await place();
    const before = await openStore({ seed: 1, size, place: where });
    const conversation = await before.db.selectFrom('conversations').select('uuid').limit(1).executeTakeFirstOrThrow();
    const ingestion = await before.db.selectFrom('ingestions').select('uuid').limit(1).executeTakeFirstOrThrow();
    const pendingAt = '2026-01-04T00:55:11.167056Z';
    await before.db.updateTable('conversations').set({ pending_name: 'New', pending_name_at: pendingAt }).where('uuid', '=', conversation.uuid).execute();
    await before.db.updateTable('ingestions').set({ status: 'queued' }).where('uuid', '=', ingestion.uuid).execute();
    await before.db.schema.dropTable('jobs').execute();
    await before.db.schema.dropIndex('change_log_by_conversation_uuid').execute();
    await before.db.schema.alterTable('idempotency_keys').dropColumn('owner_uuid').execute();
    await (before.db as unknown as Kysely<{ kysely_migration: { name: string } }>).deleteFrom('kysely_migration').where('name', '>=', '0007-jobs').execute();
    await before.close();
    const after = await openStore({ seed: 1, size, place: where });
    try {
      const rows = await after.db.selectFrom('jobs').select(['kind', 'payload', 'due_at_ms']).orderBy('kind').execute();
      expect(rows.map(({ kind, payload }) => [kind, JSON.parse(payload)])).toEqual([
        ['ingestion', { ingestionUuid: ingestion.uuid }],
        ['title', { conversationUuid: conversation.uuid, pendingAt }],
      ]);
      expect(rows[1]?.due_at_ms).toBe(Date.parse(pendingAt));
    } finally {
      await after.close();
    }
  });
});

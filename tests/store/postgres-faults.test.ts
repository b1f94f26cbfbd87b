/** Postgres that is busy, slow or gone, seen from the public port. */
import { sql } from 'kysely';
import pg from 'pg';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { metricNames } from '../../scenarios/names.ts';
import { type RunningServer, startServer } from '../../reference-server/server.ts';
import { openStore } from '../../reference-server/store/store.ts';
import { metricLines, metricValue } from '../telemetry/metric-lines.ts';
import { signIn, type User } from '../operations/client.ts';
import { until } from '../stack/parts.ts';
import { ask, startPostgres } from '../support/postgres.ts';

const postgres = await startPostgres();

describe.skipIf(postgres === undefined)('Postgres', () => {
  const there = postgres as NonNullable<typeof postgres>;
  let server: RunningServer | undefined;
  afterEach(() => server?.stop());
  afterAll(() => there.stop());

  const start = async (databasePool?: number): Promise<{ user: User; url: string; database: string }> => {
    const database = await there.newDatabase();
    server = await startServer({ profile: 'instant', database, ...(databasePool !== undefined && { databasePool }) });
    return { user: await signIn(server.url, 'owner@example.com'), url: server.url, database };
  };
  const numberOf = async (url: string, metric: string, pool = 'primary'): Promise<number | undefined> =>
    metricValue(metricLines(await (await fetch(`${url}/metrics`)).text()), metric, { pool });
  const ready = async (url: string): Promise<[number, unknown]> => {
    const response = await fetch(`${url}/readyz`);
    return [response.status, ((await response.json()) as { status: string }).status];
  };

  test('a pool whose connections are all busy is 503 with the reason and when to come again', async () => {
    const { user, url, database } = await start(2);
    // Whoever writes waits for this lock, with a connection in hand.
    const holder = new pg.Client({ connectionString: database });
    await holder.connect();
    await holder.query('begin; lock table plumbline.conversations in exclusive mode');
    const writers = [1, 2].map(() => user.call('chat.conversations.create', { body: { name: 'waits' } }));
    await until('both connections are busy', async () => ((await numberOf(url, metricNames.storeConnectionsBusy)) === 2 ? true : undefined));
    const refused = await user.call('projects.list');
    expect([refused.status, refused.headers['retry-after']]).toEqual([503, '1']);
    expect((refused.json as { error: object }).error).toEqual({
      type: 'store_exhausted',
      message: expect.stringMatching(/^all 2 connections to the database were busy for 1000 ms, with \d+ other queries waiting; try again later$/),
    });
    // It waited for as long as it may, and did nothing.
    expect(Number(/queued;dur=([\d.]+)/.exec(String(refused.headers['server-timing']))?.[1])).toBeGreaterThan(900);
    expect(await ready(url)).toEqual([503, 'store_exhausted']);
    expect(await numberOf(url, metricNames.storeConnectionsLimit)).toBe(2);
    expect(await numberOf(url, metricNames.storeRefused)).toBeGreaterThanOrEqual(2);
    await holder.query('commit');
    await holder.end();
    // On a slow machine they have waited for longer than a statement may take.
    for (const { status } of await Promise.all(writers)) expect([201, 503]).toContain(status);
    expect((await user.call('projects.list')).status).toBe(200);
    expect(await ready(url)).toEqual([200, 'ready']);
  });

  test('so are the connections to the replica, which are as many again and counted apart', async () => {
    const { user, url, database } = await start(2);
    const holder = new pg.Client({ connectionString: database });
    await holder.connect();
    await holder.query('begin; lock table plumbline_replica.conversations in access exclusive mode');
    const read = () => user.call('chat.conversations.list', { query: { consistency: 'eventual' } });
    const readers = [read(), read()];
    await until('both connections are busy', async () => ((await numberOf(url, metricNames.storeConnectionsBusy, 'replica')) === 2 ? true : undefined));
    expect(await numberOf(url, metricNames.storeConnectionsLimit, 'replica')).toBe(2);
    const refused = await read();
    expect([refused.status, (refused.json as { error: { type: string } }).error.type]).toEqual([503, 'store_exhausted']);
    expect(await numberOf(url, metricNames.storeRefused, 'replica')).toBeGreaterThanOrEqual(1);
    expect(await numberOf(url, metricNames.storeRefused)).toBe(0);
    expect(await ready(url)).toEqual([503, 'store_exhausted']);
    // The primary has its own.
    expect((await user.call('projects.list')).status).toBe(200);
    await holder.query('commit');
    await holder.end();
    for (const { status } of await Promise.all(readers)) expect([200, 503]).toContain(status);
    expect(await ready(url)).toEqual([200, 'ready']);
  });

  test('a database that goes away is 503, and the first request after its restart is served', async () => {
    const { user, url } = await start();
    await user.call('chat.conversations.create', { body: { name: 'kept' } });
    await there.kill();
    const refused = await user.call('chat.conversations.list');
    expect([refused.status, refused.headers['retry-after']]).toEqual([503, '1']);
    expect((refused.json as { error: { type: string } }).error.type).toBe('store_unavailable');
    expect(await ready(url)).toEqual([503, 'store_unavailable']);
    await there.start();
    const served = await user.call('chat.conversations.list');
    expect(served.status).toBe(200);
    expect((served.json as { data: { name: string }[] }).data[0]?.name).toBe('kept');
    expect(await ready(url)).toEqual([200, 'ready']);
  });

  test('a connection that breaks in the middle is not given to anybody else', async () => {
    const { user, database } = await start(1);
    const slow = user.call('chat.conversations.create', { body: { name: 'cut' } });
    await ask(database, "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'plumbline'");
    expect([201, 503]).toContain((await slow).status);
    for (let time = 0; time < 5; time += 1) expect((await user.call('chat.conversations.list')).status).toBe(200);
  });

  test('a statement that takes too long is ended, and the connection goes on', async () => {
    const store = await openStore({
      seed: 1,
      size: { conversations: 1, projects: 1, artifacts: 1 },
      place: { kind: 'postgres', url: await there.newDatabase(), schema: 'plumbline', pool: { connections: 1, statementMs: 200 } },
    });
    try {
      await expect(sql`select pg_sleep(5)`.execute(store.db)).rejects.toMatchObject({ name: 'Error', code: 'store_timeout' });
      expect((await sql`select 1 as one`.execute(store.db)).rows).toEqual([{ one: 1 }]);
    } finally {
      await store.close();
    }
  });

  test('tables of the same names that are somebody else’s are left alone', async () => {
    const database = await there.newDatabase();
    await ask(database, "create table users (name text); insert into users values ('somebody')");
    server = await startServer({ profile: 'instant', database });
    await fetch(`${server.controlUrl}/reset`, { method: 'POST' });
    expect(await ask(database, 'select * from public.users')).toEqual([{ name: 'somebody' }]);
    expect(await ask(database, 'select count(*)::int as count from plumbline.users')).toEqual([{ count: 8 }]);
  });

  test('a database that is not there fails the start with its reason', async () => {
    await expect(startServer({ profile: 'instant', database: 'postgres://nobody@127.0.0.1:1/none' })).rejects.toThrow(
      'the database does not take connections: connect ECONNREFUSED 127.0.0.1:1',
    );
  });
});

/** Waiting for a connection of the pool is told as waiting: in the response, in spans and in metrics, and is no work of the query. */
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, describe, expect, test } from 'vitest';
import { metricNames } from '../../scenarios/names.ts';
import { type Answer, signIn } from '../operations/client.ts';
import { ask } from '../server/frame.ts';
import { until } from '../stack/parts.ts';
import { startPostgres } from '../support/postgres.ts';
import { type MetricLine, metricLines, metricValue } from '../telemetry/metric-lines.ts';
import { caller, withTraced } from '../telemetry/traced.ts';

const postgres = await startPostgres();
const heldMs = 300;
/** Timers may be a little early. */
const leastMs = heldMs - 50;

function timing({ headers }: Answer, entry: string): number {
  return Number(new RegExp(`(?:^| )${entry};dur=([\\d.]+)`).exec(String(headers['server-timing']))?.[1]);
}

describe.skipIf(postgres === undefined)('Postgres', () => {
  const there = postgres as NonNullable<typeof postgres>;
  afterAll(() => there.stop());

  test('who waits for the only connection is queued, and the query is as fast as it is', async () => {
    const database = await there.newDatabase();
    await withTraced({ database, databasePool: 1 }, async ({ server, collector, flush }) => {
      const scrape = async (): Promise<MetricLine[]> => metricLines((await ask(server.url, '/metrics')).body.toString());
      const atLeastOne = async (name: string): Promise<true | undefined> => (metricValue(await scrape(), name, { pool: 'primary' }) ?? 0) >= 1 || undefined;
      const user = await signIn(server.url, 'owner@example.com');
      expect((await user.call('projects.list')).status).toBe(200);
      // Whoever writes waits for this lock, with the connection in hand.
      const holder = new pg.Client({ connectionString: database });
      await holder.connect();
      await holder.query('begin; lock table plumbline.conversations in exclusive mode');
      const writing = user.call('chat.conversations.create', { body: { name: 'waits for the lock' } });
      await until('the connection is busy', () => atLeastOne(metricNames.storeConnectionsBusy));
      const { traceId, headers } = caller(true);
      const reading = user.call('projects.list', { headers });
      await until('somebody waits for it', () => atLeastOne(metricNames.storeConnectionsWaiting));
      await sleep(heldMs);
      await holder.query('commit');
      await holder.end();
      const [written, read] = await Promise.all([writing, reading]);
      expect([written.status, read.status]).toEqual([201, 200]);
      // The lock is the database's own affair: who waited for that, worked.
      expect(timing(written, 'actual')).toBeGreaterThan(leastMs);
      expect(timing(written, 'queued')).toBeLessThan(leastMs);
      const queuedMs = timing(read, 'queued');
      expect(queuedMs).toBeGreaterThan(leastMs);
      expect(timing(read, 'actual') - timing(read, 'intended') - queuedMs).toBeLessThan(leastMs);

      await flush();
      const queries = collector.of(traceId).filter(({ service }) => service === 'plumbline-store');
      expect(queries.length).toBeGreaterThan(0);
      for (const { attributes } of queries) expect(attributes['db.system.name']).toBe('postgresql');
      const waits = queries.map(({ attributes }) => Number(attributes['plumbline.queued_ms'] ?? 0));
      expect(waits.reduce((sum, ms) => sum + ms, 0)).toBeCloseTo(queuedMs, 1);
      const edge = collector.of(traceId).find(({ service }) => service === 'plumbline-edge');
      expect(edge?.attributes['plumbline.queued_ms']).toBeCloseTo(queuedMs, 1);

      const lines = await scrape();
      expect(metricValue(lines, `${metricNames.queueWait}_sum`, { service: 'projects' })).toBeGreaterThan(leastMs / 1_000);
      const query = { db_system_name: 'postgresql', db_query_summary: 'select projects' };
      expect(metricValue(lines, `${metricNames.storeDuration}_count`, query)).toBe(2);
      expect(metricValue(lines, `${metricNames.storeDuration}_sum`, query)).toBeLessThan(leastMs / 1_000);
      expect(lines.filter(({ labels }) => labels['db_system_name'] === 'sqlite')).toEqual([]);
    });
  });
});

/** On 100,000 conversations, no query of any operation reads a large table from end to end. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CompiledQuery } from 'kysely';
import { operations } from '../../scenarios/operations.ts';
import { startServer } from '../../reference-server/server.ts';
import { openStore } from '../../reference-server/store/store.ts';
import { signIn } from '../operations/client.ts';
import { goodRequests } from '../operations/good-requests.ts';
import { forEachDatabase } from './databases.ts';
import { fillConversations, fillOthers, gatherStatistics, manyConversations, manyOthers } from './many-rows.ts';
import { type RecordedQuery, recordedQueries } from './recorded-queries.ts';

// Plans are the same without waiting for the disk.
const setUpMs = 240_000;
/** What reads all jobs, and how seldom: the counts, for a fiftieth of the time at most, and once an hour what was given up long ago. */
const mayScan: readonly RegExp[] = [/count\(\*\) as "count" from "jobs"/, /^delete from "jobs" where "due_at_ms" is null/];

/** What SQLite does with a query, a step a line: `SEARCH` goes down an index, `SCAN` reads on from its beginning. */
async function sqliteScans({ sql, parameters, ask }: RecordedQuery): Promise<string[]> {
  const { rows } = await ask(CompiledQuery.raw(`explain query plan ${sql}`, [...parameters]));
  return (rows as { detail: string }[]).map(({ detail }) => detail).filter((detail) => detail.startsWith('SCAN'));
}

interface PlanNode {
  'Node Type': string;
  'Relation Name'?: string;
  'Index Cond'?: string;
  'Index Name'?: string;
  Plans?: PlanNode[];
}

/** Nodes that read a table or an index from end to end. */
async function postgresScans({ sql, parameters, ask }: RecordedQuery): Promise<string[]> {
  const { rows } = await ask(CompiledQuery.raw(`explain (format json) ${sql}`, [...parameters]));
  const plan = (rows as { 'QUERY PLAN': { Plan: PlanNode }[] }[])[0]?.['QUERY PLAN'][0]?.Plan;
  const found: string[] = [];
  const walk = (node: PlanNode): void => {
    const readsAll = node['Node Type'] === 'Seq Scan' || (/^(Index|Bitmap Index)/.test(node['Node Type']) && node['Index Cond'] === undefined);
    if (readsAll) found.push(`${node['Node Type']} on ${node['Relation Name'] ?? node['Index Name']}`);
    for (const child of node.Plans ?? []) walk(child);
  };
  if (plan) walk(plan);
  return found;
}

await forEachDatabase(
  ({ name, place }) => {
    let asked = 0;
    const scans: string[] = [];
    let store: Awaited<ReturnType<typeof openStore>>;
    let large: string[] = [];
    beforeAll(async () => {
      const where = await place();
      const unbounded = where.kind === 'postgres' ? { ...where, pool: { statementMs: 0 } } : where;
      store = await openStore({ seed: 1, place: unbounded });
      await fillOthers(store.db);
      await fillConversations(store.db);
      const server = await startServer({
        profile: 'instant',
        policies: { idempotency: 'keys' },
        ...(where.kind === 'sqlite' ? { data: where.file ?? '' } : { database: where.url }),
      });
      // At its start the server looks whether there is any row at all.
      recordedQueries.clear();
      try {
        const user = await signIn(server.url, 'owner@example.com');
        // Of a member's role something is looked up, and private projects are hidden from it; of the owner nothing is.
        const member = await signIn(server.url, 'user-9@example.com');
        for (const caller of [member, user]) {
          for (const { name: operation } of operations) {
            const request = goodRequests[operation];
            if (!request) continue;
            const { status } = await caller.call(operation, await request(caller));
            expect([operation, status < 300]).toEqual([operation, true]);
          }
        }
        for (let time = 0; time < 2; time += 1) await user.call('chat.conversations.create', { body: { name: 'once' }, headers: { 'idempotency-key': 'k' } });
        const read = async (operation: string): Promise<{ uuid: string }[]> => ((await user.call(operation)).json as { data: { uuid: string }[] }).data;
        const project_uuid = (await read('projects.list'))[0]?.uuid ?? '';
        const conversation_uuid = (await read('chat.conversations.list'))[0]?.uuid ?? '';
        await user.call('chat.conversations.list', { query: { project_uuid } });
        await user.call('chat.artifacts.versions', { params: { artifact_uuid: conversation_uuid }, query: { source: 'w' } });
        await user.call('chat.conversations.title', { params: { conversation_uuid }, body: {} });
        for (const caller of [member, user]) {
          for (const offset of ['40000', '99990']) await caller.call('chat.conversations.list', { query: { limit: '30', offset } });
        }
        // The replica has what the primary had, but no statistics yet.
        await gatherStatistics(store.db);
        const queries = [...recordedQueries.values()].filter(({ sql }) => /^(select|insert|update|delete|with)\b/i.test(sql));
        asked = queries.length;
        for (const query of queries) {
          if (mayScan.some((allowed) => allowed.test(query.sql))) continue;
          const found = name === 'sqlite' ? await sqliteScans(query) : await postgresScans(query);
          for (const one of found) {
            if ([...manyOthers, 'conversations', 'messages'].some((table) => new RegExp(`\\b${table}\\b`).test(one))) scans.push(`${one}: ${query.sql}`);
          }
        }
      } finally {
        await server.stop();
      }
      large = [];
      for (const table of [...manyOthers, 'conversations', 'messages'] as const) {
        const { count } = await store.db
          .selectFrom(table)
          .select((of) => of.fn.countAll<number>().as('count'))
          .executeTakeFirstOrThrow();
        if (count >= 10_000) large.push(table);
      }
    }, setUpMs);
    afterAll(() => store?.close());

    test('the tables are large', () => {
      expect(large).toEqual([...manyOthers, 'conversations', 'messages']);
      expect(manyConversations).toBe(100_000);
    });

    test('every query is served by an index', () => {
      expect(asked).toBeGreaterThan(60);
      expect(scans).toEqual([]);
    });
  },
  ['fsync=off', 'full_page_writes=off', 'max_wal_size=2GB'],
);

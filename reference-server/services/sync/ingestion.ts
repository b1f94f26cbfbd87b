import { Type } from 'typebox';
import { HttpError } from '../../exchange.ts';
import { enqueue } from '../../jobs/job-rows.ts';
import type { IngestionsTable } from '../../store/tables.ts';
import { timestamp, timestampAfter } from '../../store/timestamps.ts';
import { orgParams, param, timestamp as timestampSchema, uuid } from '../schemas.ts';
import { noQuery } from '../no-query.ts';
import { sessionOf } from '../sessions.ts';
import type { Route } from '../route.ts';
import { type IngestionPayload, ingestionMs, queuedMs } from './ingestion-job.ts';
import { type Provider, refuseUnlinked } from './links.ts';

const providerSchema = Type.Enum(['gmail', 'gcal', 'drive'], { examples: ['drive'] });

const startSchema = Type.Object(
  {
    provider: providerSchema,
    item_uuids: Type.Optional(Type.Array(uuid, { minItems: 1, maxItems: 500, description: 'Items to take in; absent: all that are synced.' })),
  },
  { additionalProperties: false, examples: [{ provider: 'drive' }] },
);

const ingestionSchema = Type.Object(
  {
    uuid,
    provider: providerSchema,
    status: Type.Enum(['queued', 'running', 'done', 'failed'], { examples: ['queued'] }),
    items_total: Type.Integer({ minimum: 0, examples: [8] }),
    items_done: Type.Integer({ minimum: 0, examples: [0] }),
    progress: Type.Number({ minimum: 0, maximum: 1, examples: [0] }),
    error: Type.Union([Type.String(), Type.Null()], { examples: [null] }),
    created_at: timestampSchema,
    completes_at: Type.Union([timestampSchema, Type.Null()], { description: 'When the job was or is due to end.', examples: ['2026-01-04T00:55:13.167056Z'] }),
  },
  { additionalProperties: false },
);

function rendered(row: IngestionsTable): object {
  const isEmpty = row.items_total === 0;
  return {
    uuid: row.uuid,
    provider: row.provider,
    status: row.status,
    items_total: row.items_total,
    items_done: row.items_done,
    progress: isEmpty ? Number(row.status === 'done') : Math.round((row.items_done / row.items_total) * 1_000) / 1_000,
    error: row.error,
    created_at: row.created_at,
    completes_at: row.completes_at,
  };
}

export const ingestionRoutes: readonly Route[] = [
  {
    operation: 'sync.ingestion.start',
    summary: 'Starts to take in what was synced from a provider. An asynchronous job: 202, then ask for its status.',
    schema: { params: orgParams, querystring: noQuery, body: startSchema, response: { 202: ingestionSchema } },
    async handle(exchange, backends) {
      const { organizationId, userId } = await sessionOf(exchange, backends);
      const { provider, item_uuids: itemUuids } = exchange.body as { provider: Provider; item_uuids?: string[] };
      const now = backends.now();
      const row = await backends.write(exchange, 'insert ingestions', async (db) => {
        const link = await db
          .selectFrom('sync_links')
          .select('status')
          .where('organization_uuid', '=', organizationId)
          .where('provider', '=', provider)
          .executeTakeFirst();
        refuseUnlinked(provider, link?.status);
        let items = db.selectFrom('sync_items').where('organization_uuid', '=', organizationId).where('provider', '=', provider);
        const wanted = itemUuids && [...new Set(itemUuids.map((item) => item.toLowerCase()))];
        if (wanted) items = items.where('uuid', 'in', wanted);
        const counted = await items.select((expression) => expression.fn.countAll().as('total')).executeTakeFirst();
        const total = Number(counted?.total ?? 0);
        if (wanted && total < wanted.length) throw new HttpError(404, 'not_found', `${wanted.length - total} of ${wanted.length} items are not there`);
        const made: IngestionsTable = {
          uuid: backends.newUuid(),
          organization_uuid: organizationId,
          user_uuid: userId,
          provider,
          status: 'queued',
          items_total: total,
          items_done: 0,
          error: null,
          created_at: timestamp(now),
          completes_at: timestampAfter(now, ingestionMs(total)),
        };
        await db.insertInto('ingestions').values(made).execute();
        const payload: IngestionPayload = { ingestionUuid: made.uuid };
        await enqueue(db, { kind: 'ingestion', payload, requestKey: exchange.key, nowMs: now.getTime(), delayMs: queuedMs });
        return made;
      });
      backends.job(exchange, 'ingest', ingestionMs(row.items_total));
      return { status: 202, headers: { location: `/api/organizations/${organizationId}/ingestion/${row.uuid}` }, json: rendered(row) };
    },
  },
  {
    operation: 'sync.ingestion.read',
    summary: 'Status of an ingestion: queued, running, done or failed.',
    schema: { params: Type.Object({ org_uuid: uuid, ingestion_uuid: uuid }), querystring: noQuery, response: { 200: ingestionSchema } },
    async handle(exchange, backends) {
      const { organizationId } = await sessionOf(exchange, backends);
      const row = await backends.store(exchange, 'select ingestions', (db) =>
        db
          .selectFrom('ingestions')
          .selectAll()
          .where('uuid', '=', param(exchange, 'ingestion_uuid').toLowerCase())
          .where('organization_uuid', '=', organizationId)
          .executeTakeFirst(),
      );
      if (!row) throw new HttpError(404, 'not_found', 'no such ingestion');
      return { status: 200, json: rendered(row) };
    },
  },
];

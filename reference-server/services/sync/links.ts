import { type TSchema, Type } from 'typebox';
import { HttpError } from '../../exchange.ts';
import { orgParams, page, pageOf, pageQuery, timestamp as timestampSchema, uuid } from '../schemas.ts';
import { sessionOf } from '../sessions.ts';
import type { Route } from '../route.ts';

export type Provider = 'gmail' | 'gcal' | 'drive';

const defaultLimit = 20;
const maxLimit = 100;

const nullable = (schema: TSchema, example: unknown): TSchema => Type.Union([schema, Type.Null()], { examples: [example] });
const address = Type.String({ examples: ['ada@example.org'] });

/** What the items of each provider have beside their title. */
const itemFields: Record<Provider, Record<string, TSchema>> = {
  gmail: { from: address, snippet: Type.String({ examples: ['See you on Monday.'] }), unread: Type.Boolean({ examples: [true] }) },
  gcal: { start: timestampSchema, end: timestampSchema, attendees: Type.Integer({ minimum: 0, examples: [3] }) },
  drive: {
    mime_type: Type.String({ examples: ['application/pdf'] }),
    size_bytes: Type.Integer({ minimum: 0, examples: [48_213] }),
    owner: address,
    path: Type.String({ examples: ['/Plans/2026'] }),
  },
};

function linkSchema(provider: Provider): TSchema {
  const item = Type.Object({
    uuid,
    external_id: Type.String({ examples: ['18f0c2d4a7b3e591'] }),
    title: Type.String({ examples: ['Quarterly plan'] }),
    ...itemFields[provider],
    modified_at: timestampSchema,
  });
  return Type.Object(
    {
      provider: Type.Literal(provider),
      link: Type.Object({
        status: Type.Enum(['linked', 'unlinked', 'expired'], { examples: ['linked'] }),
        account_email: nullable(Type.String(), 'ada@example.org'),
        scopes: Type.Array(Type.String(), { examples: [[`https://www.googleapis.com/auth/${provider}.readonly`]] }),
        last_synced_at: nullable(timestampSchema, null),
      }),
      ...page(item).properties,
    },
    { additionalProperties: false },
  );
}

/** A provider's link state, and a page of what was synced from it, newest first. An organization that never linked it has an empty list. */
export function linkRoute(provider: Provider): Route {
  return {
    operation: `sync.${provider}.read`,
    summary: `Link state of ${provider} and the items synced from it, newest first.`,
    schema: {
      params: orgParams,
      querystring: Type.Object(pageQuery(defaultLimit, maxLimit), { additionalProperties: false }),
      response: { 200: linkSchema(provider) },
    },
    async handle(exchange, backends) {
      const { organizationId } = await sessionOf(exchange, backends);
      const { limit, offset } = pageOf(exchange, defaultLimit);
      const json = await backends.store(exchange, 'select sync_links, sync_items', async (db) => {
        const link = await db
          .selectFrom('sync_links')
          .selectAll()
          .where('organization_uuid', '=', organizationId)
          .where('provider', '=', provider)
          .executeTakeFirst();
        const status = link?.status ?? 'unlinked';
        const items = db.selectFrom('sync_items').where('organization_uuid', '=', organizationId).where('provider', '=', provider);
        const linked = status !== 'unlinked';
        const rows = linked ? await items.selectAll().orderBy('modified_at', 'desc').orderBy('uuid', 'desc').limit(limit).offset(offset).execute() : [];
        const counted = linked ? await items.select((expression) => expression.fn.countAll().as('total')).executeTakeFirst() : undefined;
        return {
          provider,
          link: {
            status,
            account_email: link?.account_email ?? null,
            scopes: link ? (JSON.parse(link.scopes) as string[]) : [],
            last_synced_at: link?.last_synced_at ?? null,
          },
          data: rows.map((row) => ({
            uuid: row.uuid,
            external_id: row.external_id,
            title: row.title,
            ...(JSON.parse(row.body) as Record<string, unknown>),
            modified_at: row.modified_at,
          })),
          limit,
          offset,
          total: Number(counted?.total ?? 0),
        };
      });
      return { status: 200, json };
    },
  };
}

/** 409 unless the provider is linked: there is nothing to take from one that is not. */
export function refuseUnlinked(provider: Provider, status: string | undefined): void {
  if (status === 'linked') return;
  throw new HttpError(409, 'not_linked', `${provider} is ${status ?? 'unlinked'}; link it first`);
}

import { Type } from 'typebox';
import type { StylesTable } from '../../store/tables.ts';
import { timestamp } from '../../store/timestamps.ts';
import { orgParams, timestamp as timestampSchema, uuid } from '../schemas.ts';
import { noQuery } from '../no-query.ts';
import { sessionOf } from '../sessions.ts';
import type { Route } from '../route.ts';

const styleSchema = Type.Object(
  {
    uuid,
    key: Type.String({ examples: ['Concise'] }),
    name: Type.String({ examples: ['Concise'] }),
    summary: Type.String({ examples: ['Shorter responses and more messages'] }),
    prompt: Type.String({ examples: ['Answer in as few words as the matter allows.'] }),
    is_default: Type.Boolean({ examples: [true] }),
    created_at: timestampSchema,
    updated_at: timestampSchema,
  },
  { additionalProperties: false },
);

const listSchema = Type.Object({ defaults: Type.Array(styleSchema), custom: Type.Array(styleSchema) }, { additionalProperties: false });

const createSchema = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 100 }),
    summary: Type.Optional(Type.String({ maxLength: 400 })),
    prompt: Type.String({ minLength: 1, maxLength: 20_000 }),
  },
  { additionalProperties: false, examples: [{ name: 'House style', summary: 'Plain and short', prompt: 'Write plainly. Prefer short sentences.' }] },
);

function rendered(row: StylesTable): object {
  const { uuid, key, name, summary, prompt, created_at, updated_at } = row;
  return { uuid, key, name, summary, prompt, is_default: row.is_default === 1, created_at, updated_at };
}

/** Key of the organization's styles in the cache. */
const cacheKey = (organizationId: string): string => `styles ${organizationId}`;

export const styleRoutes: readonly Route[] = [
  {
    operation: 'settings.styles.list',
    summary: 'Writing styles: the five defaults, and the custom ones of the organization, oldest first; read through the cache.',
    schema: { params: orgParams, querystring: noQuery, response: { 200: listSchema } },
    async handle(exchange, backends) {
      const { organizationId } = await sessionOf(exchange, backends);
      const rows = await backends.cache(exchange, cacheKey(organizationId), () =>
        backends.store(exchange, 'select styles', (db) =>
          db.selectFrom('styles').selectAll().where('organization_uuid', '=', organizationId).orderBy('created_at').orderBy('uuid').limit(1_000).execute(),
        ),
      );
      return {
        status: 200,
        json: { defaults: rows.filter((row) => row.is_default === 1).map(rendered), custom: rows.filter((row) => row.is_default === 0).map(rendered) },
      };
    },
  },
  {
    operation: 'settings.styles.create',
    summary: 'Adds a custom style.',
    schema: { params: orgParams, querystring: noQuery, body: createSchema, response: { 201: styleSchema } },
    async handle(exchange, backends) {
      const { organizationId, userId } = await sessionOf(exchange, backends);
      const body = exchange.body as { name: string; summary?: string; prompt: string };
      const styleUuid = backends.newUuid();
      const createdAt = timestamp(backends.now());
      const row: StylesTable = {
        uuid: styleUuid,
        organization_uuid: organizationId,
        user_uuid: userId,
        key: `custom-${styleUuid}`,
        name: body.name,
        summary: body.summary ?? '',
        prompt: body.prompt,
        is_default: 0,
        created_at: createdAt,
        updated_at: createdAt,
      };
      await backends.write(exchange, 'insert styles', (db) => db.insertInto('styles').values(row).execute());
      await backends.dropCached(exchange, cacheKey(organizationId));
      return { status: 201, json: rendered(row) };
    },
  },
];

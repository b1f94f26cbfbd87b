import type { Kysely } from 'kysely';
import { type Static, Type } from 'typebox';
import { lockRows } from '../../store/lock-rows.ts';
import type { Tables } from '../../store/tables.ts';
import { timestamp } from '../../store/timestamps.ts';
import { notFound } from '../errors.ts';
import type { Route } from '../route.ts';
import { closed, consistency, page, pageOf, pageQuery, param, queryText, timestamp as timestampSchema, uuid } from '../schemas.ts';
import { sessionOf } from '../sessions.ts';
import { defaultSource, insertVersion } from './artifact-rows.ts';
import { findConversation } from './conversation-rows.ts';

const defaultLimit = 50;
const maxLimit = 200;

const artifactParams = Type.Object({ org_uuid: uuid, artifact_uuid: uuid });
const source = Type.String({ minLength: 1, maxLength: 20, pattern: '^[a-z]+$', examples: [defaultSource] });

const version = Type.Object({
  uuid,
  artifact_uuid: uuid,
  version: Type.Integer({ minimum: 1 }),
  title: Type.String(),
  content_type: Type.String(),
  source,
  content: Type.String(),
  created_at: timestampSchema,
});

const createBody = Type.Object(
  {
    content: Type.String({ maxLength: 500_000 }),
    source: Type.Optional(source),
    /** Where the artifact is new: the conversation that it belongs to, and ends with. */
    conversation_uuid: Type.Optional(uuid),
    title: Type.Optional(Type.String({ maxLength: 500 })),
    content_type: Type.Optional(Type.String({ maxLength: 100, pattern: '^[A-Za-z0-9.+-]+/[A-Za-z0-9.+-]+$' })),
  },
  { additionalProperties: false, examples: [{ content: '# A draft\n\nIts second version.' }] },
);

function versionsOf(db: Kysely<Tables>, organizationUuid: string) {
  return db
    .selectFrom('artifact_versions')
    .innerJoin('artifacts', 'artifacts.uuid', 'artifact_versions.artifact_uuid')
    .where('artifacts.organization_uuid', '=', organizationUuid);
}

const versions: Route = {
  operation: 'chat.artifacts.versions',
  summary: 'Versions of an artifact, the oldest first; the uuid of a conversation stands for all of its artifacts.',
  schema: {
    params: artifactParams,
    querystring: Type.Object({ ...pageQuery(defaultLimit, maxLimit), source: Type.Optional(source), consistency }, closed),
    response: { 200: page(version) },
  },
  async handle(exchange, backends) {
    const { organizationId } = await sessionOf(exchange, backends);
    const { limit, offset } = pageOf(exchange, defaultLimit);
    const asked = param(exchange, 'artifact_uuid').toLowerCase();
    const onlySource = queryText(exchange, 'source');
    const { rows, total } = await backends.read(exchange, 'select artifact versions', async (db) => {
      const artifact = await db
        .selectFrom('artifacts')
        .select('uuid')
        .where('uuid', '=', asked)
        .where('organization_uuid', '=', organizationId)
        .executeTakeFirst();
      if (!artifact) {
        const conversation = await db
          .selectFrom('conversations')
          .select('uuid')
          .where('uuid', '=', asked)
          .where('organization_uuid', '=', organizationId)
          .executeTakeFirst();
        if (!conversation) throw notFound('artifact');
      }
      let those = versionsOf(db, organizationId).where(artifact ? 'artifacts.uuid' : 'artifacts.conversation_uuid', '=', asked);
      if (onlySource !== undefined) those = those.where('artifact_versions.source', '=', onlySource);
      const counted = await those.select((of) => of.fn.countAll().as('count')).executeTakeFirstOrThrow();
      const found = await those
        .select(['artifact_versions.uuid', 'artifact_versions.artifact_uuid', 'artifact_versions.version', 'artifacts.title', 'artifacts.content_type'])
        .select(['artifact_versions.source', 'artifact_versions.content', 'artifact_versions.created_at'])
        .orderBy('artifacts.created_at')
        .orderBy('artifacts.uuid')
        .orderBy('artifact_versions.version')
        .limit(limit)
        .offset(offset)
        .execute();
      return { rows: found, total: Number(counted.count) };
    });
    return { status: 200, json: { data: rows, limit, offset, total } };
  },
};

const createVersion: Route = {
  operation: 'chat.artifacts.create_version',
  summary: 'Adds a version to an artifact; with conversation_uuid it makes the artifact where there is none.',
  schema: { params: artifactParams, body: createBody, response: { 201: version } },
  async handle(exchange, backends) {
    const { organizationId } = await sessionOf(exchange, backends);
    const body = exchange.body as Static<typeof createBody>;
    const artifactUuid = param(exchange, 'artifact_uuid').toLowerCase();
    const now = timestamp(backends.now());
    const created = await backends.write(exchange, 'insert artifact version', async (transaction, changes) => {
      if (body.conversation_uuid !== undefined) {
        const conversation = await findConversation(transaction, organizationId, body.conversation_uuid);
        const made = {
          uuid: artifactUuid,
          organization_uuid: organizationId,
          conversation_uuid: conversation.uuid,
          title: body.title ?? 'Untitled',
          content_type: body.content_type ?? 'text/markdown',
          created_at: now,
        };
        const { numInsertedOrUpdatedRows } = await transaction
          .insertInto('artifacts')
          .values(made)
          .onConflict((on) => on.column('uuid').doNothing())
          .executeTakeFirstOrThrow();
        if (numInsertedOrUpdatedRows !== 0n) changes.push({ kind: 'put artifact', row: made });
      }
      const artifact = await lockRows(
        transaction,
        transaction
          .selectFrom('artifacts')
          .select(['title', 'content_type', 'conversation_uuid'])
          .where('uuid', '=', artifactUuid)
          .where('organization_uuid', '=', organizationId),
      ).executeTakeFirst();
      if (!artifact) throw notFound('artifact');
      const row = await insertVersion(transaction, {
        uuid: backends.newUuid(),
        artifact_uuid: artifactUuid,
        source: body.source ?? defaultSource,
        content: body.content,
        created_at: now,
      });
      const { conversation_uuid, ...shown } = artifact;
      changes.push({ kind: 'put artifact version', conversation_uuid, row });
      return { ...row, ...shown };
    });
    return { status: 201, json: created };
  },
};

export const artifactRoutes: readonly Route[] = [versions, createVersion];

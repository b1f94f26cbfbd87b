import { sql } from 'kysely';
import { Type } from 'typebox';
import { HttpError } from '../../exchange.ts';
import { timestamp } from '../../store/timestamps.ts';
import { notFound } from '../errors.ts';
import type { Route } from '../route.ts';
import { closed, page, pageOf, pageQuery, param, queryText, timestamp as timestampSchema, uuid } from '../schemas.ts';
import { sessionOf } from '../sessions.ts';
import { findConversation } from './conversation-rows.ts';
import { conversationParams } from './conversation-schema.ts';

const defaultLimit = 100;
const maxLimit = 1_000;
const uploadType = 'application/octet-stream';

/** Folders with `/`; none of them empty, `.` or `..`; no backslash and no control characters. */
const path = Type.String({
  minLength: 1,
  maxLength: 512,
  pattern: '^(?!\\.{1,2}(/|$))[^/\\\\\\u0000-\\u001f\\u007f]+(/(?!\\.{1,2}(/|$))[^/\\\\\\u0000-\\u001f\\u007f]+)*$',
  examples: ['uploads/notes.txt'],
});
const contentType = Type.String({ maxLength: 100, pattern: '^[A-Za-z0-9.+-]+/[A-Za-z0-9.+-]+$', examples: ['text/plain'] });

const file = Type.Object({ uuid, path: Type.String(), content_type: Type.String(), size_bytes: Type.Integer({ minimum: 0 }), created_at: timestampSchema });

const shown = ['uuid', 'path', 'content_type', 'size_bytes', 'created_at'] as const;

const list: Route = {
  operation: 'chat.files.list',
  summary: 'Files of a conversation whose path starts with a prefix, by path.',
  schema: {
    params: conversationParams,
    querystring: Type.Object({ ...pageQuery(defaultLimit, maxLimit), prefix: Type.Optional(Type.String({ maxLength: 512, examples: ['uploads/'] })) }, closed),
    response: { 200: page(file) },
  },
  async handle(exchange, backends) {
    const { organizationId } = await sessionOf(exchange, backends);
    const { limit, offset } = pageOf(exchange, defaultLimit);
    const prefix = queryText(exchange, 'prefix') ?? '';
    const { rows, total } = await backends.store(exchange, 'select files', async (db) => {
      const { uuid: conversationUuid } = await findConversation(db, organizationId, param(exchange, 'conversation_uuid'));
      let those = db.selectFrom('files').where('conversation_uuid', '=', conversationUuid);
      // Not `like`: the prefix may hold its wildcards, and SQLite would ignore case. Postgres counts characters as SQLite does: code points.
      if (prefix !== '') those = those.where(sql<string>`substr(path, 1, ${sql.lit([...prefix].length)})`, '=', prefix);
      const counted = await those.select((of) => of.fn.countAll().as('count')).executeTakeFirstOrThrow();
      const found = await those
        .select([...shown])
        .orderBy('path')
        .limit(limit)
        .offset(offset)
        .execute();
      return { rows: found, total: Number(counted.count) };
    });
    return { status: 200, json: { data: rows, limit, offset, total } };
  },
};

const upload: Route = {
  operation: 'chat.files.upload',
  summary: 'Stores the raw bytes of the body under a path of the conversation; a file that is there already is replaced.',
  schema: {
    params: conversationParams,
    querystring: Type.Object({ path, content_type: Type.Optional(contentType) }, closed),
    body: Type.String({ format: 'binary', contentMediaType: uploadType, examples: ['The quick brown fox.'] }),
    consumes: uploadType,
    response: { 201: file },
  },
  async handle(exchange, backends) {
    const { organizationId } = await sessionOf(exchange, backends);
    const content = exchange.body;
    if (!Buffer.isBuffer(content)) {
      throw new HttpError(
        415,
        'unsupported_media_type',
        `a file is uploaded as raw bytes with content-type ${uploadType}; give its own type in the query, content_type=text/plain`,
      );
    }
    const row = {
      uuid: backends.newUuid(),
      path: queryText(exchange, 'path') ?? '',
      content_type: queryText(exchange, 'content_type') ?? uploadType,
      size_bytes: content.length,
      created_at: timestamp(backends.now()),
    };
    const stored = await backends.write(exchange, 'insert file', async (db) => {
      const { uuid: conversation_uuid } = await findConversation(db, organizationId, param(exchange, 'conversation_uuid'));
      const replaced = { content, content_type: row.content_type, size_bytes: row.size_bytes, created_at: row.created_at };
      return db
        .insertInto('files')
        .values({ ...row, conversation_uuid, content })
        .onConflict((on) => on.columns(['conversation_uuid', 'path']).doUpdateSet(replaced))
        .returning([...shown])
        .executeTakeFirstOrThrow();
    });
    return { status: 201, json: stored };
  },
};

const download: Route = {
  operation: 'chat.files.download',
  summary: 'The bytes of a file, always as an attachment.',
  schema: {
    params: conversationParams,
    querystring: Type.Object({ path }, closed),
    response: { 200: Type.String({ format: 'binary', contentMediaType: uploadType }) },
  },
  async handle(exchange, backends) {
    const { organizationId } = await sessionOf(exchange, backends);
    const asked = queryText(exchange, 'path') ?? '';
    const row = await backends.store(exchange, 'select file', async (db) => {
      const { uuid: conversationUuid } = await findConversation(db, organizationId, param(exchange, 'conversation_uuid'));
      return db
        .selectFrom('files')
        .select(['content', 'content_type'])
        .where('conversation_uuid', '=', conversationUuid)
        .where('path', '=', asked)
        .executeTakeFirst();
    });
    if (!row) throw notFound('file');
    const name = encodeURIComponent(asked.slice(asked.lastIndexOf('/') + 1)).replace(/['()*]/g, (character) => `%${character.charCodeAt(0).toString(16)}`);
    return {
      status: 200,
      // What users upload is never shown as a page of this origin.
      headers: { 'content-type': row.content_type, 'content-disposition': `attachment; filename*=UTF-8''${name}`, 'x-content-type-options': 'nosniff' },
      bytes: Buffer.from(row.content.buffer, row.content.byteOffset, row.content.byteLength),
    };
  },
};

export const fileRoutes: readonly Route[] = [list, upload, download];

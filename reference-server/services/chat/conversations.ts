import { type Static, Type } from 'typebox';
import type { Exchange } from '../../exchange.ts';
import { defaultModel } from '../../store/models.ts';
import type { ConversationsTable } from '../../store/tables.ts';
import { timestamp } from '../../store/timestamps.ts';
import { hiddenProjects } from '../access/hidden-projects.ts';
import { conflict, invalid, notFound } from '../errors.ts';
import type { Backends, Route } from '../route.ts';
import { closed, consistency, nothing, orgParams, page, pageOf, pageQuery, param, queryText, uuid } from '../schemas.ts';
import { sessionOf } from '../sessions.ts';
import { type ConversationsOf, conversationPage, countConversations } from './conversation-page.ts';
import { conversationJson, findConversation, lockConversation, messageJson } from './conversation-rows.ts';
import {
  conversation,
  conversationParams,
  conversationWithMessages,
  createBody,
  defaultSettings,
  rootParentUuid,
  type Settings,
  updateBody,
} from './conversation-schema.ts';
import { pathTo } from './message-tree.ts';

const defaultLimit = 30;
const maxLimit = 250;

/** The conversations of the organization that this account sees. */
async function visibleTo(exchange: Exchange, backends: Backends): Promise<ConversationsOf> {
  const session = await sessionOf(exchange, backends);
  const hidden = await backends.rolesOf(exchange, (db) => hiddenProjects(db, session));
  return { organizationUuid: session.organizationId, userUuid: session.userId, hiddenProjects: hidden };
}

const list: Route = {
  operation: 'chat.conversations.list',
  summary: 'Conversations of the organization, the last changed first.',
  schema: {
    params: orgParams,
    querystring: Type.Object({ ...pageQuery(defaultLimit, maxLimit), project_uuid: Type.Optional(uuid), consistency }, closed),
    response: { 200: page(conversation) },
  },
  async handle(exchange, backends) {
    const of = await visibleTo(exchange, backends);
    const { limit, offset } = pageOf(exchange, defaultLimit);
    const projectUuid = queryText(exchange, 'project_uuid')?.toLowerCase();
    const { rows, total } = await backends.read(exchange, 'select conversations', (db) => conversationPage(db, { ...of, projectUuid }, { limit, offset }));
    return { status: 200, json: { data: rows.map((row) => conversationJson(row)), limit, offset, total } };
  },
};

const count: Route = {
  operation: 'chat.conversations.count',
  summary: 'How many conversations the organization has.',
  schema: { params: orgParams, querystring: Type.Object({ consistency }, closed), response: { 200: Type.Object({ count: Type.Integer({ minimum: 0 }) }) } },
  async handle(exchange, backends) {
    const of = await visibleTo(exchange, backends);
    return { status: 200, json: { count: await backends.read(exchange, 'count conversations', (db) => countConversations(db, of)) } };
  },
};

const create: Route = {
  operation: 'chat.conversations.create',
  summary: 'Makes a conversation and answers it; the client may choose its uuid.',
  schema: { params: orgParams, body: createBody, response: { 201: conversation } },
  async handle(exchange, backends) {
    const { organizationId, userId } = await sessionOf(exchange, backends);
    const body = exchange.body as Static<typeof createBody>;
    const now = timestamp(backends.now());
    const row: ConversationsTable = {
      uuid: body.uuid?.toLowerCase() ?? backends.newUuid(),
      organization_uuid: organizationId,
      user_uuid: userId,
      project_uuid: body.project_uuid?.toLowerCase() ?? null,
      name: body.name ?? '',
      pending_name: null,
      pending_name_at: null,
      summary: '',
      model: body.model ?? defaultModel,
      settings: JSON.stringify({ ...defaultSettings, ...body.settings }),
      current_leaf_message_uuid: null,
      created_at: now,
      updated_at: now,
    };
    await backends.write(exchange, 'insert conversation', async (db, changes) => {
      if (row.model !== defaultModel) {
        const known = await db.selectFrom('model_configs').select('model').where('model', '=', row.model).executeTakeFirst();
        if (!known) throw invalid('/body/model', `"${row.model}" is not a model of this server`);
      }
      if (row.project_uuid !== null) {
        const known = await db
          .selectFrom('projects')
          .select('uuid')
          .where('uuid', '=', row.project_uuid)
          .where('organization_uuid', '=', organizationId)
          .executeTakeFirst();
        if (!known) throw invalid('/body/project_uuid', 'no such project');
      }
      const { numInsertedOrUpdatedRows } = await db
        .insertInto('conversations')
        .values(row)
        .onConflict((on) => on.column('uuid').doNothing())
        .executeTakeFirstOrThrow();
      if (numInsertedOrUpdatedRows === 0n) throw conflict('that uuid is taken: choose another one, or leave it out');
      changes.push({ kind: 'put conversation', row });
    });
    return { status: 201, json: conversationJson(row) };
  },
};

const readQuery = Type.Object(
  {
    /** `True`: every message; else those of the current path. */
    tree: Type.Optional(Type.String({ pattern: '^([Tt]rue|[Ff]alse)$', examples: ['True'] })),
    consistency,
    rendering_mode: Type.Optional(Type.String({ maxLength: 40, examples: ['messages'] })),
  },
  closed,
);

const read: Route = {
  operation: 'chat.conversations.read',
  summary: 'A conversation with the messages of its current path, or with tree=True all of them.',
  schema: { params: conversationParams, querystring: readQuery, response: { 200: conversationWithMessages } },
  async handle(exchange, backends) {
    const { organizationId } = await sessionOf(exchange, backends);
    const wholeTree = queryText(exchange, 'tree')?.toLowerCase() === 'true';
    const conversationUuid = param(exchange, 'conversation_uuid').toLowerCase();
    const { row, messages } = await backends.read(
      exchange,
      'select conversation',
      async (db) => {
        const found = await findConversation(db, organizationId, conversationUuid);
        const all = await db.selectFrom('messages').selectAll().where('conversation_uuid', '=', found.uuid).orderBy('created_at').orderBy('uuid').execute();
        return { row: found, messages: all };
      },
      conversationUuid,
    );
    const shown = wholeTree ? messages : pathTo(messages, row.current_leaf_message_uuid);
    return { status: 200, json: { ...conversationJson(row), messages: shown.map(messageJson) } };
  },
};

const update: Route = {
  operation: 'chat.conversations.update',
  summary: 'Changes name, settings or current leaf; the last write wins.',
  schema: { params: conversationParams, body: updateBody, response: { 200: conversation } },
  async handle(exchange, backends) {
    const { organizationId } = await sessionOf(exchange, backends);
    const { name, settings, current_leaf_message_uuid: leaf } = exchange.body as Static<typeof updateBody>;
    const now = timestamp(backends.now());
    const row = await backends.write(exchange, 'update conversation', async (transaction, changes) => {
      const old = await lockConversation(transaction, organizationId, param(exchange, 'conversation_uuid'));
      if (leaf !== undefined && leaf.toLowerCase() !== rootParentUuid) {
        const known = await transaction
          .selectFrom('messages')
          .select('uuid')
          .where('uuid', '=', leaf.toLowerCase())
          .where('conversation_uuid', '=', old.uuid)
          .executeTakeFirst();
        if (!known) throw invalid('/body/current_leaf_message_uuid', 'no such message in this conversation');
      }
      const change: Partial<ConversationsTable> = { updated_at: now };
      if (name !== undefined) Object.assign(change, { name, pending_name: null, pending_name_at: null });
      if (settings !== undefined) change.settings = JSON.stringify({ ...(JSON.parse(old.settings) as Settings), ...settings });
      if (leaf !== undefined) change.current_leaf_message_uuid = leaf.toLowerCase() === rootParentUuid ? null : leaf.toLowerCase();
      await transaction.updateTable('conversations').set(change).where('uuid', '=', old.uuid).execute();
      const updated = { ...old, ...change };
      if (name !== undefined || settings !== undefined) changes.push({ kind: 'put conversation', row: updated });
      if (leaf !== undefined) changes.push({ kind: 'move leaf', conversation_uuid: old.uuid, leaf: updated.current_leaf_message_uuid, updated_at: now });
      return updated;
    });
    return { status: 200, json: conversationJson(row) };
  },
};

const remove: Route = {
  operation: 'chat.conversations.delete',
  summary: 'Deletes a conversation with its messages, files and artifacts.',
  schema: { params: conversationParams, response: { 204: nothing } },
  async handle(exchange, backends) {
    const { organizationId } = await sessionOf(exchange, backends);
    const uuid = param(exchange, 'conversation_uuid').toLowerCase();
    await backends.write(exchange, 'delete conversation', async (transaction, changes) => {
      const { numDeletedRows } = await transaction
        .deleteFrom('conversations')
        .where('uuid', '=', uuid)
        .where('organization_uuid', '=', organizationId)
        .executeTakeFirstOrThrow();
      if (numDeletedRows === 0n) throw notFound('conversation');
      changes.push({ kind: 'delete conversation', uuid });
    });
    return { status: 204 };
  },
};

export const conversationRoutes: readonly Route[] = [list, count, create, read, update, remove];

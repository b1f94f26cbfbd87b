import type { Kysely } from 'kysely';
import { lockRows } from '../../store/lock-rows.ts';
import { preparedQuery } from '../../store/prepared-query.ts';
import type { ConversationsTable, MessagesTable, Tables } from '../../store/tables.ts';
import { notFound } from '../errors.ts';
import type { Settings } from './conversation-schema.ts';

const conversationOf = preparedQuery<{ uuid: string; organizationUuid: string }, ConversationsTable>((db, value) =>
  db.selectFrom('conversations').selectAll().where('uuid', '=', value('uuid')).where('organization_uuid', '=', value('organizationUuid')),
);

export type Head = Pick<ConversationsTable, 'uuid' | 'model' | 'current_leaf_message_uuid'>;
const headOf = preparedQuery<{ uuid: string; organizationUuid: string }, Head>((db, value) =>
  lockRows(
    db,
    db
      .selectFrom('conversations')
      .select(['uuid', 'model', 'current_leaf_message_uuid'])
      .where('uuid', '=', value('uuid'))
      .where('organization_uuid', '=', value('organizationUuid')),
  ),
);

/** What a new message needs to know of its conversation, which nobody else changes before the transaction's end. Throws 404. */
export async function findHead(db: Kysely<Tables>, organizationUuid: string, conversationUuid: string): Promise<Head> {
  const head = await lockHead(db, organizationUuid, conversationUuid);
  if (!head) throw notFound('conversation');
  return head;
}

/** The same; undefined where there is no such conversation. */
export async function lockHead(db: Kysely<Tables>, organizationUuid: string, conversationUuid: string): Promise<Head | undefined> {
  return (await headOf(db, { uuid: conversationUuid.toLowerCase(), organizationUuid })).rows[0];
}

/** A row of an organization's conversation. Throws 404. */
export async function findConversation(db: Kysely<Tables>, organizationUuid: string, conversationUuid: string): Promise<ConversationsTable> {
  const { rows } = await conversationOf(db, { uuid: conversationUuid.toLowerCase(), organizationUuid });
  const row = rows[0];
  if (!row) throw notFound('conversation');
  return row;
}

/** The same in a transaction that changes the conversation by what it reads: nobody else changes it before the end. Throws 404. */
export async function lockConversation(transaction: Kysely<Tables>, organizationUuid: string, conversationUuid: string): Promise<ConversationsTable> {
  const row = await lockRows(
    transaction,
    transaction.selectFrom('conversations').selectAll().where('uuid', '=', conversationUuid.toLowerCase()).where('organization_uuid', '=', organizationUuid),
  ).executeTakeFirst();
  if (!row) throw notFound('conversation');
  return row;
}

/** As the API shows a conversation. */
export function conversationJson(row: ConversationsTable) {
  return {
    uuid: row.uuid,
    name: row.name,
    summary: row.summary,
    model: row.model,
    created_at: row.created_at,
    updated_at: row.updated_at,
    current_leaf_message_uuid: row.current_leaf_message_uuid,
    settings: JSON.parse(row.settings) as Settings,
  };
}

export function messageJson(row: MessagesTable) {
  return {
    uuid: row.uuid,
    parent_uuid: row.parent_uuid,
    role: row.role,
    content: JSON.parse(row.content) as { type: 'text'; text: string }[],
    stop_reason: row.stop_reason,
    created_at: row.created_at,
    updated_at: row.updated_at,
  };
}

/** The one text block that prompts and answers are. */
export function textContent(text: string): string {
  return JSON.stringify([{ type: 'text', text }]);
}

import type { Kysely } from 'kysely';
import type { ReplicationChannel } from '../../latency/profile.ts';
import { preparedQuery } from '../prepared-query.ts';
import type { ArtifactsTable, ArtifactVersionsTable, ConversationsTable, MessagesTable, Tables } from '../tables.ts';

/** What a transaction did to rows that the replica has. Applied twice in their order, changes leave what they left the first time. */
export type Change =
  /** Everything of the row but the leaf, which travels with the messages. */
  | { kind: 'put conversation'; row: ConversationsTable }
  | { kind: 'delete conversation'; uuid: string }
  /** Its conversations are in no project from then on. */
  | { kind: 'delete project'; uuid: string }
  | { kind: 'move leaf'; conversation_uuid: string; leaf: string | null; updated_at: string }
  | { kind: 'put message'; row: MessagesTable }
  | { kind: 'delete messages'; conversation_uuid: string; uuids: readonly string[] }
  | { kind: 'put artifact'; row: ArtifactsTable }
  | { kind: 'put artifact version'; conversation_uuid: string; row: ArtifactVersionsTable };

/** How the JSON of one that deletes a conversation begins, for queries: its kind is written first. */
export const startOfDelete = '{"kind":"delete conversation"';

interface Place {
  channel: ReplicationChannel;
  table: keyof Tables;
  key: string;
  conversationUuid: string | null;
}

/** Where a change belongs. */
export function placeOf(change: Change): Place {
  switch (change.kind) {
    case 'put conversation':
      return { channel: 'title', table: 'conversations', key: change.row.uuid, conversationUuid: change.row.uuid };
    case 'delete conversation':
      return { channel: 'title', table: 'conversations', key: change.uuid, conversationUuid: change.uuid };
    case 'delete project':
      return { channel: 'title', table: 'projects', key: change.uuid, conversationUuid: null };
    case 'move leaf':
      return { channel: 'content', table: 'conversations', key: change.conversation_uuid, conversationUuid: change.conversation_uuid };
    case 'put message':
      return { channel: 'content', table: 'messages', key: change.row.uuid, conversationUuid: change.row.conversation_uuid };
    case 'delete messages':
      return { channel: 'content', table: 'messages', key: change.uuids[0] ?? '', conversationUuid: change.conversation_uuid };
    case 'put artifact':
      return { channel: 'content', table: 'artifacts', key: change.row.uuid, conversationUuid: change.row.conversation_uuid };
    case 'put artifact version':
      return { channel: 'content', table: 'artifact_versions', key: change.row.uuid, conversationUuid: change.conversation_uuid };
  }
}

type Entry = {
  channel: ReplicationChannel;
  table: string;
  key: string;
  conversation: string | null;
  payload: string;
  committedAtMs: number;
  lagMs: number;
};

const insertEntry = preparedQuery<Entry, { seq: number }>((db, value) =>
  db
    .insertInto('change_log')
    .values({
      channel: value('channel'),
      table_name: value('table'),
      row_key: value('key'),
      conversation_uuid: value('conversation'),
      payload: value('payload'),
      committed_at_ms: value('committedAtMs'),
      lag_ms: value('lagMs'),
    })
    .returning('seq'),
);

/** A change as the log has it. */
export interface Logged {
  seq: number;
  channel: ReplicationChannel;
  conversationUuid: string | null;
}

export interface CommitTimes {
  /** Milliseconds since 1970. */
  committedAtMs: number;
  lagMs: Readonly<Record<ReplicationChannel, number>>;
}

/** Writes changes into the log of the transaction that makes them, in their order. */
export async function logChanges(transaction: Kysely<Tables>, changes: readonly Change[], { committedAtMs, lagMs }: CommitTimes): Promise<Logged[]> {
  const logged: Logged[] = [];
  for (const change of changes) {
    const { channel, table, key, conversationUuid } = placeOf(change);
    const { rows } = await insertEntry(transaction, {
      ...{ channel, table, key, conversation: conversationUuid, payload: JSON.stringify(change) },
      ...{ committedAtMs, lagMs: lagMs[channel] },
    });
    const seq = rows[0]?.seq;
    if (seq === undefined) throw new Error('the change log gave no number');
    logged.push({ seq: Number(seq), channel, conversationUuid });
  }
  return logged;
}

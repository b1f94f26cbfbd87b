import type { Kysely } from 'kysely';
import type { ReplicationChannel } from '../../latency/profile.ts';
import { preparedQuery } from '../prepared-query.ts';
import type { ConversationsTable, MessagesTable } from '../tables.ts';
import type { Change } from './changes.ts';
import type { ReplicaDatabase } from './replica-database.ts';
import type { ReplicaTables } from './replica-schema.ts';

/** An entry of the log, read. */
export interface Entry {
  seq: number;
  conversationUuid: string | null;
  change: Change;
}

/** What is asked of the log while entries are applied. */
export interface LogQuestions {
  /** Has the title channel changes before this one, which may bring its conversation? */
  waitsForTitle(seq: number): Promise<boolean>;
  /** Which of these are still in the log: another server may have applied the others. */
  stillThere(seqs: readonly number[]): Promise<ReadonlySet<number>>;
}

/**
 * Applies entries of one channel in their order and says how far it came, in one transaction: after a crash both are there or none. Applying what was applied
 * before changes nothing. Content comes after the row of its conversation: it stops at an entry whose conversation may still come by the title channel.
 * What belongs to a conversation that has been deleted meanwhile is passed over.
 * @returns how many entries were applied
 */
export async function applyEntries(replica: ReplicaDatabase, channel: ReplicationChannel, entries: readonly Entry[], log: LogQuestions): Promise<number> {
  return replica.db.transaction().execute(async (transaction) => {
    const inLog = (await replica.turn(transaction, channel)) ? await log.stillThere(entries.map(({ seq }) => seq)) : undefined;
    const known = new Set<string>();
    let applied = 0;
    for (const entry of entries) {
      const { conversationUuid } = entry;
      if (inLog && !inLog.has(entry.seq)) {
        applied += 1;
        continue;
      }
      if (channel === 'content' && conversationUuid !== null && !known.has(conversationUuid)) {
        if (await hasConversation(transaction, conversationUuid)) known.add(conversationUuid);
        else if (await log.waitsForTitle(entry.seq)) break;
        else {
          applied += 1;
          continue;
        }
      }
      await applyChange(transaction, entry.change);
      applied += 1;
    }
    const last = entries[applied - 1];
    if (last) await transaction.updateTable('replica_state').set({ applied_seq: last.seq }).where('channel', '=', channel).execute();
    return applied;
  });
}

const conversationOf = preparedQuery<{ uuid: string }, { uuid: string }, ReplicaTables>((db, value) =>
  db.selectFrom('conversations').select('uuid').where('uuid', '=', value('uuid')),
);

async function hasConversation(replica: Kysely<ReplicaTables>, uuid: string): Promise<boolean> {
  return (await conversationOf(replica, { uuid })).rows.length > 0;
}

const moveLeaf = preparedQuery<{ uuid: string; leaf: string | null }, unknown, ReplicaTables>((db, value) =>
  db
    .updateTable('conversations')
    .set({ current_leaf_message_uuid: value('leaf') })
    .where('uuid', '=', value('uuid')),
);
/** Both channels change the time; the later one stays, whichever comes first. */
const touch = preparedQuery<{ uuid: string; at: string }, unknown, ReplicaTables>((db, value) =>
  db
    .updateTable('conversations')
    .set({ updated_at: value('at') })
    .where('uuid', '=', value('uuid'))
    .where('updated_at', '<', value('at')),
);
const putMessage = preparedQuery<Record<keyof MessagesTable, string | null>, unknown, ReplicaTables>((db, value) =>
  db
    .insertInto('messages')
    .values({
      uuid: value('uuid') as string,
      conversation_uuid: value('conversation_uuid') as string,
      parent_uuid: value('parent_uuid') as string,
      role: value('role') as MessagesTable['role'],
      content: value('content') as string,
      stop_reason: value('stop_reason'),
      created_at: value('created_at') as string,
      updated_at: value('updated_at') as string,
    })
    .onConflict((on) => on.column('uuid').doNothing()),
);
type ConversationText = Record<keyof ConversationsTable, string | null>;
const putConversation = preparedQuery<ConversationText, unknown, ReplicaTables>((db, value) => {
  const row = {
    organization_uuid: value('organization_uuid') as string,
    user_uuid: value('user_uuid') as string,
    project_uuid: value('project_uuid'),
    name: value('name') as string,
    pending_name: value('pending_name'),
    pending_name_at: value('pending_name_at'),
    summary: value('summary') as string,
    model: value('model') as string,
    settings: value('settings') as string,
    created_at: value('created_at') as string,
  };
  return db
    .insertInto('conversations')
    .values({ ...row, uuid: value('uuid') as string, updated_at: value('updated_at') as string, current_leaf_message_uuid: null })
    .onConflict((on) => on.column('uuid').doUpdateSet(row));
});

async function applyChange(replica: Kysely<ReplicaTables>, change: Change): Promise<void> {
  switch (change.kind) {
    case 'put conversation':
      await putConversation(replica, { ...change.row });
      await touch(replica, { uuid: change.row.uuid, at: change.row.updated_at });
      return;
    case 'delete conversation':
      await replica.deleteFrom('conversations').where('uuid', '=', change.uuid).execute();
      return;
    case 'delete project':
      await replica.updateTable('conversations').set({ project_uuid: null }).where('project_uuid', '=', change.uuid).execute();
      return;
    case 'move leaf':
      await moveLeaf(replica, { uuid: change.conversation_uuid, leaf: change.leaf });
      await touch(replica, { uuid: change.conversation_uuid, at: change.updated_at });
      return;
    case 'put message':
      await putMessage(replica, { ...change.row });
      return;
    case 'delete messages':
      for (const uuid of change.uuids) await replica.deleteFrom('messages').where('uuid', '=', uuid).execute();
      return;
    case 'put artifact':
      await replica
        .insertInto('artifacts')
        .values(change.row)
        .onConflict((on) => on.column('uuid').doNothing())
        .execute();
      return;
    case 'put artifact version':
      await replica
        .insertInto('artifact_versions')
        .values(change.row)
        .onConflict((on) => on.column('uuid').doNothing())
        .execute();
      return;
  }
}

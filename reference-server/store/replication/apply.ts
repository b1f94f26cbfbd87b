import type { Kysely, Transaction } from 'kysely';
import type { ReplicationChannel } from '../../latency/profile.ts';
import { isDataFault } from '../faults.ts';
import { preparedQuery } from '../prepared-query.ts';
import type { ConversationsTable, MessagesTable } from '../tables.ts';
import type { LogRow, WaitingTitles } from './change-log.ts';
import type { Change } from './changes.ts';
import type { ReplicaDatabase } from './replica-database.ts';
import { markApplied, type ReplicaTables, stateOf } from './replica-schema.ts';

/** What is asked of the log while entries are applied. */
export interface LogQuestions {
  /** The oldest entries that are due, in their order. */
  due(): Promise<readonly LogRow[]>;
  /** What the title channel has still to do with a conversation. */
  waitingTitles(conversationUuid: string): Promise<WaitingTitles>;
}

/** An entry that does not fit the replica, and never will. */
export class EntryFault extends Error {
  readonly seq: number;
  constructor(seq: number, kind: string, cause: unknown) {
    super(`entry ${seq} of the change log (${kind}) does not fit the replica: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.seq = seq;
  }
}

export interface Applied {
  /** What is on the replica now and has to go out of the log, in its order. */
  entries: readonly LogRow[];
  /** The next one waits for the title channel. */
  waits: boolean;
}

/**
 * Applies what is due of one channel in its order and says how far it came, in one transaction: after a crash both are there or none. The log is read while
 * nobody else applies, so that what another server has applied, or a later commit took out, is not applied after it; what was applied and is still in the log
 * is known by its number. Content comes after the row of its conversation, and not into one that is about to be deleted: it stops where that may still come
 * by the title channel. Throws EntryFault; entries in `passedOver` are not applied.
 * @returns undefined: the replica is not whole, and nothing was done
 */
export async function applyDue(
  replica: ReplicaDatabase,
  channel: ReplicationChannel,
  log: LogQuestions,
  passedOver: ReadonlySet<number>,
): Promise<Applied | undefined> {
  return replica.db.transaction().execute(async (transaction) => {
    await replica.turn(transaction);
    const state = await stateOf(transaction, channel);
    // It is being copied, or could not be: what is in the log is applied after that.
    if (!state) return undefined;
    const due = await log.due();
    const before = new Set(state.recent);
    const known = new Set<string>();
    const entries: LogRow[] = [];
    let waits = false;
    for (const entry of due) {
      if (!before.has(entry.seq) && !passedOver.has(entry.seq)) {
        const way = channel === 'content' ? await wayOf(transaction, log, entry, known) : 'applies';
        if (way === 'waits') {
          waits = true;
          break;
        }
        if (way === 'applies') await applyEntry(transaction, entry);
      }
      entries.push(entry);
    }
    if (entries.length > 0)
      await markApplied(
        transaction,
        channel,
        state,
        entries.map(({ seq }) => seq),
      );
    return { entries, waits };
  });
}

/** Of content: whether its conversation is there to take it. `gone`: it was deleted, and nothing of it is to be seen again. */
type Way = 'applies' | 'waits' | 'gone';

async function wayOf(transaction: Transaction<ReplicaTables>, log: LogQuestions, entry: LogRow, known: Set<string>): Promise<Way> {
  const { conversation_uuid: uuid, seq } = entry;
  if (uuid === null || known.has(uuid)) return 'applies';
  const { first, deleted } = await log.waitingTitles(uuid);
  // What is there goes first: this is of the one that is made after it.
  if (deleted !== undefined && deleted < seq) return 'waits';
  const isThere = (await conversationOf(transaction, { uuid })).rows.length > 0;
  if (!isThere && first !== undefined && first < seq) return 'waits';
  if (!isThere) return 'gone';
  // Where it is to be deleted later, the next entry may be of the one that is made after it.
  if (deleted === undefined) known.add(uuid);
  return 'applies';
}

async function applyEntry(transaction: Transaction<ReplicaTables>, { seq, payload }: LogRow): Promise<void> {
  let kind = 'not JSON';
  try {
    const change = JSON.parse(payload) as Change;
    kind = change.kind;
    await applyChange(transaction, change);
  } catch (error) {
    throw isDataFault(error) ? new EntryFault(seq, kind, error) : error;
  }
}

const conversationOf = preparedQuery<{ uuid: string }, { uuid: string }, ReplicaTables>((db, value) =>
  db.selectFrom('conversations').select('uuid').where('uuid', '=', value('uuid')),
);

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
      // Of the same uuid in a conversation that is deleted: that goes by the other channel, perhaps later, and must not take this one with it.
      await replica.deleteFrom('artifacts').where('uuid', '=', change.row.uuid).where('conversation_uuid', '!=', change.row.conversation_uuid).execute();
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

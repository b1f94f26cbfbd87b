import type { Kysely, Transaction } from 'kysely';
import { type ReplicationChannel, replicationChannels } from '../../latency/profile.ts';
import { insertRows } from '../insert-rows.ts';
import { preparedQuery } from '../prepared-query.ts';
import { snapshotOf } from '../snapshot.ts';
import type { Tables } from '../tables.ts';
import type { Position } from './position.ts';
import type { ReplicaDatabase } from './replica-database.ts';

/** How far a channel has been applied; changed in the same transaction as the rows. */
interface ReplicaStateTable {
  channel: ReplicationChannel;
  applied_seq: number;
  /** JSON: numbers of the entries that were applied last. Some of them may still be in the log. */
  recent_seqs: string;
  schema_version: number;
  /** Of which primary it is a copy. */
  source_uuid: string;
}

/** The tables that a replica has; their columns are those of the primary. */
export const replicatedTables = ['conversations', 'messages', 'artifacts', 'artifact_versions'] as const;
export type ReplicaTables = Pick<Tables, (typeof replicatedTables)[number]> & { replica_state: ReplicaStateTable };

/** Raised with every change of these tables: a replica of another version is thrown away and copied anew. */
const schemaVersion = 2;

const columns: Readonly<Record<(typeof replicatedTables)[number], { text: readonly string[]; nullable?: readonly string[]; integer?: readonly string[] }>> = {
  conversations: {
    text: ['organization_uuid', 'user_uuid', 'name', 'summary', 'model', 'settings', 'created_at', 'updated_at'],
    nullable: ['project_uuid', 'pending_name', 'pending_name_at', 'current_leaf_message_uuid'],
  },
  messages: { text: ['conversation_uuid', 'parent_uuid', 'role', 'content', 'created_at', 'updated_at'], nullable: ['stop_reason'] },
  artifacts: { text: ['organization_uuid', 'conversation_uuid', 'title', 'content_type', 'created_at'] },
  artifact_versions: { text: ['artifact_uuid', 'source', 'content', 'created_at'], integer: ['version'] },
};
/** What belongs to a thing goes with it. Nothing refers to a table that only the primary has. */
const parents: Partial<Record<(typeof replicatedTables)[number], { column: string; table: (typeof replicatedTables)[number] }>> = {
  messages: { column: 'conversation_uuid', table: 'conversations' },
  artifacts: { column: 'conversation_uuid', table: 'conversations' },
  artifact_versions: { column: 'artifact_uuid', table: 'artifacts' },
};
const indexes: readonly (readonly [table: (typeof replicatedTables)[number], columns: readonly string[]])[] = [
  ['conversations', ['organization_uuid', 'updated_at', 'uuid']],
  ['conversations', ['project_uuid']],
  ['messages', ['conversation_uuid', 'created_at', 'uuid']],
  ['artifacts', ['conversation_uuid']],
  ['artifact_versions', ['artifact_uuid', 'version']],
];

/** True: the tables were made now, and are empty. @param sourceUuid of the primary @param text type of the columns of text */
export async function makeReplica(replica: Kysely<ReplicaTables>, sourceUuid: string, text: ReplicaDatabase['text']): Promise<boolean> {
  await makeState(replica, text);
  const known = await replica.selectFrom('replica_state').selectAll().execute();
  const isOurs = known.every(({ schema_version, source_uuid }) => schema_version === schemaVersion && source_uuid === sourceUuid);
  if (isOurs && known.length === replicationChannels.length) return false;
  for (const table of replicatedTables.toReversed()) await replica.schema.dropTable(table).ifExists().execute();
  await replica.schema.dropTable('replica_state').execute();
  await makeState(replica, text);
  for (const table of replicatedTables) await makeTable(replica, table, text);
  for (const [table, of] of indexes) {
    await replica.schema
      .createIndex(`${table}_by_${of.join('_')}`)
      .on(table)
      .columns([...of])
      .execute();
  }
  return true;
}

async function makeState(replica: Kysely<ReplicaTables>, text: ReplicaDatabase['text']): Promise<void> {
  await replica.schema
    .createTable('replica_state')
    .ifNotExists()
    .addColumn('channel', text, (column) => column.primaryKey())
    .addColumn('applied_seq', 'bigint', (column) => column.notNull())
    .addColumn('recent_seqs', text, (column) => column.notNull())
    .addColumn('schema_version', 'integer', (column) => column.notNull())
    .addColumn('source_uuid', text, (column) => column.notNull())
    .execute();
}

async function makeTable(replica: Kysely<ReplicaTables>, table: (typeof replicatedTables)[number], text: ReplicaDatabase['text']): Promise<void> {
  const { text: given, nullable = [], integer = [] } = columns[table];
  let builder = replica.schema.createTable(table).addColumn('uuid', text, (column) => column.primaryKey());
  for (const name of given) builder = builder.addColumn(name, text, (column) => column.notNull());
  for (const name of nullable) builder = builder.addColumn(name, text);
  for (const name of integer) builder = builder.addColumn(name, 'integer', (column) => column.notNull());
  const parent = parents[table];
  if (parent) {
    const { column, table: to } = parent;
    builder = builder.addForeignKeyConstraint(`${table}_${column}`, [column as never], to, ['uuid'], (constraint) => constraint.onDelete('cascade'));
  }
  await builder.execute();
}

/** Rows of one page of a copy. */
const pageRows = 500;

export interface Copy {
  primary: Kysely<Tables>;
  /** Nobody writes to it. */
  isStill: boolean;
  replica: ReplicaDatabase;
  /** Of the primary. */
  sourceUuid: string;
  /** Up to where it has what the log had. */
  applied: Position;
}

/**
 * Makes the replica the same as the primary at one moment, in one transaction: nobody sees half of it. What is committed later is in the log, and is applied
 * after it; until it is done, nothing is. When it fails, the replica is as it was, nothing is applied, and the next start copies anew.
 */
export async function copyPrimary({ primary, isStill, replica, sourceUuid, applied }: Copy): Promise<void> {
  // Committed before the rest.
  await replica.db.deleteFrom('replica_state').execute();
  await replica.db.transaction().execute(async (transaction) => {
    await replica.turn(transaction);
    for (const table of replicatedTables.toReversed()) await transaction.deleteFrom(table).execute();
    const copyAll = async (from: Kysely<Tables>): Promise<void> => {
      for (const table of replicatedTables) await copyTable(from, transaction, table);
    };
    await (isStill ? copyAll(primary) : snapshotOf(primary, copyAll));
    for (const channel of replicationChannels) {
      const numbers = { applied_seq: applied[channel], recent_seqs: '[]' };
      await transaction
        .insertInto('replica_state')
        .values({ channel, ...numbers, schema_version: schemaVersion, source_uuid: sourceUuid })
        .execute();
    }
  });
}

async function copyTable(primary: Kysely<Tables>, replica: Transaction<ReplicaTables>, table: (typeof replicatedTables)[number]): Promise<void> {
  for (let after = ''; ; ) {
    const rows = await primary.selectFrom(table).selectAll().where('uuid', '>', after).orderBy('uuid').limit(pageRows).execute();
    const last = rows.at(-1);
    if (!last) return;
    after = last.uuid;
    await insertRows(replica as unknown as Kysely<Tables>, table, rows);
  }
}

/** Entries that were applied and may still be in the log: a batch of each server that has just applied one, and of those that ended in between. */
const mostRecent = 64;

/** How far a channel is. */
export interface AppliedState {
  appliedSeq: number;
  recent: readonly number[];
}

const stateRow = preparedQuery<{ channel: ReplicationChannel }, Pick<ReplicaStateTable, 'applied_seq' | 'recent_seqs'>, ReplicaTables>((db, value) =>
  db.selectFrom('replica_state').select(['applied_seq', 'recent_seqs']).where('channel', '=', value('channel')),
);
const setState = preparedQuery<{ channel: ReplicationChannel; seq: number; recent: string }, unknown, ReplicaTables>((db, value) =>
  db
    .updateTable('replica_state')
    .set({ applied_seq: value('seq'), recent_seqs: value('recent') })
    .where('channel', '=', value('channel')),
);

/** Undefined: the replica is not whole. */
export async function stateOf(replica: Kysely<ReplicaTables>, channel: ReplicationChannel): Promise<AppliedState | undefined> {
  const row = (await stateRow(replica, { channel })).rows[0];
  return row && { appliedSeq: Number(row.applied_seq), recent: JSON.parse(row.recent_seqs) as number[] };
}

/** These have been applied now. */
export async function markApplied(replica: Kysely<ReplicaTables>, channel: ReplicationChannel, before: AppliedState, seqs: readonly number[]): Promise<void> {
  const recent = [...before.recent.filter((seq) => !seqs.includes(seq)), ...seqs].slice(-mostRecent);
  await setState(replica, { channel, seq: Math.max(before.appliedSeq, ...seqs), recent: JSON.stringify(recent) });
}

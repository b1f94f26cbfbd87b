import type { Kysely } from 'kysely';
import { type ReplicationChannel, replicationChannels } from '../../latency/profile.ts';
import type { Tables } from '../tables.ts';
import type { Position } from './position.ts';
import type { ReplicaDatabase } from './replica-database.ts';

/** How far a channel has been applied; changed in the same transaction as the rows. */
interface ReplicaStateTable {
  channel: ReplicationChannel;
  applied_seq: number;
  schema_version: number;
  /** Of which primary it is a copy. */
  source_uuid: string;
}

/** The tables that a replica has; their columns are those of the primary. */
export const replicatedTables = ['conversations', 'messages', 'artifacts', 'artifact_versions'] as const;
export type ReplicaTables = Pick<Tables, (typeof replicatedTables)[number]> & { replica_state: ReplicaStateTable };

/** Raised with every change of these tables: a replica of another version is thrown away and copied anew. */
const schemaVersion = 1;

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
  await replica.schema
    .createTable('replica_state')
    .ifNotExists()
    .addColumn('channel', text, (column) => column.primaryKey())
    .addColumn('applied_seq', 'bigint', (column) => column.notNull())
    .addColumn('schema_version', 'integer', (column) => column.notNull())
    .addColumn('source_uuid', text, (column) => column.notNull())
    .execute();
  const known = await replica.selectFrom('replica_state').selectAll().execute();
  const isOurs = known.every(({ schema_version, source_uuid }) => schema_version === schemaVersion && source_uuid === sourceUuid);
  if (isOurs && known.length === replicationChannels.length) return false;
  for (const table of replicatedTables.toReversed()) await replica.schema.dropTable(table).ifExists().execute();
  await replica.deleteFrom('replica_state').execute();
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
/** Values in one insert. */
const maxParametersEach = 2_000;

/** Makes the replica the same as the primary. What is committed meanwhile must still be in the log, and is applied after it. */
export async function copyPrimary(primary: Kysely<Tables>, replica: Kysely<ReplicaTables>, sourceUuid: string, applied: Position): Promise<void> {
  for (const table of replicatedTables.toReversed()) await replica.deleteFrom(table).execute();
  await replica.deleteFrom('replica_state').execute();
  for (const table of replicatedTables) {
    for (let after = ''; ; ) {
      const rows = await primary.selectFrom(table).selectAll().where('uuid', '>', after).orderBy('uuid').limit(pageRows).execute();
      const last = rows.at(-1);
      if (!last) break;
      after = last.uuid;
      await replica.transaction().execute(async (transaction) => {
        const rowsEach = Math.max(1, Math.floor(maxParametersEach / Object.keys(last).length));
        for (let from = 0; from < rows.length; from += rowsEach) {
          await transaction
            .insertInto(table)
            .values(rows.slice(from, from + rowsEach) as never)
            .execute();
        }
      });
    }
  }
  // Last: a copy that was cut short begins anew.
  for (const channel of replicationChannels) {
    await replica
      .insertInto('replica_state')
      .values({ channel, applied_seq: applied[channel], schema_version: schemaVersion, source_uuid: sourceUuid })
      .execute();
  }
}

import { type Kysely, sql } from 'kysely';
import type { ReplicationChannel } from '../../latency/profile.ts';
import { takeRows } from '../lock-rows.ts';
import { preparedQuery } from '../prepared-query.ts';
import type { ChangeLogTable, Tables } from '../tables.ts';
import { type Change, startOfDelete } from './changes.ts';

/** An entry of the log as an applier reads it. */
export type LogRow = Pick<ChangeLogTable, 'conversation_uuid' | 'payload' | 'committed_at_ms' | 'lag_ms'> & { seq: number };

const oldestOf = preparedQuery<{ channel: ReplicationChannel; count: number }, LogRow>((db, value) =>
  db
    .selectFrom('change_log')
    .select(['seq', 'conversation_uuid', 'payload', 'committed_at_ms', 'lag_ms'])
    .where('channel', '=', value('channel'))
    .orderBy('seq')
    .limit(value('count')),
);

/** The oldest entries of a channel, in their order. */
export async function oldestEntries(primary: Kysely<Tables>, channel: ReplicationChannel, count: number): Promise<LogRow[]> {
  const { rows } = await oldestOf(primary, { channel, count });
  return rows.map((row) => ({ ...row, seq: Number(row.seq) }));
}

/** Of whose conversation each entry of a channel is, in their order. */
export async function allEntries(primary: Kysely<Tables>, channel: ReplicationChannel): Promise<{ seq: number; conversationUuid: string | null }[]> {
  const rows = await primary.selectFrom('change_log').select(['seq', 'conversation_uuid']).where('channel', '=', channel).orderBy('seq').execute();
  return rows.map(({ seq, conversation_uuid }) => ({ seq: Number(seq), conversationUuid: conversation_uuid }));
}

/** By their numbers: another server may commit an older one only now. @returns those that were there */
export async function removeEntries(primary: Kysely<Tables>, seqs: readonly number[]): Promise<ReadonlySet<number>> {
  const rows = await primary.deleteFrom('change_log').where('seq', 'in', seqs).returning('seq').execute();
  return new Set(rows.map(({ seq }) => Number(seq)));
}

/** What the title channel has not brought of one conversation yet: its first change, and the first one that deletes it. */
export interface WaitingTitles {
  first: number | undefined;
  deleted: number | undefined;
}

const titlesOf = preparedQuery<{ conversation: string }, { first: number | null; deleted: number | null }>((db, value) =>
  db
    .selectFrom('change_log')
    .select((of) => [of.fn.min('seq').as('first'), sql<number | null>`min(case when payload like ${`${startOfDelete}%`} then seq end)`.as('deleted')])
    .where('channel', '=', 'title')
    .where('conversation_uuid', '=', value('conversation')),
);

export async function waitingTitles(primary: Kysely<Tables>, conversationUuid: string): Promise<WaitingTitles> {
  const row = (await titlesOf(primary, { conversation: conversationUuid })).rows[0];
  const given = (seq: number | null | undefined): number | undefined => (seq === null || seq === undefined ? undefined : Number(seq));
  return { first: given(row?.first), deleted: given(row?.deleted) };
}

export interface Withdrawn {
  channel: ReplicationChannel;
  seq: number;
}

/**
 * Of conversations that this transaction deletes, takes what waits in the log out of it: whoever makes one of the same uuid must not get it. Whatever wrote
 * to such a conversation has ended, since its row was locked. An entry that an applier is just taking out has been applied already.
 */
export async function withdrawDeleted(transaction: Kysely<Tables>, changes: readonly Change[]): Promise<Withdrawn[]> {
  const withdrawn: Withdrawn[] = [];
  for (const change of changes) {
    if (change.kind !== 'delete conversation') continue;
    const those = transaction.selectFrom('change_log').select(['seq', 'channel']).where('conversation_uuid', '=', change.uuid).orderBy('seq');
    const rows = await takeRows(transaction, those).execute();
    withdrawn.push(...rows.map(({ seq, channel }) => ({ channel, seq: Number(seq) })));
  }
  for (let from = 0; from < withdrawn.length; from += removedEach) {
    await removeEntries(
      transaction,
      withdrawn.slice(from, from + removedEach).map(({ seq }) => seq),
    );
  }
  return withdrawn;
}

/** Fewer than any database's bound of parameters. */
const removedEach = 500;

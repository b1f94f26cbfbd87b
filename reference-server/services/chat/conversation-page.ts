import type { ExpressionBuilder, ExpressionWrapper, Kysely, SqlBool } from 'kysely';
import type { ConversationsTable, Tables } from '../../store/tables.ts';
import type { Page } from '../schemas.ts';

/** Which conversations, and who looks. */
export interface ConversationsOf {
  organizationUuid: string;
  /** Only those of this project. */
  projectUuid?: string | undefined;
  userUuid: string;
  /** Projects that this account does not see, nor what others made in them. */
  hiddenProjects: readonly string[];
}

/** What it made itself it sees, wherever it is. */
function isVisible({ userUuid, hiddenProjects }: ConversationsOf) {
  return (of: ExpressionBuilder<Tables, 'conversations'>): ExpressionWrapper<Tables, 'conversations', SqlBool> =>
    of.or([of('project_uuid', 'is', null), of('project_uuid', 'not in', hiddenProjects), of('user_uuid', '=', userUuid)]);
}

/** How many conversations there are, for who looks. What is hidden is counted by itself, so that all of them need not be looked at one by one. */
export async function countConversations(db: Kysely<Tables>, of: ConversationsOf): Promise<number> {
  let those = db.selectFrom('conversations').where('organization_uuid', '=', of.organizationUuid);
  if (of.projectUuid !== undefined) those = those.where('project_uuid', '=', of.projectUuid);
  const { count } = await those.select((counted) => counted.fn.countAll().as('count')).executeTakeFirstOrThrow();
  const hidden = of.projectUuid === undefined ? of.hiddenProjects : of.hiddenProjects.filter((uuid) => uuid === of.projectUuid);
  if (hidden.length === 0) return Number(count);
  const others = await db
    .selectFrom('conversations')
    .where('project_uuid', 'in', hidden)
    .where('user_uuid', '!=', of.userUuid)
    .select((counted) => counted.fn.countAll().as('count'))
    .executeTakeFirstOrThrow();
  return Number(count) - Number(others.count);
}

/**
 * A page of an organization's conversations, the last changed first, and how many there are in all. The index is walked from the nearer end, and the rows
 * are read only of the page itself: what is skipped costs an entry of the index each, and its row, too, for who does not see all of them.
 */
export async function conversationPage(
  db: Kysely<Tables>,
  of: ConversationsOf,
  { limit, offset }: Page,
): Promise<{ rows: ConversationsTable[]; total: number }> {
  const total = await countConversations(db, of);
  const left = Math.min(limit, total - offset);
  if (left <= 0) return { rows: [], total };
  let those = db.selectFrom('conversations').where('organization_uuid', '=', of.organizationUuid);
  if (of.projectUuid !== undefined) those = those.where('project_uuid', '=', of.projectUuid);
  if (of.hiddenProjects.length > 0) those = those.where(isVisible(of));
  const fromEnd = total - offset - left;
  const direction = fromEnd < offset ? 'asc' : 'desc';
  const uuids = those.select('uuid').orderBy('updated_at', direction).orderBy('uuid', direction).limit(left).offset(Math.min(offset, fromEnd));
  const rows = await db
    .selectFrom('conversations')
    .selectAll()
    .where('uuid', 'in', db.selectFrom(uuids.as('page')).select('page.uuid'))
    .orderBy('updated_at', 'desc')
    .orderBy('uuid', 'desc')
    .execute();
  return { rows, total };
}

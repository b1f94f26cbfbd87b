import type { Kysely } from 'kysely';
import type { ConversationsTable, Tables } from '../../store/tables.ts';
import type { Page } from '../schemas.ts';

/**
 * A page of an organization's conversations, the last changed first, and how many there are in all. The index is walked from the nearer end, and the rows
 * are read only of the page itself: what is skipped costs an entry of the index each.
 */
export async function conversationPage(
  db: Kysely<Tables>,
  of: { organizationUuid: string; projectUuid: string | undefined },
  { limit, offset }: Page,
): Promise<{ rows: ConversationsTable[]; total: number }> {
  let those = db.selectFrom('conversations').where('organization_uuid', '=', of.organizationUuid);
  if (of.projectUuid !== undefined) those = those.where('project_uuid', '=', of.projectUuid);
  const counted = await those.select((count) => count.fn.countAll().as('count')).executeTakeFirstOrThrow();
  const total = Number(counted.count);
  const left = Math.min(limit, total - offset);
  if (left <= 0) return { rows: [], total };
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

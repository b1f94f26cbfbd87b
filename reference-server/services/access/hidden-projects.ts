import type { Kysely } from 'kysely';
import type { Session } from '../../exchange.ts';
import { preparedQuery } from '../../store/prepared-query.ts';
import type { Tables } from '../../store/tables.ts';
import { ownsAll } from './object-roles.ts';

const privateOnesWithout = preparedQuery<{ organizationUuid: string; userUuid: string }, { uuid: string }>((db, value) =>
  db
    .selectFrom('projects')
    .leftJoin('project_accounts', (join) =>
      join.onRef('project_accounts.project_uuid', '=', 'projects.uuid').on('project_accounts.user_uuid', '=', value('userUuid')),
    )
    .where('projects.organization_uuid', '=', value('organizationUuid'))
    .where('projects.is_private', '=', 1)
    .where('project_accounts.user_uuid', 'is', null)
    .select('projects.uuid'),
);

/** Private projects of the organization in which a member has no account: lists leave them out, with what others made in them. None for who owns all. */
export async function hiddenProjects(db: Kysely<Tables>, session: Session): Promise<string[]> {
  if (ownsAll(session)) return [];
  const { rows } = await privateOnesWithout(db, { organizationUuid: session.organizationId, userUuid: session.userId });
  return rows.map(({ uuid }) => uuid);
}

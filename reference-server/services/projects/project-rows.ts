import type { Kysely } from 'kysely';
import type { Tables } from '../../store/tables.ts';
import { notFound } from '../errors.ts';

/** Projects of an organization with their creators' names. */
export function projectsOf(db: Kysely<Tables>, organizationUuid: string) {
  return db
    .selectFrom('projects')
    .innerJoin('users', 'users.uuid', 'projects.creator_uuid')
    .where('projects.organization_uuid', '=', organizationUuid)
    .select([
      'projects.uuid',
      'projects.name',
      'projects.description',
      'projects.is_private',
      'projects.is_harmony_project',
      'projects.creator_uuid',
      'users.display_name',
    ]);
}

type ProjectRow = Awaited<ReturnType<typeof findProject>>;

/** Throws 404. */
export async function findProject(db: Kysely<Tables>, organizationUuid: string, projectUuid: string) {
  const row = await projectsOf(db, organizationUuid).where('projects.uuid', '=', projectUuid.toLowerCase()).executeTakeFirst();
  if (!row) throw notFound('project');
  return row;
}

export function projectJson(row: ProjectRow) {
  return {
    uuid: row.uuid,
    name: row.name,
    description: row.description,
    is_private: row.is_private === 1,
    is_harmony_project: row.is_harmony_project === 1,
    creator: { uuid: row.creator_uuid, display_name: row.display_name },
  };
}

import type { Kysely } from 'kysely';
import type { Session } from '../../exchange.ts';
import { preparedQuery } from '../../store/prepared-query.ts';
import type { ProjectsTable, Tables } from '../../store/tables.ts';
import type { ObjectRole } from './rules.ts';

type Asked = { uuid: string; organizationUuid: string; userUuid: string };
interface InProject {
  /** The account's in the project; null: it has none, or there is no project. */
  role: ObjectRole | null;
  /** Null: there is no project. */
  is_private: ProjectsTable['is_private'] | null;
}
interface InConversation extends InProject {
  /** Who made it. */
  creator: string;
}

const inProject = preparedQuery<Asked, InProject>((db, value) =>
  db
    .selectFrom('projects')
    .leftJoin('project_accounts', (join) =>
      join.onRef('project_accounts.project_uuid', '=', 'projects.uuid').on('project_accounts.user_uuid', '=', value('userUuid')),
    )
    .where('projects.uuid', '=', value('uuid'))
    .where('projects.organization_uuid', '=', value('organizationUuid'))
    .select(['project_accounts.role', 'projects.is_private']),
);

const inConversation = preparedQuery<Asked, InConversation>((db, value) =>
  db
    .selectFrom('conversations')
    .leftJoin('projects', 'projects.uuid', 'conversations.project_uuid')
    .leftJoin('project_accounts', (join) =>
      join.onRef('project_accounts.project_uuid', '=', 'conversations.project_uuid').on('project_accounts.user_uuid', '=', value('userUuid')),
    )
    .where('conversations.uuid', '=', value('uuid'))
    .where('conversations.organization_uuid', '=', value('organizationUuid'))
    .select(['conversations.user_uuid as creator', 'project_accounts.role', 'projects.is_private']),
);

const conversationOfArtifact = preparedQuery<{ uuid: string; organizationUuid: string }, { conversation_uuid: string }>((db, value) =>
  db.selectFrom('artifacts').where('uuid', '=', value('uuid')).where('organization_uuid', '=', value('organizationUuid')).select('conversation_uuid'),
);

/** What an account may do to a thing. Hidden: it is in a private project of others, and to this account as if it were not there. */
export type Held = ObjectRole | 'hidden';

function heldIn({ role, is_private }: InProject): Held {
  return role ?? (is_private === 1 ? 'hidden' : 'viewer');
}

async function conversationRole(db: Kysely<Tables>, asked: Asked): Promise<Held | undefined> {
  const found = (await inConversation(db, asked)).rows[0];
  return found && (found.creator === asked.userUuid ? 'owner' : heldIn(found));
}

export type ObjectKind = 'project' | 'conversation' | 'artifact';
const roleIn: Readonly<Record<ObjectKind, (db: Kysely<Tables>, asked: Asked) => Promise<Held | undefined>>> = {
  async project(db, asked) {
    const found = (await inProject(db, asked)).rows[0];
    return found && heldIn(found);
  },
  conversation: conversationRole,
  async artifact(db, asked) {
    const artifact = (await conversationOfArtifact(db, asked)).rows[0];
    return artifact && conversationRole(db, { ...asked, uuid: artifact.conversation_uuid });
  },
};

/** The owner and the admins of an organization own everything in it. */
export function ownsAll({ organizationRole }: Session): boolean {
  return organizationRole !== 'user';
}

/** A member's role in a thing of its organization. Undefined: there is no such thing, which is not looked up for who owns all. */
export async function roleOf(db: Kysely<Tables>, session: Session, kind: ObjectKind, uuid: string): Promise<Held | undefined> {
  if (ownsAll(session)) return 'owner';
  return roleIn[kind](db, { uuid: uuid.toLowerCase(), organizationUuid: session.organizationId, userUuid: session.userId });
}

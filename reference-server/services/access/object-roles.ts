import type { Kysely } from 'kysely';
import type { Session } from '../../exchange.ts';
import { preparedQuery } from '../../store/prepared-query.ts';
import type { Tables } from '../../store/tables.ts';
import type { ObjectRole } from './rules.ts';

type Asked = { uuid: string; organizationUuid: string; userUuid: string };
interface Held {
  /** Of a conversation: who made it. */
  creator: string | null;
  /** The account's in its project; null: it has none, or there is no project. */
  role: ObjectRole | null;
}

const inProject = preparedQuery<Asked, { role: ObjectRole | null }>((db, value) =>
  db
    .selectFrom('projects')
    .leftJoin('project_accounts', (join) =>
      join.onRef('project_accounts.project_uuid', '=', 'projects.uuid').on('project_accounts.user_uuid', '=', value('userUuid')),
    )
    .where('projects.uuid', '=', value('uuid'))
    .where('projects.organization_uuid', '=', value('organizationUuid'))
    .select('project_accounts.role'),
);

const inConversation = preparedQuery<Asked, Held>((db, value) =>
  db
    .selectFrom('conversations')
    .leftJoin('project_accounts', (join) =>
      join.onRef('project_accounts.project_uuid', '=', 'conversations.project_uuid').on('project_accounts.user_uuid', '=', value('userUuid')),
    )
    .where('conversations.uuid', '=', value('uuid'))
    .where('conversations.organization_uuid', '=', value('organizationUuid'))
    .select(['conversations.user_uuid as creator', 'project_accounts.role']),
);

const conversationOfArtifact = preparedQuery<{ uuid: string; organizationUuid: string }, { conversation_uuid: string }>((db, value) =>
  db.selectFrom('artifacts').where('uuid', '=', value('uuid')).where('organization_uuid', '=', value('organizationUuid')).select('conversation_uuid'),
);

async function conversationRole(db: Kysely<Tables>, asked: Asked): Promise<ObjectRole | undefined> {
  const held = (await inConversation(db, asked)).rows[0];
  return held && (held.creator === asked.userUuid ? 'owner' : (held.role ?? 'viewer'));
}

export type ObjectKind = 'project' | 'conversation' | 'artifact';
const roleIn: Readonly<Record<ObjectKind, (db: Kysely<Tables>, asked: Asked) => Promise<ObjectRole | undefined>>> = {
  async project(db, asked) {
    const held = (await inProject(db, asked)).rows[0];
    return held && (held.role ?? 'viewer');
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
export async function roleOf(db: Kysely<Tables>, session: Session, kind: ObjectKind, uuid: string): Promise<ObjectRole | undefined> {
  if (ownsAll(session)) return 'owner';
  return roleIn[kind](db, { uuid: uuid.toLowerCase(), organizationUuid: session.organizationId, userUuid: session.userId });
}

/** Who may do what, as data. Nothing here is asked anywhere but in `check-access.ts`; tests hold every operation against it. */
import type { ProjectAccountsTable } from '../../store/tables.ts';

export type ObjectRole = ProjectAccountsTable['role'];

/** From the least to the most. */
export const objectRoles: readonly ObjectRole[] = ['viewer', 'editor', 'owner'];

/** What may be done in a project, its conversations and their artifacts, and the least role that may. In the order in which they are told. */
export const leastRoles = {
  'project:view': 'viewer',
  'members:view': 'viewer',
  'conversations:view': 'viewer',
  'project:edit': 'editor',
  'conversations:create': 'editor',
  'conversations:edit': 'editor',
  'documents:edit': 'editor',
  'project:delete': 'owner',
  'conversations:delete': 'owner',
  'members:edit': 'owner',
  'project:share': 'owner',
} as const satisfies Record<string, ObjectRole>;
export type Permission = keyof typeof leastRoles;

/** In the thing that the path names: its role there decides. */
interface InObject {
  in: 'project' | 'conversation' | 'artifact';
  may: Permission;
  /** What the body names, where it does, is asked, too. */
  named?: { in: 'conversation' | 'project'; field: string; may: Permission };
}
/**
 * public: reached without a session. account: the account that is signed in, and what is the same for everybody. organization: every member of the one in
 * the path; the client asks for these on every page, whoever is signed in, so no member is refused.
 */
export type AccessRule = { in: 'public' } | { in: 'account' } | { in: 'organization'; named?: InObject['named'] } | InObject;

const anyone: AccessRule = { in: 'public' };
const account: AccessRule = { in: 'account' };
const member: AccessRule = { in: 'organization' };
const project = (may: Permission): AccessRule => ({ in: 'project', may });
const conversation = (may: Permission): AccessRule => ({ in: 'conversation', may });

/** By operation; one that is not here is refused. */
export const accessRules: Readonly<Record<string, AccessRule>> = {
  'account.sign_in': anyone,
  'account.read': account,
  'account.bootstrap': account,

  'chat.conversations.list': member,
  'chat.conversations.count': member,
  'chat.conversations.create': { in: 'organization', named: { in: 'project', field: 'project_uuid', may: 'conversations:create' } },
  'chat.conversations.read': conversation('conversations:view'),
  'chat.conversations.update': conversation('conversations:edit'),
  'chat.conversations.delete': conversation('conversations:delete'),
  'chat.conversations.title': conversation('conversations:edit'),
  'chat.completion': conversation('conversations:edit'),
  'chat.files.list': conversation('conversations:view'),
  'chat.files.upload': conversation('documents:edit'),
  'chat.files.download': conversation('conversations:view'),
  'chat.artifacts.versions': { in: 'artifact', may: 'conversations:view' },
  'chat.artifacts.create_version': {
    in: 'artifact',
    may: 'documents:edit',
    named: { in: 'conversation', field: 'conversation_uuid', may: 'documents:edit' },
  },

  'model.configs.read': member,

  'projects.list': member,
  'projects.create': member,
  'projects.read': project('project:view'),
  'projects.update': project('project:edit'),
  'projects.delete': project('project:delete'),
  'projects.permissions.read': project('project:view'),
  'projects.accounts.list': project('members:view'),
  'projects.accounts.add': project('project:share'),
  'projects.accounts.remove': project('members:edit'),
  'projects.published_artifacts.list': member,

  'sync.gmail.read': member,
  'sync.gcal.read': member,
  'sync.drive.read': member,
  'sync.ingestion.start': member,
  'sync.ingestion.read': member,

  'billing.payment_method.read': member,
  'billing.credits.read': member,

  'skills.list': member,
  'skills.extensions.list': member,
  'skills.mcp.bootstrap': member,

  'settings.features.read': member,
  'settings.experiences.read': member,
  'settings.styles.list': member,
  'settings.styles.create': member,

  'assets.shell': anyone,
  'assets.bundle': anyone,
  'assets.media': anyone,
  'ingest.track': anyone,
  'ingest.flags.initialize': anyone,
  'ingest.flags.register': anyone,
  'ingest.push.register': anyone,
};

export function permits(role: ObjectRole, may: Permission): boolean {
  return objectRoles.indexOf(role) >= objectRoles.indexOf(leastRoles[may]);
}

export function permissionsOf(role: ObjectRole): Permission[] {
  return (Object.keys(leastRoles) as Permission[]).filter((may) => permits(role, may));
}

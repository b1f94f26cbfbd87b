import { type Exchange, HttpError, type Session } from '../../exchange.ts';
import { invalid, notFound } from '../errors.ts';
import type { Backends } from '../route.ts';
import { param } from '../schemas.ts';
import { type ObjectKind, ownsAll, roleOf } from './object-roles.ts';
import { accessRules, leastRoles, type Permission, permits } from './rules.ts';

/**
 * Throws 403 `forbidden` where the account may see what a request names, and may not do that to it; what it may not see is answered as if it were not there.
 * What is not in the organization is not told apart here from what is nowhere: the operation answers 404 to both. That the account is a member of the
 * organization in the path was checked with its session.
 */
export async function checkAccess(exchange: Exchange, backends: Backends): Promise<void> {
  const rule = accessRules[exchange.operation.name];
  if (!rule) throw new HttpError(403, 'forbidden', `nobody may call ${exchange.operation.name}: it has no rule`);
  if (rule.in === 'public' || rule.in === 'account') return;
  const { session } = exchange;
  if (!session) throw new HttpError(401, 'unauthenticated', `${exchange.operation.name} needs a session`);
  if (rule.in !== 'organization') {
    const { in: kind, may } = rule;
    await checkObject(exchange, backends, session, { in: kind, may, uuid: param(exchange, `${kind}_uuid`), missing: () => notFound(kind) });
  }
  if (!rule.named) return;
  const { in: kind, may, field } = rule.named;
  const uuid = (exchange.body as Record<string, unknown>)[field];
  // As the operations say it of what is not there.
  const missing = (): HttpError => (kind === 'project' ? invalid(`/body/${field}`, 'no such project') : notFound(kind));
  if (typeof uuid === 'string') await checkObject(exchange, backends, session, { in: kind, may, uuid, missing });
}

interface Named {
  in: ObjectKind;
  may: Permission;
  uuid: string;
  /** What is thrown when the account does not see it. */
  missing(): HttpError;
}

async function checkObject(exchange: Exchange, backends: Backends, session: Session, { in: kind, may, uuid, missing }: Named): Promise<void> {
  if (ownsAll(session)) return;
  const role = await backends.rolesOf(exchange, (db) => roleOf(db, session, kind, uuid));
  if (role === 'hidden') throw missing();
  if (role === undefined || permits(role, may)) return;
  const needed = leastRoles[may];
  throw new HttpError(403, 'forbidden', `"${may}" needs the role ${needed}, and you are ${role} of this ${kind}: ask an owner of it`, undefined, {
    permission: may,
    role,
    needed_role: needed,
  });
}

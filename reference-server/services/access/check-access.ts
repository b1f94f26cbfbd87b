import { type Exchange, HttpError, type Session } from '../../exchange.ts';
import type { Backends } from '../route.ts';
import { param } from '../schemas.ts';
import { type ObjectKind, ownsAll, roleOf } from './object-roles.ts';
import { accessRules, leastRoles, type Permission, permits } from './rules.ts';

/**
 * Throws 403 `forbidden` where the account may see what a request names, and may not do that to it. What is not in the organization is not told apart
 * here from what is nowhere: the operation answers 404 to both. That the account is a member of the organization in the path was checked with its session.
 */
export async function checkAccess(exchange: Exchange, backends: Backends): Promise<void> {
  const rule = accessRules[exchange.operation.name];
  if (!rule) throw new HttpError(403, 'forbidden', `nobody may call ${exchange.operation.name}: it has no rule`);
  if (rule.in === 'public' || rule.in === 'account') return;
  const { session } = exchange;
  if (!session) throw new HttpError(401, 'unauthenticated', `${exchange.operation.name} needs a session`);
  if (rule.in !== 'organization') await checkObject(exchange, backends, session, { ...rule, uuid: param(exchange, `${rule.in}_uuid`) });
  if (!rule.named) return;
  const uuid = (exchange.body as Record<string, unknown>)[rule.named.field];
  if (typeof uuid === 'string') await checkObject(exchange, backends, session, { ...rule.named, uuid });
}

interface Named {
  in: ObjectKind;
  may: Permission;
  uuid: string;
}

async function checkObject(exchange: Exchange, backends: Backends, session: Session, { in: kind, may, uuid }: Named): Promise<void> {
  // Every member views everything in the organization: for that, nothing has to be looked up.
  if (permits('viewer', may) || ownsAll(session)) return;
  const role = await backends.rolesOf(exchange, (db) => roleOf(db, session, kind, uuid));
  if (role === undefined || permits(role, may)) return;
  const needed = leastRoles[may];
  throw new HttpError(403, 'forbidden', `"${may}" needs the role ${needed}, and you are ${role} of this ${kind}: ask an owner of it`, undefined, {
    permission: may,
    role,
    needed_role: needed,
  });
}

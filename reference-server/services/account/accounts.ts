import type { Kysely } from 'kysely';
import type { Tables } from '../../store/tables.ts';
import { notFound } from '../errors.ts';

export interface Account {
  uuid: string;
  email_address: string;
  full_name: string;
  display_name: string;
  created_at: string;
  memberships: {
    role: string;
    created_at: string;
    organization: { uuid: string; name: string; billing_type: string; capabilities: string[]; created_at: string };
  }[];
}

/** An account with its memberships, the oldest first. */
export async function readAccount(db: Kysely<Tables>, userUuid: string): Promise<Account> {
  const rows = await db
    .selectFrom('users')
    .innerJoin('memberships', 'memberships.user_uuid', 'users.uuid')
    .innerJoin('organizations', 'organizations.uuid', 'memberships.organization_uuid')
    .where('users.uuid', '=', userUuid)
    .orderBy('memberships.created_at')
    .orderBy('memberships.organization_uuid')
    .select(['users.uuid', 'users.email', 'users.full_name', 'users.display_name', 'users.created_at'])
    .select(['memberships.role', 'memberships.created_at as joined_at'])
    .select([
      'organizations.uuid as organization_uuid',
      'organizations.name',
      'organizations.billing_type',
      'organizations.capabilities',
      'organizations.created_at as founded_at',
    ])
    .execute();
  const first = rows[0];
  if (!first) throw notFound('account');
  return {
    uuid: first.uuid,
    email_address: first.email,
    full_name: first.full_name,
    display_name: first.display_name,
    created_at: first.created_at,
    memberships: rows.map((row) => ({
      role: row.role,
      created_at: row.joined_at,
      organization: {
        uuid: row.organization_uuid,
        name: row.name,
        billing_type: row.billing_type,
        capabilities: JSON.parse(row.capabilities) as string[],
        created_at: row.founded_at,
      },
    })),
  };
}

/**
 * The user of an address, made on its first sign-in: it joins the organization of the address's domain,
 * and the default organization where no organization has that domain.
 */
export async function userOf(db: Kysely<Tables>, email: string, newUuid: () => string, now: string): Promise<string> {
  const known = await db.selectFrom('users').select('uuid').where('email', '=', email).executeTakeFirst();
  if (known) return known.uuid;
  const [local = '', domain = ''] = email.split('@');
  const organization =
    (await db.selectFrom('organizations').select('uuid').where('email_domain', '=', domain).executeTakeFirst()) ??
    (await db.selectFrom('organizations').select('uuid').where('is_default', '=', 1).executeTakeFirstOrThrow());
  const name = local.charAt(0).toUpperCase() + local.slice(1);
  // Another sign-in of the address may have come first: then its user is the one.
  await db
    .insertInto('users')
    .values({ uuid: newUuid(), email, full_name: name, display_name: name, created_at: now })
    .onConflict((on) => on.column('email').doNothing())
    .execute();
  const { uuid } = await db.selectFrom('users').select('uuid').where('email', '=', email).executeTakeFirstOrThrow();
  await db
    .insertInto('memberships')
    .values({ organization_uuid: organization.uuid, user_uuid: uuid, role: 'user', created_at: now })
    .onConflict((on) => on.columns(['user_uuid', 'organization_uuid']).doNothing())
    .execute();
  return uuid;
}

import type { Kysely } from 'kysely';
import { type Static, Type } from 'typebox';
import type { Tables } from '../../store/tables.ts';
import { timestamp } from '../../store/timestamps.ts';
import { conflict, invalid, notFound } from '../errors.ts';
import { roleOf } from '../access/object-roles.ts';
import { permissionsOf } from '../access/rules.ts';
import type { Route } from '../route.ts';
import { closed, nothing, page, pageOf, pageQuery, param } from '../schemas.ts';
import { sessionOf } from '../sessions.ts';
import { findProject } from './project-rows.ts';
import { addAccountBody, permissions, projectAccount, projectAccountParams, projectParams } from './schema.ts';

const defaultLimit = 50;
const maxLimit = 500;

const readPermissions: Route = {
  operation: 'projects.permissions.read',
  summary: 'What the account that is signed in may do in a project.',
  schema: { params: projectParams, response: { 200: permissions } },
  async handle(exchange, backends) {
    const session = await sessionOf(exchange, backends);
    const { project, role } = await backends.store(exchange, 'select permissions', async (db) => {
      const found = await findProject(db, session.organizationId, param(exchange, 'project_uuid'));
      const held = await roleOf(db, session, 'project', found.uuid);
      // Deleted, or taken away, since it was asked whether this is allowed.
      if (held === undefined || held === 'hidden') throw notFound('project');
      return { project: found, role: held };
    });
    return { status: 200, json: { project_uuid: project.uuid, role, permissions: permissionsOf(role) } };
  },
};

interface AccountRow {
  uuid: string;
  email: string;
  display_name: string;
  role: string;
  created_at: string;
}

function accountsOf(db: Kysely<Tables>, projectUuid: string) {
  return db
    .selectFrom('project_accounts')
    .innerJoin('users', 'users.uuid', 'project_accounts.user_uuid')
    .where('project_accounts.project_uuid', '=', projectUuid)
    .select(['users.uuid', 'users.email', 'users.display_name', 'project_accounts.role', 'project_accounts.created_at']);
}

function accountJson(row: AccountRow) {
  return { account: { uuid: row.uuid, email_address: row.email, display_name: row.display_name }, role: row.role, created_at: row.created_at };
}

const list: Route = {
  operation: 'projects.accounts.list',
  summary: 'Accounts of a project, the first to join first.',
  schema: { params: projectParams, querystring: Type.Object(pageQuery(defaultLimit, maxLimit), closed), response: { 200: page(projectAccount) } },
  async handle(exchange, backends) {
    const { organizationId } = await sessionOf(exchange, backends);
    const { limit, offset } = pageOf(exchange, defaultLimit);
    const { rows, total } = await backends.store(exchange, 'select project accounts', async (db) => {
      const { uuid } = await findProject(db, organizationId, param(exchange, 'project_uuid'));
      const counted = await db
        .selectFrom('project_accounts')
        .where('project_uuid', '=', uuid)
        .select((of) => of.fn.countAll().as('count'))
        .executeTakeFirstOrThrow();
      const found = await accountsOf(db, uuid).orderBy('project_accounts.created_at').orderBy('users.uuid').limit(limit).offset(offset).execute();
      return { rows: found, total: Number(counted.count) };
    });
    return { status: 200, json: { data: rows.map(accountJson), limit, offset, total } };
  },
};

const add: Route = {
  operation: 'projects.accounts.add',
  summary: 'Adds a member of the organization to a project, or changes its role there.',
  schema: { params: projectParams, body: addAccountBody, response: { 201: projectAccount } },
  async handle(exchange, backends) {
    const { organizationId } = await sessionOf(exchange, backends);
    const { account_uuid, role = 'viewer' } = exchange.body as Static<typeof addAccountBody>;
    const user_uuid = account_uuid.toLowerCase();
    const created_at = timestamp(backends.now());
    const row = await backends.write(exchange, 'insert project account', async (transaction) => {
      const project = await findProject(transaction, organizationId, param(exchange, 'project_uuid'));
      const member = await transaction
        .selectFrom('memberships')
        .select('user_uuid')
        .where('user_uuid', '=', user_uuid)
        .where('organization_uuid', '=', organizationId)
        .executeTakeFirst();
      if (!member) throw invalid('/body/account_uuid', 'no such account in this organization');
      if (user_uuid === project.creator_uuid) throw conflict('the creator of a project stays its owner');
      await transaction
        .insertInto('project_accounts')
        .values({ project_uuid: project.uuid, user_uuid, role, created_at })
        .onConflict((on) => on.columns(['project_uuid', 'user_uuid']).doUpdateSet({ role }))
        .execute();
      return accountsOf(transaction, project.uuid).where('users.uuid', '=', user_uuid).executeTakeFirstOrThrow();
    });
    return { status: 201, json: accountJson(row) };
  },
};

const remove: Route = {
  operation: 'projects.accounts.remove',
  summary: 'Takes an account out of a project; its creator stays.',
  schema: { params: projectAccountParams, response: { 204: nothing } },
  async handle(exchange, backends) {
    const { organizationId } = await sessionOf(exchange, backends);
    const userUuid = param(exchange, 'account_uuid').toLowerCase();
    await backends.write(exchange, 'delete project account', async (db) => {
      const project = await findProject(db, organizationId, param(exchange, 'project_uuid'));
      if (userUuid === project.creator_uuid) throw conflict('the creator of a project stays its owner: delete the project instead');
      const { numDeletedRows } = await db
        .deleteFrom('project_accounts')
        .where('project_uuid', '=', project.uuid)
        .where('user_uuid', '=', userUuid)
        .executeTakeFirstOrThrow();
      if (numDeletedRows === 0n) throw notFound('account in this project');
    });
    return { status: 204 };
  },
};

export const accountRoutes: readonly Route[] = [readPermissions, list, add, remove];

import type { Kysely } from 'kysely';
import { type Static, Type } from 'typebox';
import type { ProjectsTable, Tables } from '../../store/tables.ts';
import { timestamp } from '../../store/timestamps.ts';
import { hiddenProjects } from '../access/hidden-projects.ts';
import { notFound } from '../errors.ts';
import type { Route } from '../route.ts';
import { closed, nothing, orgParams, page, pageOf, pageQuery, param } from '../schemas.ts';
import { sessionOf } from '../sessions.ts';
import { findProject, projectJson, projectsOf } from './project-rows.ts';
import { createBody, project, projectParams, publishedArtifact, updateBody } from './schema.ts';

const defaultLimit = 30;
const maxLimit = 200;

const list: Route = {
  operation: 'projects.list',
  summary: 'Projects of the organization that the account sees, the last changed first.',
  schema: { params: orgParams, querystring: Type.Object(pageQuery(defaultLimit, maxLimit), closed), response: { 200: page(project) } },
  async handle(exchange, backends) {
    const session = await sessionOf(exchange, backends);
    const { limit, offset } = pageOf(exchange, defaultLimit);
    const { rows, total } = await backends.store(exchange, 'select projects', async (db) => {
      const hidden = await hiddenProjects(db, session);
      const counted = await db
        .selectFrom('projects')
        .where('organization_uuid', '=', session.organizationId)
        .$if(hidden.length > 0, (those) => those.where('uuid', 'not in', hidden))
        .select((of) => of.fn.countAll().as('count'))
        .executeTakeFirstOrThrow();
      const found = await projectsOf(db, session.organizationId)
        .$if(hidden.length > 0, (those) => those.where('projects.uuid', 'not in', hidden))
        .orderBy('projects.updated_at', 'desc')
        .orderBy('projects.uuid', 'desc')
        .limit(limit)
        .offset(offset)
        .execute();
      return { rows: found, total: Number(counted.count) };
    });
    return { status: 200, json: { data: rows.map(projectJson), limit, offset, total } };
  },
};

const create: Route = {
  operation: 'projects.create',
  summary: 'Makes a project, whose owner is who made it.',
  schema: { params: orgParams, body: createBody, response: { 201: project } },
  async handle(exchange, backends) {
    const { organizationId, userId } = await sessionOf(exchange, backends);
    const { name, description = '', is_private: isPrivate = true } = exchange.body as Static<typeof createBody>;
    const now = timestamp(backends.now());
    const row: ProjectsTable = {
      uuid: backends.newUuid(),
      organization_uuid: organizationId,
      creator_uuid: userId,
      name,
      description,
      is_private: isPrivate ? 1 : 0,
      is_harmony_project: 0,
      created_at: now,
      updated_at: now,
    };
    const created = await backends.write(exchange, 'insert project', async (transaction) => {
      await transaction.insertInto('projects').values(row).execute();
      await transaction.insertInto('project_accounts').values({ project_uuid: row.uuid, user_uuid: userId, role: 'owner', created_at: now }).execute();
      return findProject(transaction, organizationId, row.uuid);
    });
    return { status: 201, json: projectJson(created) };
  },
};

const read: Route = {
  operation: 'projects.read',
  summary: 'A project.',
  schema: { params: projectParams, response: { 200: project } },
  async handle(exchange, backends) {
    const { organizationId } = await sessionOf(exchange, backends);
    const row = await backends.store(exchange, 'select project', (db) => findProject(db, organizationId, param(exchange, 'project_uuid')));
    return { status: 200, json: projectJson(row) };
  },
};

const update: Route = {
  operation: 'projects.update',
  summary: 'Changes name, description or visibility; the last write wins.',
  schema: { params: projectParams, body: updateBody, response: { 200: project } },
  async handle(exchange, backends) {
    const { organizationId } = await sessionOf(exchange, backends);
    const { name, description, is_private: isPrivate } = exchange.body as Static<typeof updateBody>;
    const change: Partial<ProjectsTable> = { updated_at: timestamp(backends.now()) };
    if (name !== undefined) change.name = name;
    if (description !== undefined) change.description = description;
    if (isPrivate !== undefined) change.is_private = isPrivate ? 1 : 0;
    const uuid = param(exchange, 'project_uuid').toLowerCase();
    const row = await backends.write(exchange, 'update project', async (transaction) => {
      await transaction.updateTable('projects').set(change).where('uuid', '=', uuid).where('organization_uuid', '=', organizationId).execute();
      return findProject(transaction, organizationId, uuid);
    });
    return { status: 200, json: projectJson(row) };
  },
};

const remove: Route = {
  operation: 'projects.delete',
  summary: 'Deletes a project; its conversations stay, without a project.',
  schema: { params: projectParams, response: { 204: nothing } },
  async handle(exchange, backends) {
    const { organizationId } = await sessionOf(exchange, backends);
    const uuid = param(exchange, 'project_uuid').toLowerCase();
    await backends.write(exchange, 'delete project', async (transaction, changes) => {
      const { numDeletedRows } = await transaction
        .deleteFrom('projects')
        .where('uuid', '=', uuid)
        .where('organization_uuid', '=', organizationId)
        .executeTakeFirstOrThrow();
      if (numDeletedRows === 0n) throw notFound('project');
      changes.push({ kind: 'delete project', uuid });
    });
    return { status: 204 };
  },
};

function artifactsOfOthersIn(db: Kysely<Tables>, projects: readonly string[], userUuid: string) {
  return db
    .selectFrom('artifacts')
    .innerJoin('conversations', 'conversations.uuid', 'artifacts.conversation_uuid')
    .where('conversations.project_uuid', 'in', projects)
    .where('conversations.user_uuid', '!=', userUuid)
    .select('artifacts.uuid');
}

const publishedArtifacts: Route = {
  operation: 'projects.published_artifacts.list',
  summary: 'Artifacts that the organization has published, the newest first.',
  schema: { params: orgParams, querystring: Type.Object(pageQuery(defaultLimit, maxLimit), closed), response: { 200: page(publishedArtifact) } },
  async handle(exchange, backends) {
    const session = await sessionOf(exchange, backends);
    const { limit, offset } = pageOf(exchange, defaultLimit);
    const { rows, total } = await backends.store(exchange, 'select published artifacts', async (db) => {
      const hidden = await hiddenProjects(db, session);
      const those = db
        .selectFrom('published_artifacts')
        .where('published_artifacts.organization_uuid', '=', session.organizationId)
        .$if(hidden.length > 0, (all) => all.where('published_artifacts.artifact_uuid', 'not in', artifactsOfOthersIn(db, hidden, session.userId)));
      const counted = await those.select((of) => of.fn.countAll().as('count')).executeTakeFirstOrThrow();
      const found = await those
        .innerJoin('artifacts', 'artifacts.uuid', 'published_artifacts.artifact_uuid')
        .innerJoin('users', 'users.uuid', 'published_artifacts.user_uuid')
        .select(['published_artifacts.uuid', 'published_artifacts.artifact_uuid', 'artifacts.title', 'artifacts.content_type'])
        .select(['published_artifacts.version', 'published_artifacts.published_at', 'users.uuid as creator_uuid', 'users.display_name'])
        .orderBy('published_artifacts.published_at', 'desc')
        .orderBy('published_artifacts.uuid', 'desc')
        .limit(limit)
        .offset(offset)
        .execute();
      return { rows: found, total: Number(counted.count) };
    });
    const data = rows.map(({ creator_uuid, display_name, ...row }) => ({ ...row, creator: { uuid: creator_uuid, display_name } }));
    return { status: 200, json: { data, limit, offset, total } };
  },
};

export const projectRoutes: readonly Route[] = [list, create, read, update, remove, publishedArtifacts];

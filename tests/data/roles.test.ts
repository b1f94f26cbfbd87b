/** Every operation as every kind of account, on a project of somebody else, public and private, and what is in it. What is expected is written here once more, by hand. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openApiDocument } from '../../reference-server/edge/openapi.ts';
import { startServer } from '../../reference-server/server.ts';
import type { Place } from '../../reference-server/store/database.ts';
import { accessRules } from '../../reference-server/services/access/rules.ts';
import { routes } from '../../reference-server/services/index.ts';
import { openStore } from '../../reference-server/store/store.ts';
import { operations } from '../../scenarios/operations.ts';
import { signIn, type User } from '../operations/client.ts';
import { forEachDatabase } from '../store/databases.ts';
import { accountUuid, makeThings, requestOn, type Things } from './tenant.ts';

const needsEditor = [
  'chat.conversations.create',
  'chat.conversations.update',
  'chat.conversations.title',
  'chat.completion',
  'chat.files.upload',
  'chat.artifacts.create_version',
  'projects.update',
];
const needsOwner = ['chat.conversations.delete', 'projects.delete', 'projects.accounts.add', 'projects.accounts.remove'];
const withoutSession = [
  'account.sign_in',
  'assets.shell',
  'assets.bundle',
  'assets.media',
  'ingest.track',
  'ingest.flags.initialize',
  'ingest.flags.register',
  'ingest.push.register',
];
const takesAway = ['chat.conversations.delete', 'projects.delete', 'projects.accounts.remove'];

type Expected = 'ok' | 400 | 401 | 403 | 404;
const visibilities = ['public', 'private'] as const;
type Visibility = (typeof visibilities)[number];
interface Listed {
  data: { uuid: string; artifact_uuid?: string }[];
  total: number;
}
const stranger = 'a member without an account in the project';

/** What an account may do, from the least to the most. */
const ranks = {
  [stranger]: 0,
  'a viewer': 0,
  'an editor': 1,
  'its owner': 2,
  'an admin': 2,
  'the owner of the organization': 2,
};

function expected(operation: string, who: string, path: string, visibility: Visibility): Expected {
  if (withoutSession.includes(operation)) return 'ok';
  if (who === 'nobody') return 401;
  if (who === 'another tenant') return path.includes('{org_uuid}') ? 404 : 'ok';
  // As if there were none of it.
  if (who === stranger && visibility === 'private') {
    if (/\{(project|conversation|artifact)_uuid\}/.test(path)) return 404;
    if (operation === 'chat.conversations.create') return 400;
  }
  const needed = needsOwner.includes(operation) ? 2 : needsEditor.includes(operation) ? 1 : 0;
  return (ranks[who as keyof typeof ranks] ?? 0) >= needed ? 'ok' : 403;
}

const addresses: Record<string, string> = {
  [stranger]: 'user-5@example.com',
  'a viewer': 'user-3@example.com',
  'an editor': 'user-2@example.com',
  'its owner': 'user-1@example.com',
  'an admin': 'user-0@example.com',
  'the owner of the organization': 'owner@example.com',
  'another tenant': 'owner@org2.example.com',
};

test('each operation has one rule, and those without a session are public', () => {
  expect(Object.keys(accessRules).sort()).toEqual(operations.map(({ name }) => name).sort());
  const open = routes.filter(({ anonymous }) => anonymous).map(({ operation }) => operation);
  expect(
    Object.keys(accessRules)
      .filter((name) => accessRules[name]?.in === 'public')
      .sort(),
  ).toEqual(open.sort());
  expect(open.sort()).toEqual([...withoutSession].sort());
});

test('the OpenAPI document tells who is answered 403, and where 404 may be', () => {
  const { paths } = openApiDocument(routes, '0') as { paths: Record<string, Record<string, { operationId: string; responses: object }>> };
  const answering = (status: string): string[] =>
    Object.values(paths)
      .flatMap((methods) => Object.values(methods))
      .flatMap(({ operationId, responses }) => (status in responses ? [operationId] : []))
      .sort();
  expect(answering('403')).toEqual([...needsEditor, ...needsOwner].sort());
  const inOrganization = operations.filter(({ path }) => path.includes('{org_uuid}')).map(({ name }) => name);
  expect(answering('404')).toEqual(expect.arrayContaining(inOrganization));
});

await forEachDatabase(({ place }) => {
  let server: Awaited<ReturnType<typeof startServer>>;
  const users: Record<string, User> = {};
  let where: Place;
  let fresh: (visibility: Visibility) => Promise<Things>;
  const things = {} as Record<Visibility, Things>;

  beforeAll(async () => {
    where = await place();
    const store = await openStore({ seed: 1, place: where });
    // The seed has no admin.
    const admin = store.db.selectFrom('users').select('uuid').where('email', '=', 'user-0@example.com');
    await store.db.updateTable('memberships').set({ role: 'admin' }).where('user_uuid', '=', admin).execute();
    await store.close();
    server = await startServer({ profile: 'instant', ...(where.kind === 'sqlite' ? { data: where.file ?? '' } : { database: where.url }) });
    for (const [who, address] of Object.entries(addresses)) users[who] = await signIn(server.url, address);
    const boss = userOf('its owner');
    const accounts = [
      { account_uuid: await accountUuid(userOf('a viewer')), role: 'viewer' },
      { account_uuid: await accountUuid(userOf('an editor')), role: 'editor' },
    ] as const;
    const colleague = await accountUuid(await signIn(server.url, 'consultant@example.com'));
    fresh = (visibility) => makeThings(boss, [{ account_uuid: colleague, role: 'viewer' }, ...accounts], { is_private: visibility === 'private' });
    for (const visibility of visibilities) things[visibility] = await fresh(visibility);
  });
  afterAll(() => server.stop());

  function userOf(who: string): User {
    const user = users[who];
    if (!user) throw new Error(`no account for ${who}`);
    return user;
  }

  const cells = visibilities.flatMap((visibility) => operations.map(({ name, path }) => ({ visibility, name, path })));
  test.for(cells)('$name, $visibility', async ({ name, path, visibility }) => {
    const answers: Record<string, unknown> = {};
    const wanted: Record<string, unknown> = {};
    for (const who of ['nobody', ...Object.keys(addresses)]) {
      wanted[who] = expected(name, who, path, visibility);
      const target = takesAway.includes(name) && wanted[who] === 'ok' ? await fresh(visibility) : things[visibility];
      const options = await requestOn(name, target, userOf('its owner'));
      const { status, text, json } = await userOf(who === 'nobody' ? 'a viewer' : who).call(name, { ...options, signedOut: who === 'nobody' });
      answers[who] = status < 300 ? 'ok' : status;
      if (status !== 403) continue;
      const { error } = json as { error: Record<string, string> };
      expect(error).toMatchObject({ type: 'forbidden', needed_role: needsOwner.includes(name) ? 'owner' : 'editor' });
      expect(error['role']).toBe(who === 'an editor' ? 'editor' : 'viewer');
      expect(text).not.toMatch(/[\da-f]{8}-[\da-f]{4}/);
    }
    expect(answers).toEqual(wanted);
  });

  test('who made a conversation owns it, with or without a project; of the rest, members without an account in its project view it', async () => {
    const [member, editor] = [userOf(stranger), userOf('an editor')];
    for (const project_uuid of [null, things.public.project_uuid]) {
      const { json } = await editor.call('chat.conversations.create', { body: { project_uuid } });
      const params = { conversation_uuid: (json as { uuid: string }).uuid };
      const of = async (user: User, operation: string, body?: object): Promise<number> =>
        (await user.call(operation, { params, ...(body && { body }) })).status;
      expect([await of(member, 'chat.conversations.read'), await of(member, 'chat.conversations.update', { name: 'x' })]).toEqual([200, 403]);
      expect(await of(member, 'chat.conversations.delete')).toBe(403);
      expect([await of(editor, 'chat.conversations.update', { name: 'x' }), await of(editor, 'chat.conversations.delete')]).toEqual([200, 204]);
    }
  });

  test.for(visibilities)('a role that is given or taken counts from the next request on, and the permissions tell it: %s', async (visibility) => {
    const [boss, member] = [userOf('its owner'), userOf(stranger)];
    const { project_uuid } = things[visibility];
    const without = visibility === 'private' ? [404, 404] : [403, ['viewer', false, false]];
    const account_uuid = await accountUuid(member);
    const rename = async (): Promise<number> => (await member.call('projects.update', { params: { project_uuid }, body: { name: 'x' } })).status;
    const told = async (): Promise<unknown> => {
      const { status, json } = await member.call('projects.permissions.read', { params: { project_uuid } });
      if (status !== 200) return status;
      const { role, permissions } = json as { role: string; permissions: string[] };
      return [role, permissions.includes('project:edit'), permissions.includes('project:delete')];
    };
    expect([await rename(), await told()]).toEqual(without);
    await boss.call('projects.accounts.add', { params: { project_uuid }, body: { account_uuid, role: 'editor' } });
    expect([await rename(), await told()]).toEqual([200, ['editor', true, false]]);
    await boss.call('projects.accounts.remove', { params: { project_uuid, account_uuid } });
    expect([await rename(), await told()]).toEqual(without);
  });

  test('a new artifact needs the role in the conversation that its body names', async () => {
    const body = { content: 'x', conversation_uuid: things.private.conversation_uuid };
    const make = async (who: string): Promise<number> =>
      (await userOf(who).call('chat.artifacts.create_version', { params: { artifact_uuid: crypto.randomUUID() }, body })).status;
    expect([await make(stranger), await make('a viewer'), await make('an editor')]).toEqual([404, 403, 201]);
  });

  test('a private project is on nobody’s lists but those of its accounts, nor is what others made in it; who made a conversation keeps it', async () => {
    const { org_uuid: organization_uuid, project_uuid, conversation_uuid, artifact_uuid } = await fresh('private');
    const store = await openStore({ seed: 1, place: where });
    const published = await store.db.selectFrom('published_artifacts').selectAll().limit(1).executeTakeFirstOrThrow();
    await store.db
      .insertInto('published_artifacts')
      .values({ ...published, uuid: crypto.randomUUID(), artifact_uuid, organization_uuid, version: 1 })
      .execute();
    await store.close();
    const lists = async (who: string): Promise<{ has: boolean[]; conversations: number[] }> => {
      const user = userOf(who);
      const all = async (operation: string, query: Record<string, string> = {}): Promise<Listed> =>
        (await user.call(operation, { query: { limit: '200', ...query } })).json as Listed;
      const projects = await all('projects.list');
      const conversations = await all('chat.conversations.list', { consistency: 'eventual' });
      const ofProject = await all('chat.conversations.list', { project_uuid });
      const artifacts = await all('projects.published_artifacts.list');
      const { count } = (await user.call('chat.conversations.count')).json as { count: number };
      for (const { data, total } of [projects, ofProject, artifacts]) expect(data).toHaveLength(total);
      return {
        has: [
          projects.data.some(({ uuid }) => uuid === project_uuid),
          conversations.data.some(({ uuid }) => uuid === conversation_uuid),
          ofProject.data.some(({ uuid }) => uuid === conversation_uuid),
          artifacts.data.some((artifact) => artifact.artifact_uuid === artifact_uuid),
        ],
        conversations: [conversations.total, count],
      };
    };
    const [owners, viewers, strangers] = [await lists('the owner of the organization'), await lists('a viewer'), await lists(stranger)];
    expect([owners.has, viewers.has, strangers.has]).toEqual([
      [true, true, true, true],
      [true, true, true, true],
      [false, false, false, false],
    ]);
    const hidden = (owners.conversations[0] ?? 0) - (strangers.conversations[0] ?? 0);
    expect(hidden).toBeGreaterThan(0);
    expect(strangers.conversations).toEqual(owners.conversations.map((count) => count - hidden));

    // Whoever has an account, makes something, and loses the account again.
    const [boss, member] = [userOf('its owner'), userOf(stranger)];
    const account_uuid = await accountUuid(member);
    await boss.call('projects.accounts.add', { params: { project_uuid }, body: { account_uuid, role: 'editor' } });
    const own = ((await member.call('chat.conversations.create', { body: { name: 'Mine', project_uuid } })).json as { uuid: string }).uuid;
    await boss.call('projects.accounts.remove', { params: { project_uuid, account_uuid } });
    const seen = (await member.call('chat.conversations.list', { query: { project_uuid } })).json as Listed;
    expect([seen.data.map(({ uuid }) => uuid), seen.total]).toEqual([[own], 1]);
    expect((await member.call('chat.conversations.read', { params: { conversation_uuid: own } })).status).toBe(200);
    expect((await lists(stranger)).conversations).toEqual(strangers.conversations.map((count) => count + 1));
  });
});

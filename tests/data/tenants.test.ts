/** Ids of another organization, one at a time in an otherwise good request: each is answered as an id that nothing has. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RunningServer, startServer } from '../../reference-server/server.ts';
import { operations } from '../../scenarios/operations.ts';
import { type Answer, type CallOptions, signIn, type User } from '../operations/client.ts';
import { accountUuid, makeThings, requestOn, type Things } from './tenant.ts';

/** Of the second organization: who is in nobody's project but its own, and who owns all in it. */
const addresses = ['user-0@org2.example.com', 'owner@org2.example.com'];
const absent = '019c0000-0000-7000-8000-00000000000b';

const inPaths = operations.flatMap(({ name, path }) => [...path.matchAll(/\{(\w+_uuid)\}/g)].map(([, id]) => ({ name, id: id ?? '' })));

test('the ids that are tried: of organizations, and of what is in them', () => {
  const [organizations, others] = [inPaths.filter(({ id }) => id === 'org_uuid'), inPaths.filter(({ id }) => id !== 'org_uuid')];
  expect([organizations.length, others.length]).toEqual([38, 19]);
});

/** Status and error, without what differs from request to request. */
function told({ status, json, text }: Answer): [status: number, error: unknown] {
  return [status, (json as { error?: object } | undefined)?.error ?? text];
}

let server: RunningServer;
let theirs: Things;

beforeAll(async () => {
  server = await startServer({ profile: 'instant' });
  const other = await signIn(server.url, 'user-1@example.com');
  theirs = await makeThings(other, [{ account_uuid: await accountUuid(await signIn(server.url, 'user-2@example.com')), role: 'viewer' }]);
});
afterAll(() => server.stop());

describe.for(addresses)('asked by %s', (address) => {
  let user: User;
  let own: Things;

  beforeAll(async () => {
    user = await signIn(server.url, address);
    const colleague = await signIn(server.url, 'consultant@example.com');
    own = await makeThings(user, []);
    own.account_uuid = await accountUuid(colleague);
    await user.call('projects.accounts.add', { params: own, body: { account_uuid: own.account_uuid } });
  });

  test.for(inPaths)('in the path of $name: $id', async ({ name, id }) => {
    const good = await requestOn(name, own, user);
    const withId = async (uuid: string | undefined): Promise<[number, unknown]> =>
      told(await user.call(name, { ...good, params: { ...good.params, [id]: uuid ?? '' } }));
    const answer = await withId(theirs[id]);
    expect(answer).toEqual([404, { type: 'not_found', message: expect.stringMatching(/^no such \w+( in this project)?$/) }]);
    expect(answer).toEqual(await withId(absent));
  });

  const elsewhere: [name: string, status: number, options: (things: Things) => CallOptions][] = [
    ['chat.conversations.create', 400, ({ project_uuid }) => ({ body: { project_uuid } })],
    ['projects.accounts.add', 400, ({ account_uuid }) => ({ params: own, body: { account_uuid } })],
    ['chat.artifacts.create_version', 404, ({ conversation_uuid }) => ({ params: own, body: { content: 'x', conversation_uuid } })],
    ['chat.conversations.list', 200, ({ project_uuid }) => ({ query: { project_uuid } })],
  ];
  test.for(elsewhere)('in the body or the query of %s', async ([name, status, options]) => {
    const answer = told(await user.call(name, options(theirs)));
    expect(answer[0]).toBe(status);
    const nothing = Object.fromEntries(Object.keys(theirs).map((key) => [key, absent])) as Things;
    expect(answer).toEqual(told(await user.call(name, options(nothing))));
  });
});

test('what the other organization had is as it was', async () => {
  const other = await signIn(server.url, 'user-1@example.com');
  for (const name of ['chat.conversations.read', 'projects.read', 'chat.artifacts.versions', 'sync.ingestion.read']) {
    expect([name, (await other.call(name, { params: theirs })).status]).toEqual([name, 200]);
  }
  const { json } = await other.call('projects.accounts.list', { params: theirs });
  expect((json as { total: number }).total).toBe(2);
});

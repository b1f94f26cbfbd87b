import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunningServer } from '../../reference-server/server.ts';
import { routes as accountRoutes } from '../../reference-server/services/account/index.ts';
import { routes as chatRoutes } from '../../reference-server/services/chat/index.ts';
import { routes as modelRoutes } from '../../reference-server/services/model/index.ts';
import { routes as projectRoutes } from '../../reference-server/services/projects/index.ts';
import type { Route } from '../../reference-server/services/route.ts';
import { operations } from '../../scenarios/operations.ts';
import { type Client, type Conversation, type Page, signIn, start } from './client.ts';
import { exampleRequest } from './example-request.ts';

const routes: readonly Route[] = [...accountRoutes, ...chatRoutes, ...modelRoutes, ...projectRoutes];
const ajv = new Ajv2020({ strict: false, allErrors: true });
addFormats.default(ajv);

let server: RunningServer;
let user: Client;
let stranger: Client;
/** Live ids of the first organization; a fresh conversation and project each time, since some operations delete them. */
async function liveIds(): Promise<Record<string, string>> {
  const conversation = await user.ask<Conversation>('POST', '/chat_conversations', { name: 'For an example' }, 201);
  await user.ask('POST', `/conversations/${conversation.uuid}/wiggle/upload-file?path=uploads/notes.txt`, Buffer.from('notes'), 201);
  const project = await user.ask<{ uuid: string }>('POST', '/projects', { name: 'For an example' }, 201);
  const member = await signIn(server, 'user-1@example.com');
  await user.ask('POST', `/projects/${project.uuid}/accounts`, { account_uuid: member.userUuid }, 201);
  const published = await user.ask<Page<{ artifact_uuid: string }>>('GET', '/published_artifacts?limit=1');
  return {
    org_uuid: user.org,
    conversation_uuid: conversation.uuid,
    project_uuid: project.uuid,
    account_uuid: member.userUuid,
    artifact_uuid: published.data[0]?.artifact_uuid ?? '',
  };
}

async function send(route: Route, ids: Record<string, string>, cookie: string): Promise<Response> {
  const { method, path, contentType, body } = exampleRequest(route, ids);
  return fetch(`${server.url}${path}`, {
    method,
    headers: { cookie, ...(contentType && { 'content-type': contentType }) },
    ...(body !== undefined && { body }),
  });
}

beforeAll(async () => {
  server = await start();
  user = await signIn(server, 'user-0@example.com');
  stranger = await signIn(server, 'user-0@org2.example.com');
});
afterAll(() => server.stop());

test('every operation of account, chat, model and projects is served', () => {
  const expected = operations.filter(({ service }) => ['account', 'chat', 'model', 'projects'].includes(service)).map(({ name }) => name);
  expect(routes.map(({ operation }) => operation).sort()).toEqual(expected.sort());
});

describe.each(routes.map((route) => [route.operation, route] as const))('%s', (_name, route) => {
  test('answers its example as its schema says', async () => {
    const response = await send(route, await liveIds(), user.cookie);
    const [status, schema] = Object.entries(route.schema.response)[0] ?? [];
    const text = await response.text();
    expect([response.status, text.slice(0, 200)]).toEqual([Number(status), expect.anything()]);
    if (status === '204') expect(text).toBe('');
    else if (response.headers.get('content-type')?.startsWith('application/json')) {
      const check = ajv.compile(schema ?? false);
      check(JSON.parse(text));
      expect(check.errors).toBeNull();
    }
  });

  test('refuses who is not signed in, and hides everything from another organization', async () => {
    if (route.anonymous) return;
    const ids = await liveIds();
    expect((await send(route, ids, '')).status).toBe(401);
    if (!route.schema.params) return;
    const foreignOrganization = await send(route, ids, stranger.cookie);
    expect(foreignOrganization.status).toBe(404);
    // With its own organization in the path, another's things are as if they were not there.
    const foreignThing = await send(route, { ...ids, org_uuid: stranger.org }, stranger.cookie);
    const unknownThing = await send(
      route,
      { ...ids, org_uuid: stranger.org, conversation_uuid: user.org, project_uuid: user.org, artifact_uuid: user.org },
      stranger.cookie,
    );
    expect(foreignThing.status).toBe(unknownThing.status);
    const [foreign, unknown] = [await foreignThing.text(), await unknownThing.text()];
    if (
      Object.keys((route.schema.params as unknown as { properties: object }).properties).some((parameter) =>
        /^(conversation|project|artifact)_uuid$/.test(parameter),
      )
    ) {
      expect(foreignThing.status).toBe(404);
      expect((JSON.parse(foreign) as { error: object }).error).toEqual((JSON.parse(unknown) as { error: object }).error);
    } else {
      expect(foreign).not.toContain(ids['conversation_uuid']);
      expect(foreign).not.toContain(ids['project_uuid']);
      expect(foreign).not.toContain(ids['artifact_uuid']);
    }
  });
});

test('after these, the first organization has lost and gained nothing through the second', async () => {
  const { uuid } = await user.ask<Conversation>('POST', '/chat_conversations', { name: 'Mine' }, 201);
  for (const method of ['DELETE', 'PUT'] as const) {
    expect((await stranger.request(method, `/chat_conversations/${uuid}`, method === 'PUT' ? { name: 'theirs' } : undefined)).status).toBe(404);
  }
  expect((await user.ask<Conversation>('GET', `/chat_conversations/${uuid}`)).name).toBe('Mine');
});

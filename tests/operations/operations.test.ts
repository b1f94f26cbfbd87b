import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RunningServer, startServer } from '../../reference-server/server.ts';
import { operations, operationsByName } from '../../scenarios/operations.ts';
import { type Answer, signIn, type User } from './client.ts';
import { goodRequests } from './good-requests.ts';

interface Documented {
  security?: object[];
  requestBody?: { content: Record<string, { schema: object }> };
  responses: Record<string, { content?: Record<string, { schema: object }> }>;
}

let server: RunningServer;
let user: User;
let stranger: User;
let document: { openapi: string; paths: Record<string, Record<string, Documented>> };
const ajv = new Ajv2020({ strict: false, allErrors: true });
addFormats.default(ajv);

beforeAll(async () => {
  server = await startServer({ profile: 'instant' });
  user = await signIn(server.url, 'user-0@example.com');
  stranger = await signIn(server.url, 'owner@org2.example.com');
  document = (await (await request(`${server.url}/openapi.json`)).body.json()) as typeof document;
});
afterAll(() => server.stop());

function documented(name: string): Documented {
  const operation = operationsByName.get(name);
  const found = document.paths[operation?.path ?? '']?.[operation?.method.toLowerCase() ?? ''];
  if (!found) throw new Error(`${name} is not in the OpenAPI document`);
  return found;
}

/** The one error shape, with a code that programs can match. */
function expectError(answer: Answer, status: number): { message: string; faults?: { path: string }[] } {
  expect(answer.status, answer.text).toBe(status);
  const body = answer.json as { type: string; error: { type: string; message: string; faults?: { path: string }[] }; request_id: string };
  expect(Object.keys(body)).toEqual(['type', 'error', 'request_id']);
  expect(body.type).toBe('error');
  expect(body.error.type).toMatch(/^[a-z_]+$/);
  expect(body.request_id).toMatch(/^req_/);
  expect(answer.headers['request-id']).toBe(body.request_id);
  return body.error;
}

test('the document is OpenAPI 3.1 and has every operation of the table, and a good request for each is known', () => {
  expect(document.openapi).toMatch(/^3\.1\./);
  const served = Object.values(document.paths).reduce((sum, methods) => sum + Object.keys(methods).length, 0);
  expect(served).toBe(operations.length);
  expect(Object.keys(goodRequests).sort()).toEqual(operations.map(({ name }) => name).sort());
});

describe.each(operations.map(({ name }) => name))('%s', (name) => {
  const inOrganization = operationsByName.get(name)?.path.includes('{org_uuid}') === true;

  test('answers a good request as its schema says, without version or rate-limit headers', async () => {
    const options = (await goodRequests[name]?.(user)) ?? {};
    const answer = await user.call(name, options);
    expect(answer.status, answer.text).toBeLessThan(300);
    const response = documented(name).responses[String(answer.status)];
    expect(response, `status ${answer.status} is not documented`).toBeDefined();
    const schema = response?.content?.['application/json']?.schema;
    if (answer.json !== undefined && schema) {
      const valid = ajv.validate(schema, answer.json);
      expect(valid, JSON.stringify(ajv.errors?.slice(0, 5))).toBe(true);
    }
    expect(answer.headers['server']).toBe('cloudflare');
    expect(answer.headers['via']).toBe('1.1 google');
    expect(answer.headers['cf-ray']).toMatch(/^[\da-f]{16}-EWR$/);
    expect(answer.headers['server-timing']).toContain('intended;dur=');
    for (const header of Object.keys(answer.headers)) expect(header).not.toMatch(/ratelimit|api-version|anthropic-version/);
  });

  if (inOrganization) {
    test('401 without a session, 404 in another organization, nothing leaked', async () => {
      const options = (await goodRequests[name]?.(user)) ?? {};
      expectError(await user.call(name, { ...options, signedOut: true }), 401);
      expectError(await stranger.call(name, { ...options, params: { ...options.params, org_uuid: user.organization } }), 404);
    });

    test('404 for ids of another organization', async () => {
      const options = (await goodRequests[name]?.(user)) ?? {};
      const ids = Object.keys(options.params ?? {}).filter((param) => param.endsWith('_uuid'));
      if (ids.length === 0) return;
      const answer = await stranger.call(name, options);
      expectError(answer, 404);
      for (const id of Object.values(options.params ?? {})) expect(answer.text).not.toContain(id);
    });
  }

  test('400 for a query that it does not know; a CDN ignores it', async () => {
    const options = (await goodRequests[name]?.(user)) ?? {};
    const answer = await user.call(name, { ...options, query: { ...options.query, nonsense: '1', 'a/b': '2' } });
    if (operationsByName.get(name)?.latencyClass === 'static') expect(answer.status).toBe(200);
    else expect(expectError(answer, 400).faults?.map(({ path }) => path)).toEqual(['/query/nonsense', '/query/a~1b']);
  });

  test('400 names each missing part of the body by its own path', async () => {
    const schema = documented(name).requestBody?.content['application/json']?.schema as { required?: string[] } | undefined;
    if (!schema?.required?.length) return;
    const options = (await goodRequests[name]?.(user)) ?? {};
    const error = expectError(await user.call(name, { ...options, body: {} }), 400);
    expect(error.faults).toEqual(schema.required.map((property) => ({ path: `/body/${property}`, message: 'is missing' })));
  });

  const pathParams = operationsByName.get(name)?.path.match(/\{\w+_uuid\}/g) ?? [];
  if (pathParams.length > 0) {
    test('takes ids in upper case: a UUID has none', async () => {
      const options = (await goodRequests[name]?.(user)) ?? {};
      const params = { org_uuid: user.organization, ...options.params };
      const upper = Object.fromEntries(Object.entries(params).map(([key, value]) => [key, key.endsWith('_uuid') ? value.toUpperCase() : value]));
      const answer = await user.call(name, { ...options, params: upper });
      expect(answer.status, answer.text).toBeLessThan(300);
    });

    test('400 lists every malformed id', async () => {
      const options = (await goodRequests[name]?.(user)) ?? {};
      const broken = Object.fromEntries(pathParams.map((param) => [param.slice(1, -1), 'not-a-uuid']));
      const error = expectError(await user.call(name, { ...options, params: { ...options.params, ...broken } }), 400);
      for (const param of Object.keys(broken)) expect(error.faults?.map(({ path }) => path)).toContain(`/params/${param}`);
    });
  }

  test('415 for a media type that it does not take, 413 for a body over the limit, 400 for broken JSON', async () => {
    if (!documented(name).requestBody?.content['application/json']) return;
    const options = (await goodRequests[name]?.(user)) ?? {};
    const send = (type: string, body: string): Promise<Answer> => user.call(name, { ...options, raw: { type, body } });
    expectError(await send('text/csv', 'a,b'), 415);
    expectError(await send('application/json', '{"a":'), 400);
    expectError(await send('application/json', JSON.stringify({ filler: 'x'.repeat(1_100_000) })), 413);
  });
});

test('an unknown path is 404 in the same shape', async () => {
  const response = await request(`${server.url}/api/nothing`);
  expect(response.statusCode).toBe(404);
  expect(((await response.body.json()) as { error: { type: string } }).error.type).toBe('not_found');
});

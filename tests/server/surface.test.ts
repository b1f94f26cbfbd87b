import { zstdDecompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningServer } from '../../reference-server/server.ts';
import { ask, at, json, signIn, start, timing, type User } from './frame.ts';

let server: RunningServer;
let user: User;
beforeAll(async () => {
  server = await start();
  user = await signIn(server.url);
});
afterAll(() => server.stop());

const models = (): string => `/api/organizations/${user.org}/model_configs/claude-opus-4-5-20251101`;
const list = (): string => `/api/organizations/${user.org}/chat_conversations`;

describe('the edge headers', () => {
  it('are those of the analysis, and nothing more', async () => {
    const answer = await ask(server.url, models(), { headers: { cookie: user.cookie } });
    expect(answer.status).toBe(200);
    expect(answer.headers).toMatchObject({ server: 'cloudflare', via: '1.1 google', 'cf-cache-status': 'DYNAMIC' });
    expect(answer.headers['cf-ray']).toMatch(/^[0-9a-f]{16}-EWR$/);
    expect(answer.headers['x-envoy-upstream-service-time']).toMatch(/^\d+$/);
    expect(answer.headers['request-id']).toMatch(/^req_011C[1-9A-HJ-NP-Za-km-z]{20}$/);
    for (const name of Object.keys(answer.headers)) expect(name).not.toMatch(/ratelimit|version|powered|alt-svc|retry/);
  });

  it('name another protocol only by setting', async () => {
    const other = await start({ altSvc: 'h3=":443"; ma=86400' });
    try {
      expect((await ask(other.url, '/api/account')).headers['alt-svc']).toBe('h3=":443"; ma=86400');
    } finally {
      await other.stop();
    }
  });
});

describe('errors', () => {
  const shape = (answer: Awaited<ReturnType<typeof ask>>, status: number, type: string): unknown => {
    expect(answer.status).toBe(status);
    const body = json(answer);
    expect(at(body, 'type')).toBe('error');
    expect(at(body, 'error.type')).toBe(type);
    expect(at(body, 'request_id')).toBe(answer.headers['request-id']);
    expect(answer.headers['server']).toBe('cloudflare');
    expect(timing(answer)['actual']?.dur).toBeGreaterThanOrEqual(0);
    return body;
  };

  it('400 lists every fault with its path', async () => {
    const body = shape(await ask(server.url, '/api/auth/sign_in', { method: 'POST', body: { email: 5, device_id: 'no uuid' } }), 400, 'invalid_request');
    const paths = (at(body, 'error.faults') as { path: string; message: string }[]).map((fault) => fault.path);
    expect(paths).toEqual(expect.arrayContaining(['/body/email', '/body/device_id']));
  });

  it('400 lists as many faults as there are', async () => {
    const body = { ...Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`unknown_${index}`, 1])), device_id: 'x' };
    const answer = await ask(server.url, '/api/auth/sign_in?x=1', { method: 'POST', body });
    const faults = json(answer, 'error.faults') as { path: string }[];
    expect(faults).toHaveLength(23);
    expect(faults.map(({ path }) => path)).toEqual(
      expect.arrayContaining(['/query/x', '/body/email', '/body/device_id', '/body/unknown_0', '/body/unknown_19']),
    );
  });

  it('400 for a URL that cannot be read: no part of the request, so its root', async () => {
    const body = shape(await ask(server.url, '/api/organizations/%E0%A4%A/projects'), 400, 'invalid_request');
    expect(at(body, 'error.faults')).toEqual([{ path: '/', message: expect.stringContaining('not a valid url') as string }]);
  });

  it('400 for a body that is not JSON', async () => {
    const answer = await ask(server.url, '/api/auth/sign_in', { method: 'POST', headers: { 'content-type': 'application/json' }, rawBody: '{"email":' });
    expect(at(shape(answer, 400, 'invalid_request'), 'error.faults.0.path')).toBe('/body');
  });

  it('401 without a session', async () => {
    const answer = await ask(server.url, list());
    expect(answer.status).toBe(401);
    shape(answer, 401, String(json(answer, 'error.type')));
  });

  it('404 for an unknown path and 405 for a wrong method', async () => {
    shape(await ask(server.url, '/api/nothing/here?x=1'), 404, 'not_found');
    const wrong = await ask(server.url, '/api/auth/sign_in');
    shape(wrong, 405, 'method_not_allowed');
    expect(wrong.headers['allow']).toBe('POST');
  });

  it('404 for a path of another origin, and any origin for a host that is none', async () => {
    shape(await ask(server.url, '/api/auth/sign_in', { method: 'POST', headers: { host: 'a-cdn.anthropic.com' }, body: {} }), 404, 'not_found');
    shape(await ask(server.url, '/api/auth/sign_in', { method: 'POST', headers: { host: 'claude.ai' }, body: {} }), 400, 'invalid_request');
  });

  it('413 for a body over the limit, 415 for another media type', async () => {
    const big = JSON.stringify({ email: 'x'.repeat(1_200_000), device_id: '' });
    shape(await ask(server.url, '/api/auth/sign_in', { method: 'POST', headers: { 'content-type': 'application/json' }, rawBody: big }), 413, 'body_too_large');
    for (const type of ['application/xml', 'text/plain', 'application/octet-stream']) {
      shape(await ask(server.url, '/api/auth/sign_in', { method: 'POST', headers: { 'content-type': type }, rawBody: 'x' }), 415, 'unsupported_media_type');
    }
  });

  it('431 for headers over the limit, in the same shape', async () => {
    const answer = await ask(server.url, '/api/account', { headers: { 'x-long': 'x'.repeat(20_000) } });
    expect(answer.status).toBe(431);
    expect(json(answer, 'error.type')).toBe('invalid_request');
  });

  it('of a completion come when its first event would have, not at the end of the stream', async () => {
    const slow = await start({ profile: 'fast' });
    try {
      const answer = await ask(slow.url, `/api/organizations/${user.org}/chat_conversations/${user.org}/completion`, { method: 'POST', body: {} });
      expect(answer.status).toBe(401);
      expect(timing(answer)['intended']?.dur).toBeLessThan(131);
      expect(timing(answer)['intended']?.dur).toBeGreaterThan(84);
    } finally {
      await slow.stop();
    }
  });
});

describe('zstd', () => {
  it('decodes to the same JSON, at about the ratio observed', async () => {
    const headers = { cookie: user.cookie };
    const plain = await ask(server.url, list(), { headers });
    const packed = await ask(server.url, list(), { headers: { ...headers, 'accept-encoding': 'gzip, br;q=0.5, zstd' } });
    expect(plain.headers['content-encoding']).toBeUndefined();
    expect(packed.headers['content-encoding']).toBe('zstd');
    expect(packed.headers['vary']).toBe('accept-encoding');
    expect(zstdDecompressSync(packed.body)).toEqual(plain.body);
    expect(plain.body.length / packed.body.length).toBeGreaterThan(2);
  });

  it('is not forced on who refuses it', async () => {
    const answer = await ask(server.url, list(), { headers: { cookie: user.cookie, 'accept-encoding': 'zstd;q=0, identity' } });
    expect(answer.headers['content-encoding']).toBeUndefined();
  });
});

describe('what the server serves for itself', () => {
  it('health, metrics and the API description', async () => {
    expect((await ask(server.url, '/healthz')).status).toBe(200);
    expect((await ask(server.url, '/readyz')).status).toBe(200);
    const metrics = (await ask(server.url, '/metrics')).body.toString();
    expect(metrics).toMatch(
      /http_server_request_duration_seconds_count\{operation="account.sign_in",service="account",latency_class="crud",status_class="2xx"\} [1-9]/,
    );
    expect(metrics).toMatch(/http_server_active_requests \d/);
    const document = await ask(server.url, '/openapi.json');
    expect(json(document, 'openapi')).toBe('3.1.0');
    expect(json(document, 'paths./api/auth/sign_in.post.operationId')).toBe('account.sign_in');
  });
});

import { afterEach, describe, expect, it } from 'vitest';
import { makeUsers, SetupError } from '../../harness/drive/users.ts';
import type { RequestStep, Scenario } from '../../scenarios/types.ts';
import { planOf } from '../support/driven.ts';
import { get, legOf, scenarioOf, serve, sleep } from './support/drive.ts';
import type { TestServer } from './support/drive.ts';

let server: TestServer | undefined;
afterEach(async () => {
  await server?.stop();
  server = undefined;
});

const setup: RequestStep[] = [
  get('sign-in', '/sign-in', { method: 'POST', body: { email: 'user-{{user}}@example.com', device: '{{uuid}}' }, capture: { session: 'cookie.session' } }),
  get('create', '/create', { headers: { 'x-step': '{{color}}' }, capture: { thing: 'body.id' } }),
];
const withSetup = (rest: Partial<Scenario> = {}): Scenario =>
  scenarioOf([get('a', '/a')], { setup, users: 10, variables: { color: 'red' }, headers: { cookie: 'session={{session}}' }, ...rest });

async function make(scenario: Scenario, url: string, signal = new AbortController().signal, maxRequests?: number) {
  const leg = legOf(scenario);
  return makeUsers(leg, planOf(url, leg, maxRequests === undefined ? {} : { maxRequests }), signal);
}

describe('users', () => {
  it('runs setup once a user, in order, with the variables so far', async () => {
    const seen: string[] = [];
    let atOnce = 0;
    let most = 0;
    server = await serve((request, response) => {
      let body = '';
      atOnce += 1;
      most = Math.max(most, atOnce);
      request.on('data', (text: Buffer) => {
        body += text.toString();
      });
      request.on('end', () => {
        seen.push(`${request.url} ${request.headers.cookie ?? '-'} ${request.headers['x-step'] ?? '-'} ${body}`);
        setTimeout(() => {
          atOnce -= 1;
          if (request.url === '/sign-in') {
            const email = (JSON.parse(body) as { email: string }).email;
            response.setHeader('set-cookie', `session=of-${email.split('@')[0]}`);
            response.end('{}');
          } else response.end(JSON.stringify({ id: `thing-${request.headers.cookie}` }));
        }, 10);
      });
    });
    const users = await make(withSetup(), server.url);
    expect(users).toHaveLength(10);
    expect(users[3]).toMatchObject({ user: '3', color: 'red', session: 'of-user-3', thing: 'thing-session=of-user-3' });
    expect(users[3]?.['uuid']).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4/);
    expect(new Set(users.map((user) => user['uuid'])).size).toBe(10);
    expect(seen).toHaveLength(20);
    // The scenario's cookie header waits until a step has captured the session.
    expect(seen.filter((line) => line.startsWith('/sign-in - - '))).toHaveLength(10);
    expect(seen).toContain(`/sign-in - - {"email":"user-3@example.com","device":"${users[3]?.['uuid']}"}`);
    expect(seen).toContain('/create session=of-user-3 red ');
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThanOrEqual(4);
    expect(await make(withSetup(), server.url)).toEqual(users);
  });

  it('without setup there is still one user', async () => {
    expect(await make(scenarioOf([get('a', '/a')]), 'http://127.0.0.1:1')).toMatchObject([{ user: '0' }]);
  });

  it('a failing step stops it, and the error names step, user, status and body', async () => {
    let seen = 0;
    server = await serve((request, response) => {
      seen += 1;
      request.resume();
      response.statusCode = 401;
      response.end('{"error":{"message":"who are you"}}');
    });
    const failure = await make(withSetup({ users: 500 }), server.url).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(SetupError);
    expect(String(failure)).toMatch(
      /setup of scenario "test", step "sign-in" \(test\.sign-in\), user \d: POST \/sign-in answered 401: .*body: \{"error":\{"message":"who are you"\}\}/,
    );
    await sleep(50);
    expect(seen).toBeLessThanOrEqual(4);
  });

  it('a capture that finds nothing, a server that is not there, a time-out, a stop and a spent budget each say so', async () => {
    server = await serve((request, response) => {
      request.resume();
      if (request.url === '/sign-in') response.end('{}');
    });
    const { url } = server;
    await expect(make(withSetup(), url)).rejects.toThrow(/capture "session" found nothing at "cookie.session"; body: \{\}/);
    await expect(make(withSetup(), 'http://127.0.0.1:1')).rejects.toThrow(/ECONNREFUSED/);
    await expect(make(withSetup({ setup: setup.slice(1), timeoutMs: 100 }), url)).rejects.toThrow(/no answer within 100 ms/);
    await expect(make(withSetup(), url, undefined, 0)).rejects.toThrow(/request budget of 0/);
    const stopper = new AbortController();
    setTimeout(() => stopper.abort(), 50);
    await expect(make(withSetup({ setup: setup.slice(1) }), url, stopper.signal)).rejects.toThrow(/the run was stopped/);
  });
});

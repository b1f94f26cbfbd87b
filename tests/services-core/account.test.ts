import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunningServer } from '../../reference-server/server.ts';
import { cookieValue } from '../../reference-server/services/sessions.ts';
import { deviceId, type ErrorAnswer, signIn, start } from './client.ts';

let server: RunningServer;
beforeAll(async () => {
  server = await start();
});
afterAll(() => server.stop());

interface AccountAnswer {
  account: { uuid: string; email_address: string; memberships: { role: string; organization: { uuid: string; name: string } }[] };
}

async function account(cookie: string): Promise<AccountAnswer['account']> {
  const response = await fetch(`${server.url}/api/account`, { headers: { cookie } });
  expect(response.status).toBe(200);
  return ((await response.json()) as AccountAnswer).account;
}

function post(body: unknown): Promise<Response> {
  return fetch(`${server.url}/api/auth/sign_in`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
}

describe('sign-in', () => {
  test('sets a session cookie that scripts cannot read, and the active organization', async () => {
    const response = await post({ email: 'user-0@example.com', device_id: deviceId });
    const [session = '', active = ''] = response.headers.getSetCookie();
    expect(session).toMatch(/^sessionKey=[\w-]{20,}; .*HttpOnly/);
    const { account: found } = (await response.json()) as AccountAnswer;
    expect(active).toMatch(new RegExp(`^lastActiveOrg=${found.memberships[0]?.organization.uuid}; `));
    expect(active).not.toContain('HttpOnly');
  });

  test('an unknown address becomes one new user of the default organization, whatever its case and however many sign in at once', async () => {
    const clients = await Promise.all(['New.One@elsewhere.test', 'new.one@elsewhere.test', 'NEW.ONE@elsewhere.test'].map((email) => signIn(server, email)));
    expect(new Set(clients.map((client) => client.userUuid)).size).toBe(1);
    expect(new Set(clients.map((client) => client.cookie)).size).toBe(3);
    const found = await account(clients[0]?.cookie ?? '');
    expect(found.email_address).toBe('new.one@elsewhere.test');
    expect(found.memberships.map(({ organization }) => organization.name)).toEqual(['Plumbline Works']);
  });

  test('an address of the second organization joins that one', async () => {
    const client = await signIn(server, 'somebody@org2.example.com');
    expect((await account(client.cookie)).memberships.map(({ organization }) => organization.name)).toEqual(['Second Tenant']);
  });

  test('one user can be a member of two organizations, and reach both', async () => {
    const client = await signIn(server, 'consultant@example.com');
    const { memberships } = await account(client.cookie);
    expect(memberships.map(({ organization }) => organization.name)).toEqual(['Plumbline Works', 'Second Tenant']);
    const seen: number[] = [];
    for (const { organization } of memberships) {
      const response = await fetch(`${server.url}/api/organizations/${organization.uuid}/chat_conversations/count_all`, { headers: { cookie: client.cookie } });
      seen.push(((await response.json()) as { count: number }).count);
    }
    expect(seen).toEqual([200, 20]);
  });

  test('bad input names every fault', async () => {
    const response = await post({ email: 'nobody', device_id: 'x', more: 1 });
    expect(response.status).toBe(400);
    const { error } = (await response.json()) as ErrorAnswer;
    expect(error.faults?.map((fault) => fault.path)).toEqual(expect.arrayContaining(['/body/email', '/body/device_id']));
  });
});

describe('session', () => {
  test('without one, or with an unknown one: 401', async () => {
    for (const cookie of ['', 'other=1', 'sessionKey=', 'sessionKey=plumbline-sid-unknown']) {
      const response = await fetch(`${server.url}/api/account`, { headers: { cookie } });
      expect(response.status).toBe(401);
      expect(((await response.json()) as ErrorAnswer).error.type).toBe('unauthenticated');
    }
  });

  test('the cookie is found among others, and a longer name is not it', () => {
    expect(cookieValue('a=1; sessionKey=s-1; b=2', 'sessionKey')).toBe('s-1');
    expect(cookieValue('notsessionKey=x; sessionKey=y=z', 'sessionKey')).toBe('y=z');
    expect(cookieValue('sessionKeys=x', 'sessionKey')).toBeUndefined();
    expect(cookieValue(undefined, 'sessionKey')).toBeUndefined();
  });
});

test('bootstrap has the account, every model and the active organization', async () => {
  const client = await signIn(server, 'user-1@example.com');
  const response = await fetch(`${server.url}/api/bootstrap`, { headers: { cookie: client.cookie } });
  const answer = (await response.json()) as AccountAnswer & { active_organization_uuid: string; device_id: string; models: { model: string }[] };
  expect(answer.account.email_address).toBe('user-1@example.com');
  expect(answer.active_organization_uuid).toBe(client.org);
  expect(answer.device_id).toBe(deviceId);
  expect(answer.models.map(({ model }) => model)).toEqual(['claude-haiku-4-5-20251001', 'claude-opus-4-5-20251101', 'claude-sonnet-4-5-20250929']);
});

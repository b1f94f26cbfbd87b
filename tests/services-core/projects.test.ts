import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunningServer } from '../../reference-server/server.ts';
import { type Client, type ErrorAnswer, type Page, signIn, start } from './client.ts';

interface Project {
  uuid: string;
  name: string;
  description: string;
  is_private: boolean;
  is_harmony_project: boolean;
  creator: { uuid: string; display_name: string };
}
interface ProjectAccount {
  account: { uuid: string; email_address: string };
  role: string;
}

let server: RunningServer;
let user: Client;
beforeAll(async () => {
  server = await start();
  user = await signIn(server, 'user-0@example.com');
});
afterAll(() => server.stop());
const newProject = (body: object = { name: 'New', is_private: false }): Promise<Project> => user.ask('POST', '/projects', body, 201);

describe('projects', () => {
  test('are listed with the captured fields', async () => {
    const page = await user.ask<Page<Project>>('GET', '/projects');
    expect(page.total).toBe(12);
    expect(Object.keys(page.data[0] ?? {})).toEqual(['uuid', 'name', 'description', 'is_private', 'is_harmony_project', 'creator']);
    expect(Object.keys(page.data[0]?.creator ?? {})).toEqual(['uuid', 'display_name']);
  });

  test('create, read, update, delete', async () => {
    const created = await newProject({ name: 'Tail', description: 'long' });
    expect(created).toMatchObject({ name: 'Tail', description: 'long', is_private: true, is_harmony_project: false, creator: { uuid: user.userUuid } });
    expect(await user.ask('GET', `/projects/${created.uuid}`)).toEqual(created);
    const updated = await user.ask<Project>('PUT', `/projects/${created.uuid}`, { is_private: false });
    expect(updated).toEqual({ ...created, is_private: false });
    expect((await user.ask<Page<Project>>('GET', '/projects?limit=1')).data).toEqual([updated]);
    await user.ask('DELETE', `/projects/${created.uuid}`, undefined, 204);
    for (const method of ['GET', 'DELETE']) expect((await user.request(method, `/projects/${created.uuid}`)).status).toBe(404);
    expect((await user.request('PUT', `/projects/${created.uuid}`, { name: 'x' })).status).toBe(404);
  });

  test('bad bodies', async () => {
    expect((await user.request('POST', '/projects', { description: 'no name' })).status).toBe(400);
    expect((await user.request('POST', '/projects', { name: '' })).status).toBe(400);
    expect((await user.request('POST', '/projects', { name: 'x', is_private: 'yes' })).json<ErrorAnswer>().error.faults?.map(({ path }) => path)).toEqual([
      '/body/is_private',
    ]);
  });
});

describe('accounts of a project', () => {
  test('its creator owns it; others are added with a role, changed and removed; permissions follow', async () => {
    const { uuid } = await newProject();
    const other = await signIn(server, 'user-1@example.com');
    const roleOfOther = async () => (await other.ask<{ role: string; permissions: string[] }>('GET', `/projects/${uuid}/permissions`)).role;
    expect(await roleOfOther()).toBe('viewer');
    for (const role of ['viewer', 'editor']) await user.ask('POST', `/projects/${uuid}/accounts`, { account_uuid: other.userUuid, role }, 201);
    expect(await roleOfOther()).toBe('editor');
    const accounts = await user.ask<Page<ProjectAccount>>('GET', `/projects/${uuid}/accounts`);
    expect(accounts.data.map(({ account, role }) => [account.email_address, role])).toEqual([
      ['user-0@example.com', 'owner'],
      ['user-1@example.com', 'editor'],
    ]);
    const own = await user.ask<{ role: string; permissions: string[] }>('GET', `/projects/${uuid}/permissions`);
    expect(own.role).toBe('owner');
    expect(own.permissions).toContain('project:delete');
    await user.ask('DELETE', `/projects/${uuid}/accounts/${other.userUuid}`, undefined, 204);
    expect((await user.request('DELETE', `/projects/${uuid}/accounts/${other.userUuid}`)).status).toBe(404);
    expect(await roleOfOther()).toBe('viewer');
  });

  test('the creator stays, and nobody of another organization joins', async () => {
    const { uuid } = await newProject();
    expect((await user.request('DELETE', `/projects/${uuid}/accounts/${user.userUuid}`)).status).toBe(409);
    expect((await user.request('POST', `/projects/${uuid}/accounts`, { account_uuid: user.userUuid, role: 'viewer' })).status).toBe(409);
    const stranger = await signIn(server, 'user-0@org2.example.com');
    const answer = await user.request('POST', `/projects/${uuid}/accounts`, { account_uuid: stranger.userUuid });
    expect(answer.status).toBe(400);
    expect(answer.json<ErrorAnswer>().error.faults?.map(({ path }) => path)).toEqual(['/body/account_uuid']);
  });
});

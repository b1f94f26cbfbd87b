/** Every operation answers the same on SQLite and on Postgres: the same requests in the same order to a server on each. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { operations } from '../../scenarios/operations.ts';
import { type RunningServer, startServer } from '../../reference-server/server.ts';
import { type Answer, type CallOptions, signIn, type User } from '../operations/client.ts';
import { goodRequests } from '../operations/good-requests.ts';
import { startPostgres } from '../support/postgres.ts';

const postgres = await startPostgres();

/** What is made anew in each server, by the order of its first appearance: so that what belongs together still does. */
function withoutChance(text: string): string {
  const seen = new Map<string, string>();
  const made =
    /\b1\d{12}\b|[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}|\d{4}-\d\d-\d\dT[\d:.]+Z|\b[\da-f]{32}\b|\b(?:req|msg)_\w+|plumbline-sid-[\w-]+|"actual[^,}]*|"lateness[^,}]*/g;
  return text.replace(made, (value) => {
    const name = seen.get(value) ?? `made-${seen.size}`;
    seen.set(value, name);
    return name;
  });
}

describe.skipIf(postgres === undefined)('on both databases', () => {
  const servers: RunningServer[] = [];
  let users: User[] = [];
  beforeAll(async () => {
    servers.push(await startServer({ profile: 'instant' }));
    servers.push(await startServer({ profile: 'instant', database: (await postgres?.newDatabase()) ?? '' }));
    users = await Promise.all(servers.map(({ url }) => signIn(url, 'owner@example.com')));
  });
  afterAll(async () => {
    for (const server of servers) await server.stop();
    await postgres?.stop();
  });

  const both = async (operation: string, options: (user: User) => Promise<CallOptions>): Promise<Answer[]> => {
    const answers: Answer[] = [];
    for (const user of users) answers.push(await user.call(operation, await options(user)));
    return answers;
  };
  const same = ([one, other]: Answer[], status: number): void => {
    expect([one?.status, other?.status]).toEqual([status, status]);
    expect(withoutChance(other?.text ?? 'none')).toBe(withoutChance(one?.text ?? ''));
  };

  test.for(operations.map(({ name }) => name).filter((name) => goodRequests[name] !== undefined))('%s', async (name) => {
    const options = goodRequests[name] as (user: User) => Promise<CallOptions>;
    const answers = await both(name, options);
    same(answers, answers[0]?.status ?? 0);
    expect(answers[0]?.status).toBeLessThan(300);
  });

  test('every page of a list has the same rows in the same order', async () => {
    for (const offset of ['0', '7', '99', '100', '101', '190', '199', '200', '5000']) {
      const pages = await both('chat.conversations.list', async () => ({ query: { limit: '11', offset } }));
      // What the operations above have made comes first, and has ids of its own.
      same(pages, 200);
    }
    const all = (await users[0]?.call('chat.conversations.list', { query: { limit: '250' } }))?.json as { data: { uuid: string }[]; total: number };
    expect(all.data).toHaveLength(all.total);
    const paged: string[] = [];
    for (let offset = 0; offset < all.total; offset += 17) {
      const page = (await users[1]?.call('chat.conversations.list', { query: { limit: '17', offset: String(offset) } }))?.json as typeof all;
      paged.push(...page.data.map(({ uuid }) => uuid));
    }
    // The seeded ones have the same ids in both.
    const seeded = (uuids: string[]): string[] => uuids.filter((uuid) => uuid < '019c');
    expect(seeded(paged)).toHaveLength(200);
    expect(seeded(paged)).toEqual(seeded(all.data.map(({ uuid }) => uuid)));
  });

  test('what is refused is refused with the same words', async () => {
    const absent = '019b8680-3afb-731f-88ab-13fba59cab9c';
    same(await both('chat.conversations.read', async () => ({ params: { conversation_uuid: absent } })), 404);
    same(await both('chat.conversations.create', async () => ({ body: { name: 'x', project_uuid: absent } })), 400);
    same(await both('chat.conversations.create', async () => ({ body: { name: 'a\u0000b' } })), 400);
    const taken = await both('chat.conversations.create', async (user) => {
      const { uuid } = (await user.call('chat.conversations.create', { body: {} })).json as { uuid: string };
      return { body: { uuid } };
    });
    same(taken, 409);
  });

  test('text comes back as it was sent', async () => {
    const name = 'Ünïcode \u{1f600} "quoted" \\ \u2028 \ufeff end';
    const made = await both('chat.conversations.create', async () => ({ body: { name } }));
    expect(made.map(({ json }) => (json as { name: string }).name)).toEqual([name, name]);
  });

  test('of changes to one conversation at the same moment none is lost', async () => {
    for (const user of users) {
      const { uuid } = (await user.call('chat.conversations.create', { body: {} })).json as { uuid: string };
      const params = { conversation_uuid: uuid };
      const flags = ['enabled_saffron', 'enabled_turmeric', 'enabled_bananagrams', 'enabled_sourdough', 'enabled_foccacia', 'enabled_monkeys_in_a_barrel'];
      const wanted = Object.fromEntries(flags.map((flag, index) => [flag, index % 2 === 0]));
      await Promise.all(flags.map((flag) => user.call('chat.conversations.update', { params, body: { settings: { [flag]: wanted[flag] } } })));
      const read = (await user.call('chat.conversations.read', { params, query: { consistency: 'strong' } })).json as { settings: object };
      expect(read.settings).toMatchObject(wanted);
    }
  });
});

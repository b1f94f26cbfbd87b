/** Asynchronous work by real processes: killed in the middle, and two on one database. Nothing is lost, and nothing shows twice. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { type ServerProcess, startServerProcess } from '../../harness/server-process.ts';
import { countJobs } from '../../reference-server/jobs/job-rows.ts';
import { openDatabase, type Place } from '../../reference-server/store/database.ts';
import { signIn, type User } from '../operations/client.ts';
import { ask, until } from '../server/frame.ts';
import { forEachDatabase } from '../store/databases.ts';

const testMs = 60_000;
const conversationsEach = 8;
const itemsEach = 3;

/** What was asked for and accepted, and so must be there in the end. */
interface Wanted {
  titles: Map<string, string>;
  /** By conversation: how many versions its artifact has. */
  versions: Map<string, number>;
  ingestions: string[];
}

async function newConversations(user: User): Promise<Wanted> {
  const wanted: Wanted = { titles: new Map(), versions: new Map(), ingestions: [] };
  for (let index = 0; index < conversationsEach; index += 1) {
    const { uuid } = (await user.call('chat.conversations.create', { body: {} })).json as { uuid: string };
    const made = await user.call('chat.artifacts.create_version', {
      params: { artifact_uuid: randomUUID() },
      body: { content: 'one', conversation_uuid: uuid },
    });
    expect(made.status).toBe(201);
    wanted.versions.set(uuid, 1);
  }
  return wanted;
}

/** Asks for everything that is done afterwards, and notes it. */
async function askFor(user: User, wanted: Wanted, items: string[], title: string): Promise<void> {
  for (const uuid of wanted.versions.keys()) {
    const params = { conversation_uuid: uuid };
    const completion = await user.call('chat.completion', { params, body: { prompt: 'A short answer, please.' } });
    expect(completion.text).toContain('message_stop');
    wanted.versions.set(uuid, (wanted.versions.get(uuid) ?? 0) + 1);
    const accepted = await user.call('chat.conversations.title', { params, body: { message_content: title } });
    expect(accepted.status).toBe(202);
    wanted.titles.set(uuid, title);
  }
  const started = await user.call('sync.ingestion.start', { body: { provider: 'drive', item_uuids: items } });
  expect(started.status).toBe(202);
  wanted.ingestions.push((started.json as { uuid: string }).uuid);
}

/** The same, as the server shows it. */
async function seen(user: User, wanted: Wanted): Promise<Wanted & { notDone: number }> {
  const found: Wanted & { notDone: number } = { titles: new Map(), versions: new Map(), ingestions: [], notDone: 0 };
  for (const uuid of wanted.versions.keys()) {
    const { name } = (await user.call('chat.conversations.read', { params: { conversation_uuid: uuid } })).json as { name: string };
    found.titles.set(uuid, name);
    const { data } = (await user.call('chat.artifacts.versions', { params: { artifact_uuid: uuid } })).json as { data: { version: number }[] };
    expect(data.map(({ version }) => version)).toEqual(data.map((_, index) => index + 1));
    found.versions.set(uuid, data.length);
  }
  for (const uuid of wanted.ingestions) {
    const answer = await user.call('sync.ingestion.read', { params: { ingestion_uuid: uuid } });
    const { status, items_done } = answer.json as { status: string; items_done: number };
    expect(items_done).toBeLessThanOrEqual(itemsEach);
    if (status === 'done' && items_done === itemsEach) found.ingestions.push(uuid);
    else found.notDone += 1;
  }
  return found;
}

async function ingested(user: User): Promise<string[]> {
  const { data } = (await user.call('sync.drive.read', { query: { limit: String(itemsEach) } })).json as { data: { uuid: string }[] };
  return data.map(({ uuid }) => uuid);
}

async function metric(server: ServerProcess, name: string): Promise<number> {
  const text = (await ask(server.url, '/metrics')).body.toString();
  const lines = text.split('\n').filter((line) => line.startsWith(`${name}{`));
  expect(lines.length).toBeGreaterThan(0);
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}

/** Jobs that are not done, asked of the database while no server runs. */
async function left(place: Place): Promise<number> {
  const database = await openDatabase(place);
  try {
    return (await countJobs(database.db)).reduce((sum, { count }) => sum + count, 0);
  } finally {
    await database.close();
  }
}

await forEachDatabase(({ name, place, flags }) => {
  const start = (where: Place): Promise<ServerProcess> => startServerProcess({ profile: 'instant', flags: flags(where) }, AbortSignal.timeout(testMs));

  test(
    'kill -9 in the middle loses nothing and repeats nothing',
    async () => {
      const where = await place();
      let server = await start(where);
      try {
        let user = await signIn(server.url, 'owner@example.com');
        const items = await ingested(user);
        const wanted = await newConversations(user);
        // The first kill is among the artifacts' versions, the second among titles and items.
        for (const [round, waitMs] of [0, 600].entries()) {
          await askFor(user, wanted, items, `Title of round ${round}`);
          await sleep(waitMs);
          process.kill(server.pid, 'SIGKILL');
          await server.stop();
          expect(await left(where)).toBeGreaterThan(0);
          server = await start(where);
          user = await signIn(server.url, 'owner@example.com');
        }
        const all = { ...wanted, notDone: 0 };
        await until(async () => JSON.stringify(await snapshot(user, wanted)) === JSON.stringify(flat(all)), 'all that was accepted is done', 20_000);
        await until(async () => (await metric(server, 'plumbline_jobs')) === 0, 'the queue is empty', 10_000);
        expect(await snapshot(user, wanted)).toEqual(flat(all));
      } finally {
        await server.stop();
      }
      expect(await left(where)).toBe(0);
    },
    testMs,
  );

  if (name === 'postgres')
    test(
      'two servers share the work, each job is done by one; one that is killed leaves its jobs to the other',
      async () => {
        const where = await place();
        const [one, other] = [await start(where), await start(where)];
        try {
          const users = [await signIn(one.url, 'owner@example.com'), await signIn(other.url, 'owner@example.com')] as const;
          const items = await ingested(users[0]);
          const wanted = await newConversations(users[0]);
          const done = async (): Promise<number> =>
            (await metric(one, 'plumbline_job_duration_seconds_count')) + (await metric(other, 'plumbline_job_duration_seconds_count'));
          await Promise.all([askFor(users[0], wanted, items, 'A title'), askFor(users[1], await newConversations(users[1]), items, 'A title')]);
          // Versions, titles and the ingestion of each.
          const jobs = 2 * (2 * conversationsEach + 1);
          await until(async () => (await done()) >= jobs, 'all are done', 20_000);
          await until(async () => (await metric(other, 'plumbline_jobs')) === 0, 'the queue is empty', 10_000);
          expect(await done()).toBe(jobs);
          for (const server of [one, other]) expect(await metric(server, 'plumbline_job_duration_seconds_count')).toBeGreaterThan(0);
          expect(await snapshot(users[1], wanted)).toEqual(flat({ ...wanted, notDone: 0 }));

          await askFor(users[0], wanted, items, 'Another title');
          process.kill(one.pid, 'SIGKILL');
          await until(
            async () => JSON.stringify(await snapshot(users[1], wanted)) === JSON.stringify(flat({ ...wanted, notDone: 0 })),
            'the other has done what was left',
            20_000,
          );
        } finally {
          await one.stop();
          await other.stop();
        }
      },
      testMs,
    );
});

const flat = ({ titles, versions, ingestions, notDone }: Wanted & { notDone: number }): object => ({
  titles: [...titles],
  versions: [...versions],
  ingestions: [...ingestions],
  notDone,
});

async function snapshot(user: User, wanted: Wanted): Promise<object> {
  return flat(await seen(user, wanted));
}

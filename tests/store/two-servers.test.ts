/** Servers that start at the same moment on the same empty place migrate and seed it once. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { openStore } from '../../reference-server/store/store.ts';
import { forEachDatabase } from './databases.ts';

const main = fileURLToPath(new URL('../../reference-server/main.ts', import.meta.url));
const servers = 3;

/** Resolves with its exit code, once it has been ready and was stopped. */
async function startAndStop(flags: readonly string[]): Promise<{ isReady: boolean; code: number | null; complaints: string }> {
  const child = spawn(process.execPath, [main, '--port', '0', '--profile', 'instant', '--json', ...flags], { stdio: ['ignore', 'pipe', 'pipe'] });
  let isReady = false;
  let complaints = '';
  child.stderr.on('data', (chunk: Buffer) => (complaints += chunk.toString()));
  createInterface({ input: child.stdout }).on('line', () => {
    isReady = true;
    child.kill('SIGTERM');
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { isReady, code, complaints };
}

await forEachDatabase(({ place, flags }) => {
  test(`${servers} processes that start at once all serve, and everything was done once`, async () => {
    const where = await place();
    const results = await Promise.all(Array.from({ length: servers }, () => startAndStop([...flags(where), '--size', '3'])));
    expect(results).toEqual(results.map(() => ({ isReady: true, code: 0, complaints: '' })));
    const store = await openStore({ seed: 1, place: where });
    try {
      const { count } = await store.db
        .selectFrom('conversations')
        .select((of) => of.fn.countAll<number>().as('count'))
        .executeTakeFirstOrThrow();
      // 600 of the first organization and 60 of the second: once.
      expect(count).toBe(660);
      const applied = await sql<{ name: string; times: number }>`select name, count(*) as times from kysely_migration group by name order by name`.execute(
        store.db,
      );
      expect(applied.rows.length).toBeGreaterThan(0);
      expect(applied.rows.filter(({ times }) => times !== 1)).toEqual([]);
    } finally {
      await store.close();
    }
  });
});

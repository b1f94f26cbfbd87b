/** Every acknowledged write is there after `kill -9`. The bench does the same a hundred times: `npm run bench -- --only durability`. */
import { fileURLToPath } from 'node:url';
import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { durabilityRounds } from '../../bench/durability/rounds.ts';
import { openStore } from '../../reference-server/store/store.ts';
import { forEachDatabase } from './databases.ts';

const lateCommit = fileURLToPath(new URL('./late-commit.ts', import.meta.url));
const testMs = 120_000;

await forEachDatabase(({ name, place, flags }) => {
  test(
    '10 rounds of kill -9 with writers running lose nothing that was acknowledged',
    async () => {
      const { rounds, acknowledged, lost } = await durabilityRounds({ rounds: 10, flags: flags(await place()), signal: AbortSignal.timeout(testMs) });
      expect(lost).toEqual([]);
      expect(rounds).toBe(10);
      expect(acknowledged).toBeGreaterThan(20);
    },
    testMs,
  );

  test(
    'a store that acknowledges before it commits is found out',
    async () => {
      const { acknowledged, lost } = await durabilityRounds({
        rounds: 10,
        // On `instant` the answer waits for the replica, which reads what was committed.
        profile: 'fast',
        flags: flags(await place()),
        prefix: ['env', `NODE_OPTIONS=--import=${lateCommit}`],
        untilLost: true,
        signal: AbortSignal.timeout(testMs),
      });
      expect(acknowledged).toBeGreaterThan(0);
      expect(lost.length).toBeGreaterThan(0);
    },
    testMs,
  );

  // What is set, and no proof that it works: that would take a power cut.
  test('is set up to have a commit on the disk before it is acknowledged', async () => {
    const store = await openStore({ seed: 1, size: { conversations: 1, projects: 1, artifacts: 1 }, place: await place() });
    try {
      if (name === 'sqlite') {
        expect((await sql`pragma synchronous`.execute(store.db)).rows).toEqual([{ synchronous: 2 }]);
        expect((await sql`pragma journal_mode`.execute(store.db)).rows).toEqual([{ journal_mode: 'wal' }]);
      } else {
        expect((await sql`show synchronous_commit`.execute(store.db)).rows).toEqual([{ synchronous_commit: 'on' }]);
        expect((await sql`show fsync`.execute(store.db)).rows).toEqual([{ fsync: 'on' }]);
      }
    } finally {
      await store.close();
    }
  });
});

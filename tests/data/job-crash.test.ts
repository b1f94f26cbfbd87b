/** A job that ends whoever works on it, in the middle of others. */
import { expect, test } from 'vitest';
import { mostAttempts } from '../../reference-server/jobs/job-queue.ts';
import { enqueue, putBack, removeJob, takeJobs } from '../../reference-server/jobs/job-rows.ts';
import { openStore } from '../../reference-server/store/store.ts';
import { forEachDatabase } from '../store/databases.ts';

const leaseMs = 100;

await forEachDatabase(({ place }) => {
  test('it is given up, and takes none of those that were taken with it along', async () => {
    const store = await openStore({ seed: 1, size: { conversations: 1, projects: 1, artifacts: 1 }, place: await place() });
    try {
      const names = Array.from({ length: 12 }, (_, index) => `job ${index}`);
      const killer = 'job 3';
      let nowMs = Date.now();
      for (const name of names) await enqueue(store.db, { kind: 'title', payload: {}, requestKey: name, nowMs, delayMs: 0 });
      const done: string[] = [];
      const lost: string[] = [];
      let kills = 0;
      // Each round is a worker, as the queue is one: until it is killed, or there is nothing left.
      for (let round = 0; round < 3 * mostAttempts && done.length + lost.length < names.length; round += 1) {
        nowMs += 2 * leaseMs;
        let isAlive = true;
        while (isAlive) {
          const jobs = await takeJobs(store.db, { nowMs, leaseMs, most: 8 });
          if (jobs.length === 0) break;
          for (const job of jobs) {
            if (job.attempts > mostAttempts) {
              lost.push(job.requestKey);
              await putBack(store.db, job, { due_at_ms: null });
            } else if (job.requestKey === killer) {
              kills += 1;
              isAlive = false;
              break;
            } else {
              done.push(job.requestKey);
              await removeJob(store.db, job);
            }
          }
        }
      }
      expect(lost).toEqual([killer]);
      expect(kills).toBe(mostAttempts);
      expect(done.toSorted()).toEqual(names.filter((name) => name !== killer).toSorted());
    } finally {
      await store.close();
    }
  });
});

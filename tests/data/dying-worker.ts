/** A process that works on the jobs of a database, and is killed (`kill -9`, by itself) at the job with the request key "job 1". Its argument is a `Death` as JSON. */
import { JobQueue } from '../../reference-server/jobs/job-queue.ts';
import { realClock } from '../../reference-server/latency/deadline-clock.ts';
import { openDatabase, type Place } from '../../reference-server/store/database.ts';

export interface Death {
  place: Place;
  at: Moment;
}
/** With its work written and not committed; or with everything committed, and nothing else done after it. */
export type Moment = 'in the middle of' | 'just after the commit of';

const { place, at } = JSON.parse(process.argv[2] ?? '') as Death;
const { db } = await openDatabase(place);
const dies = (requestKey: string, moment: Moment): void => {
  if (requestKey === 'job 1' && moment === at) process.kill(process.pid, 'SIGKILL');
};

new JobQueue({
  db,
  clock: realClock(),
  replication: {
    async commit({ key }, does) {
      const result = await db.transaction().execute((transaction) => does(transaction, []));
      dies(key, 'just after the commit of');
      return { result, position: { title: 0, content: 0 }, committedMs: undefined };
    },
  },
  kinds: [
    {
      kind: 'title',
      name: 'write title',
      async run(transaction, _changes, { requestKey, attempts }) {
        await transaction
          .insertInto('model_configs')
          .values({ model: `${requestKey}, attempt ${attempts}`, body: '{}' })
          .execute();
        dies(requestKey, 'in the middle of');
        return undefined;
      },
    },
  ],
  onEnd: () => undefined,
  onFault(error) {
    throw error;
  },
  leaseMs: 500,
}).start();

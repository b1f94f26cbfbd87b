import type { Transaction } from 'kysely';
import type { Change } from '../store/replication/changes.ts';
import type { Tables } from '../store/tables.ts';
import type { JobKindName } from './job-names.ts';
import type { TakenJob } from './job-rows.ts';

/** One kind of asynchronous work. */
export interface JobKind {
  kind: JobKindName;
  /** Of its commits and spans: `write title`. */
  name: string;
  /**
   * Does the work, or one step of it, on the primary. The job goes in the same transaction, so what was done is done once, however often a job is taken;
   * whatever is done elsewhere may be done again. What the replica has goes into `changes`, too. Throws: nothing was done, and it is tried again later.
   * @returns when the next step is due, in milliseconds since 1970; undefined: it is done
   */
  run(transaction: Transaction<Tables>, changes: Change[], job: TakenJob): Promise<number | undefined>;
  /** After the last attempt: what its user is to see of it. */
  giveUp?(transaction: Transaction<Tables>, changes: Change[], job: TakenJob, reason: string): Promise<void>;
}

import type { Kysely } from 'kysely';
import type { DeadlineClock, DeadlineTimer } from '../latency/deadline-clock.ts';
import { StoreFault } from '../store/faults.ts';
import type { Replication } from '../store/replication/replication.ts';
import type { Tables } from '../store/tables.ts';
import type { JobKind } from './job-kind.ts';
import { countJobs, forgetFailed, holds, type JobCount, nextDueMs, putBack, removeJob, type TakenJob, takeJobs } from './job-rows.ts';

export interface JobQueueParts {
  db: Kysely<Tables>;
  replication: Pick<Replication, 'commit'>;
  clock: DeadlineClock;
  kinds: readonly JobKind[];
  /** A job is over, so long after it was asked for. */
  onEnd(kind: string, outcome: 'done' | 'failed', durationMs: number): void;
  onFault(error: unknown): void;
  /** How long a job is nobody else's: when its worker is gone, another one takes it after that. Default 5 s; shorter in tests. */
  leaseMs?: number;
  /** Before the second attempt; twice as long before each further one. Default 250 ms. */
  backOffMs?: number;
}

/** Jobs that are taken at once; done one after another. */
const takenEach = 8;
/** Who else queues jobs in the same database, or leaves them behind, does not tell: the queue is looked at so often. */
const lookMs = 2_000;
const defaultLeaseMs = 5_000;
const defaultBackOffMs = 250;
const longestBackOffMs = 60_000;
/** A job that was given up stays in the table so long, for whoever looks why. */
const failedKeptMs = 7 * 24 * 3_600_000;
const forgetEachMs = 3_600_000;
/** Share of the time. */
const mostCounting = 0.02;
/** With the waits between them, about a minute. */
export const mostAttempts = 8;
/** After an error of the queue itself, such as a database that is away. */
const retryMs = 250;
/** Failures in a row before they are told; with the retries, two seconds and more. */
const toldAfter = 8;

/** The lease ran out, and somebody else has the job, or has done it. */
class LeaseLost extends Error {}

/**
 * The worker of a durable queue: takes what is due with a lease, at least once, and does it in one transaction with the job's end. Whatever it knows is in the
 * database, so that it may end at any moment: the next one goes on.
 */
export class JobQueue {
  readonly #parts: JobQueueParts;
  readonly #kinds: ReadonlyMap<string, JobKind>;
  #timer: DeadlineTimer | undefined;
  #timerMs = Number.POSITIVE_INFINITY;
  #running: Promise<void> | undefined;
  /** Somebody woke it while it worked: it may have looked past what is due now. */
  #again = false;
  #isStopped = false;
  #failures = 0;
  #counts: readonly JobCount[] = [];
  #countedMs = Number.NEGATIVE_INFINITY;
  #countEachMs = 0;
  #forgotMs = Number.NEGATIVE_INFINITY;
  /** When the first job was due, as it was when last looked; milliseconds since 1970. */
  #firstDueMs = Number.POSITIVE_INFINITY;

  constructor(parts: JobQueueParts) {
    this.#parts = parts;
    this.#kinds = new Map(parts.kinds.map((kind) => [kind.kind, kind]));
  }

  /** Begins with what the database has. */
  start(): void {
    this.#run();
  }

  /** Something was queued, and is due so long from now. */
  expect(delayMs: number): void {
    this.#wakeAt(this.#parts.clock.now() + delayMs);
  }

  /** Jobs that are not done, as they were when last looked: 2 s ago at most, where they are not so many that counting takes long. */
  get counts(): readonly JobCount[] {
    return this.#counts;
  }

  /** How long the job that is overdue the longest has been due, or its worker's lease has been over; 0: none is. It grows also while this worker hangs. */
  get overdueMs(): number {
    return Math.max(0, Date.now() - this.#firstDueMs);
  }

  /** For good; what is under way is done first. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#timer?.cancel();
    await this.#running;
  }

  #run(): void {
    this.#again = this.#running !== undefined;
    if (this.#running || this.#isStopped) return;
    this.#running = this.#work().finally(() => {
      this.#running = undefined;
      if (this.#again) this.#run();
    });
  }

  async #work(): Promise<void> {
    const { clock } = this.#parts;
    try {
      const dueInMs = await this.#doDue();
      await this.#count();
      this.#failures = 0;
      this.#wakeAt(clock.now() + dueInMs);
    } catch (error) {
      if (this.#isStopped) return;
      this.#failures += 1;
      // A database that is away for a moment is no news; requests tell it.
      if (!(error instanceof StoreFault) || this.#failures === toldAfter) this.#parts.onFault(error);
      this.#wakeAt(clock.now() + retryMs);
    }
  }

  /** @returns how long there is nothing to do */
  async #doDue(): Promise<number> {
    const { db, leaseMs = defaultLeaseMs } = this.#parts;
    while (!this.#isStopped) {
      this.#firstDueMs = (await nextDueMs(db)) ?? Number.POSITIVE_INFINITY;
      const dueInMs = this.#firstDueMs - Date.now();
      if (dueInMs > 0) return Math.min(dueInMs, lookMs);
      const jobs = await takeJobs(db, { nowMs: Date.now(), leaseMs, most: takenEach });
      for (const job of jobs) {
        if (this.#isStopped) await putBack(db, job, { due_at_ms: job.dueAtMs, attempts: job.attempts - 1 });
        else await this.#attempt(job);
      }
      await this.#count();
      // Requests go first.
      await new Promise((resolve) => setImmediate(resolve));
    }
    return lookMs;
  }

  async #attempt(job: TakenJob): Promise<void> {
    const { db, replication, onEnd, onFault } = this.#parts;
    const kind = this.#kinds.get(job.kind);
    try {
      // Whoever took it before ended in the middle each time, or could not say what went wrong.
      if (job.attempts > mostAttempts) return await this.#giveUp(job, kind, 'it was taken too often and never ended');
      if (!kind) throw new Error(`no worker for jobs of the kind "${job.kind}"`);
      const { result: isDone } = await replication.commit({ key: job.requestKey, name: kind.name }, async (transaction, changes) => {
        if (!(await holds(transaction, job))) throw new LeaseLost();
        const nextAtMs = await kind.run(transaction, changes, job);
        if (nextAtMs === undefined) await removeJob(transaction, job);
        else await putBack(transaction, job, { due_at_ms: nextAtMs, attempts: 0, last_error: null });
        return nextAtMs === undefined;
      });
      if (isDone) onEnd(job.kind, 'done', Date.now() - job.createdAtMs);
    } catch (error) {
      if (error instanceof LeaseLost) return;
      const reason = error instanceof Error ? error.message : String(error);
      if (job.attempts >= mostAttempts) {
        onFault(new Error(`a job was given up after ${mostAttempts} attempts: ${job.kind} ${job.uuid}`, { cause: error }));
        await this.#giveUp(job, kind, reason);
        return;
      }
      await putBack(db, job, { due_at_ms: Date.now() + this.#backOffMs(job.attempts), last_error: reason });
    }
  }

  #backOffMs(attempts: number): number {
    return Math.min(longestBackOffMs, (this.#parts.backOffMs ?? defaultBackOffMs) * 2 ** (attempts - 1));
  }

  async #giveUp(job: TakenJob, kind: JobKind | undefined, reason: string): Promise<void> {
    await this.#parts.replication.commit({ key: job.requestKey, name: `give up ${job.kind}` }, async (transaction, changes) => {
      if (!(await holds(transaction, job))) return;
      await kind?.giveUp?.(transaction, changes, job, reason);
      await putBack(transaction, job, { due_at_ms: null, last_error: reason });
    });
    this.#parts.onEnd(job.kind, 'failed', Date.now() - job.createdAtMs);
  }

  async #count(): Promise<void> {
    const { clock, db } = this.#parts;
    if (clock.now() - this.#countedMs < this.#countEachMs) return;
    if (clock.now() - this.#forgotMs >= forgetEachMs) {
      await forgetFailed(db, Date.now() - failedKeptMs);
      this.#forgotMs = clock.now();
    }
    const fromMs = clock.now();
    this.#counts = await countJobs(db);
    this.#countedMs = clock.now();
    this.#countEachMs = Math.max(lookMs / 2, (this.#countedMs - fromMs) / mostCounting);
  }

  #wakeAt(atMs: number): void {
    if (this.#isStopped || atMs >= this.#timerMs) return;
    this.#timer?.cancel();
    this.#timerMs = atMs;
    this.#timer = this.#parts.clock.at(atMs, () => {
      this.#timerMs = Number.POSITIVE_INFINITY;
      this.#run();
    });
  }
}

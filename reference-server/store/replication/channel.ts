import type { Kysely } from 'kysely';
import type { DeadlineClock, DeadlineTimer } from '../../latency/deadline-clock.ts';
import type { ReplicationChannel } from '../../latency/profile.ts';
import { StoreFault } from '../faults.ts';
import type { Tables } from '../tables.ts';
import { applyDue, EntryFault, type LogQuestions } from './apply.ts';
import { type LogRow, oldestEntries, removeEntries, waitingTitles } from './change-log.ts';
import type { LogSight } from './pending-changes.ts';
import type { ReplicaDatabase } from './replica-database.ts';

/** Entries of one transaction on the replica: on SQLite nothing else runs meanwhile, so that it must be short. */
const entriesEach = 8;
/** Entries that fall due within this are applied together. */
const gatherMs = 4;
/** After an error, such as a database that is away. */
const retryMs = 250;
/** Failures in a row; with the retries, two seconds and more. */
const toldAfter = 8;
/** An entry that fails so often by itself is passed over, so that those behind it come. */
const mostAttempts = 8;

export interface ChannelParts {
  primary: Kysely<Tables>;
  replica: ReplicaDatabase;
  clock: DeadlineClock;
  /** Milliseconds since 1970, on the server's clock. */
  wallMs(): number;
  /** Before the log is read; what is returned is told what it had. */
  onRead(): (sight: LogSight) => void;
  /** After each transaction on the replica. */
  onApplied(entries: readonly AppliedEntry[]): void;
  /** One could not be applied, and was taken out of the log. */
  onPassedOver(fault: EntryFault): void;
  onFault(error: unknown): void;
}

export interface AppliedEntry {
  seq: number;
  /** From its commit to now; undefined: it was not applied, or another server tells it. */
  lagMs: number | undefined;
}

/**
 * The one applier of a channel: takes what is due out of the log, the oldest first, brings it to the replica, and only then out of the log. Whatever it knows
 * is in the two databases, so that it can be stopped at any moment and goes on where it was. An entry behind a slower one waits for it.
 */
export class Channel {
  readonly #name: ReplicationChannel;
  readonly #parts: ChannelParts;
  #isPaused = false;
  #isStopped = false;
  #timer: DeadlineTimer | undefined;
  #timerMs = Number.POSITIVE_INFINITY;
  #running: Promise<void> | undefined;
  #failures = 0;
  /** The entry that failed last, and how often in a row. */
  #stuck: { seq: number; attempts: number } = { seq: 0, attempts: 0 };
  readonly #passedOver = new Map<number, EntryFault>();
  #next: Promise<void> | undefined;
  #lastRunMs = Number.NEGATIVE_INFINITY;

  constructor(name: ReplicationChannel, parts: ChannelParts) {
    this.#name = name;
    this.#parts = parts;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** Something was committed, and is due at a moment of the server's clock. */
  expect(dueMs: number): void {
    this.#wakeAt(Math.max(dueMs, this.#lastRunMs + gatherMs));
  }

  /** Applies what is due now. Resolves when that is done; at once where the channel is paused. */
  async run(): Promise<void> {
    if (this.#isPaused || this.#isStopped) return;
    if (this.#running) {
      // What was committed meanwhile may have been looked past: once more, for all who ask until then.
      this.#next ??= this.#running.then(() => {
        this.#next = undefined;
        return this.run();
      });
      await this.#next;
      return;
    }
    this.#running = this.#work().finally(() => {
      this.#running = undefined;
    });
    await this.#running;
  }

  /** Resolves when what is under way has ended. */
  async pause(): Promise<void> {
    this.#isPaused = true;
    this.#cancel();
    await this.#running;
  }

  resume(): void {
    this.#isPaused = false;
    void this.run();
  }

  /** For good. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancel();
    await this.#running;
  }

  async #work(): Promise<void> {
    try {
      await this.#takeDue();
      this.#failures = 0;
    } catch (error) {
      if (this.#isStopped) return;
      this.#failures += 1;
      if (error instanceof EntryFault) this.#failed(error);
      // A database that is away for a moment is no news; requests tell it.
      const tellAt = error instanceof StoreFault ? toldAfter : 1;
      if (this.#failures === tellAt) this.#parts.onFault(error);
      this.#wakeAt(this.#parts.clock.now() + retryMs);
    }
  }

  #failed(fault: EntryFault): void {
    const { seq } = fault;
    this.#stuck = { seq, attempts: this.#stuck.seq === seq ? this.#stuck.attempts + 1 : 1 };
    if (this.#stuck.attempts >= mostAttempts) this.#passedOver.set(seq, fault);
  }

  async #takeDue(): Promise<void> {
    const { primary, replica, clock, wallMs } = this.#parts;
    while (!this.#isPaused && !this.#isStopped) {
      // Not to take the turn of others for nothing.
      let read = replica.isShared ? await this.#read(1) : undefined;
      if (!read || read.due.length > 0) {
        const inTurn: { read?: Read } = {};
        const log: LogQuestions = {
          due: async () => {
            const found = await this.#read(entriesEach);
            inTurn.read = found;
            return found.due;
          },
          waitingTitles: (conversationUuid) => waitingTitles(primary, conversationUuid),
        };
        const applied = await applyDue(replica, this.#name, log, new Set(this.#passedOver.keys()));
        if (applied) await this.#takeOut(applied.entries);
        this.#lastRunMs = clock.now();
        // Whoever waits for the title channel is woken by it; a replica that is being copied, by the next look.
        if (!applied || applied.waits) return;
        read = inTurn.read;
      }
      const { notDue, isFull = false } = read ?? {};
      if (notDue) this.expect(clock.now() + notDue.committed_at_ms + notDue.lag_ms - wallMs());
      if (notDue || !isFull) return;
      // Requests go first.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  async #read(count: number): Promise<Read> {
    const { primary, wallMs, onRead } = this.#parts;
    const tell = onRead();
    const rows = await oldestEntries(primary, this.#name, count);
    const isFull = rows.length === count;
    tell({ seqs: rows.map(({ seq }) => seq), isWhole: !isFull });
    const nowMs = wallMs();
    const notDue = rows.find((row) => row.committed_at_ms + row.lag_ms > nowMs);
    return { due: notDue ? rows.slice(0, rows.indexOf(notDue)) : rows, notDue, isFull };
  }

  async #takeOut(entries: readonly LogRow[]): Promise<void> {
    if (entries.length === 0) return;
    const { primary, wallMs, onApplied, onPassedOver } = this.#parts;
    const seqs = entries.map(({ seq }) => seq);
    // What another server has taken out meanwhile, it has told.
    const ours = await removeEntries(primary, seqs);
    const atMs = wallMs();
    const lagOf = ({ seq, committed_at_ms }: LogRow): number | undefined => (ours.has(seq) && !this.#passedOver.has(seq) ? atMs - committed_at_ms : undefined);
    onApplied(entries.map((entry) => ({ seq: entry.seq, lagMs: lagOf(entry) })));
    for (const seq of seqs) {
      const fault = this.#passedOver.get(seq);
      if (!fault) continue;
      this.#passedOver.delete(seq);
      if (ours.has(seq)) onPassedOver(fault);
    }
  }

  #wakeAt(atMs: number): void {
    if (this.#isPaused || this.#isStopped || atMs >= this.#timerMs) return;
    this.#cancel();
    this.#timerMs = atMs;
    this.#timer = this.#parts.clock.at(atMs, () => {
      this.#timerMs = Number.POSITIVE_INFINITY;
      void this.run();
    });
  }

  #cancel(): void {
    this.#timer?.cancel();
    this.#timerMs = Number.POSITIVE_INFINITY;
  }
}

/** What the log had: those that are due, and the first one that is not. */
interface Read {
  due: readonly LogRow[];
  notDue: LogRow | undefined;
  /** There may be more. */
  isFull: boolean;
}

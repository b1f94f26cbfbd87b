import type { Kysely } from 'kysely';
import type { DeadlineClock, DeadlineTimer } from '../../latency/deadline-clock.ts';
import type { ReplicationChannel } from '../../latency/profile.ts';
import { StoreFault } from '../faults.ts';
import { preparedQuery } from '../prepared-query.ts';
import type { ChangeLogTable, Tables } from '../tables.ts';
import { applyEntries, type Entry, type LogQuestions } from './apply.ts';
import type { Change } from './changes.ts';
import type { ReplicaDatabase } from './replica-database.ts';

/** Entries of one transaction on the replica: on SQLite nothing else runs meanwhile, so that it must be short. */
const entriesEach = 8;
/** Entries that fall due within this are applied together. */
const gatherMs = 4;
/** After an error, such as a database that is away. */
const retryMs = 250;
/** Failures in a row; with the retries, two seconds and more. */
const toldAfter = 8;

type LogRow = Pick<ChangeLogTable, 'conversation_uuid' | 'payload' | 'committed_at_ms' | 'lag_ms'> & { seq: number };

const oldestOf = preparedQuery<{ channel: ReplicationChannel; count: number }, LogRow>((db, value) =>
  db
    .selectFrom('change_log')
    .select(['seq', 'conversation_uuid', 'payload', 'committed_at_ms', 'lag_ms'])
    .where('channel', '=', value('channel'))
    .orderBy('seq')
    .limit(value('count')),
);
export interface ChannelParts {
  primary: Kysely<Tables>;
  replica: ReplicaDatabase;
  clock: DeadlineClock;
  /** Milliseconds since 1970, on the server's clock. */
  wallMs(): number;
  /** After each transaction on the replica. */
  onApplied(entries: readonly AppliedEntry[]): void;
  onFault(error: unknown): void;
}

export interface AppliedEntry {
  seq: number;
  /** From its commit to now. */
  lagMs: number;
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
      // A database that is away for a moment is no news; requests tell it.
      if (!(error instanceof StoreFault) || this.#failures === toldAfter) this.#parts.onFault(error);
      this.#wakeAt(this.#parts.clock.now() + retryMs);
    }
  }

  async #takeDue(): Promise<void> {
    const { primary, replica, clock, wallMs, onApplied } = this.#parts;
    while (!this.#isPaused && !this.#isStopped) {
      const { rows } = await oldestOf(primary, { channel: this.#name, count: entriesEach });
      const nowMs = wallMs();
      const notDue = rows.find((row) => row.committed_at_ms + row.lag_ms > nowMs);
      const due = notDue ? rows.slice(0, rows.indexOf(notDue)) : rows;
      const applied = due.length === 0 ? 0 : await applyEntries(replica, this.#name, due.map(entryOf), this.#log);
      if (applied > 0) {
        const gone = due.slice(0, applied);
        const seqs = gone.map((row) => Number(row.seq));
        // By their numbers: another server may commit an older one only now.
        await primary.deleteFrom('change_log').where('seq', 'in', seqs).execute();
        const atMs = wallMs();
        onApplied(gone.map((row) => ({ seq: Number(row.seq), lagMs: atMs - row.committed_at_ms })));
      }
      this.#lastRunMs = clock.now();
      // Whoever waits for the title channel is woken by it.
      if (applied < due.length) return;
      if (notDue) this.expect(clock.now() + notDue.committed_at_ms + notDue.lag_ms - wallMs());
      if (notDue || rows.length < entriesEach) return;
      // Requests go first.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  readonly #log: LogQuestions = {
    waitsForTitle: async (seq) => {
      const entries = this.#parts.primary.selectFrom('change_log').select('seq').where('channel', '=', 'title').where('seq', '<', seq);
      return (await entries.limit(1).executeTakeFirst()) !== undefined;
    },
    stillThere: async (seqs) => {
      const rows = await this.#parts.primary.selectFrom('change_log').select('seq').where('seq', 'in', seqs).execute();
      return new Set(rows.map(({ seq }) => Number(seq)));
    },
  };

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

function entryOf(row: LogRow): Entry {
  return { seq: Number(row.seq), conversationUuid: row.conversation_uuid, change: JSON.parse(row.payload) as Change };
}

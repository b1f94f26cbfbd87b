import type { Kysely, Transaction } from 'kysely';
import { keyedRandom } from '../../../scenarios/random.ts';
import type { DeadlineClock } from '../../latency/deadline-clock.ts';
import { type ReplicationChannel, type ReplicationProfile, replicationChannels } from '../../latency/profile.ts';
import { StoreFault } from '../faults.ts';
import type { Tables } from '../tables.ts';
import type { OnWaited } from '../telling-waits.ts';
import { allEntries, oldestEntries, withdrawDeleted, type Withdrawn } from './change-log.ts';
import { type Change, type Logged, logChanges } from './changes.ts';
import { type AppliedEntry, Channel, type ChannelParts } from './channel.ts';
import { LogWatch } from './log-watch.ts';
import { type Position, startPosition } from './position.ts';
import { Progress } from './progress.ts';
import type { ReplicaDatabase } from './replica-database.ts';
import { copyPrimary, makeReplica, type ReplicaTables } from './replica-schema.ts';
import { Shortfall } from './shortfall.ts';

export interface ReplicationParts {
  primary: Kysely<Tables>;
  /** The primary for one commit, which is told how long it waits for a connection. Default: nobody is told. */
  tellingWaits?(onWaited: OnWaited): Kysely<Tables>;
  replica: ReplicaDatabase;
  clock: DeadlineClock;
  /** In force now: of the latency profile, or what the control port put in its place. */
  lags(): ReplicationProfile;
  seed(): number;
  onLag(channel: ReplicationChannel, lagMs: number): void;
  onFault(error: unknown): void;
}

/** Which commit it is, for the draw of its lag: the request's key, and what it did. */
export interface Commit {
  key: string;
  name: string;
  onWaited?: OnWaited;
}

/** What a commit did, and when: as the lag of its changes counts, milliseconds on the server's clock. Undefined: it changed nothing that the replica has. */
export interface Committed<T> {
  result: T;
  position: Position;
  committedMs: number | undefined;
}

export interface ChannelState {
  /** Age of the oldest change that is not on the replica; 0 when there is none. */
  lagMs: number;
  committedSeq: number;
  appliedSeq: number;
  backlog: number;
}

const mostCopies = 3;
const copyRetryMs = 250;

/** A primary whose changes come to a replica after a lag, in the order of their commits. */
export class Replication {
  readonly #parts: ReplicationParts;
  readonly #sourceUuid: string;
  readonly #db: Kysely<ReplicaTables>;
  #channels: Record<ReplicationChannel, Channel>;
  #isPaused = false;
  /** What the wall clock said when the server's clock said 0. */
  readonly #originMs: number;
  readonly #progress: Progress;
  readonly #shortfall = new Shortfall();
  readonly #watch: LogWatch;

  private constructor(parts: ReplicationParts, sourceUuid: string) {
    this.#parts = parts;
    this.#sourceUuid = sourceUuid;
    this.#db = parts.replica.db;
    this.#originMs = Date.now() - parts.clock.now();
    this.#progress = new Progress(parts.clock);
    this.#channels = this.#makeChannels();
    this.#watch = new LogWatch(parts.clock, () => this.#look());
  }

  /** Opens the replica, copies the primary where it is new, and goes on with what the log has. */
  static async start(parts: ReplicationParts): Promise<Replication> {
    const { uuid } = await parts.primary.selectFrom('replication_source').select('uuid').executeTakeFirstOrThrow();
    const replication = new Replication(parts, uuid);
    await parts.replica.alone(async (isStill) => {
      if (await makeReplica(replication.#db, uuid, parts.replica.text)) await replication.#copy(isStill);
    });
    await replication.#recover();
    replication.#wake();
    if (parts.replica.isShared) replication.#watch.start();
    return replication;
  }

  /** For reads; nobody but the appliers writes to it. */
  get replica(): Kysely<Tables> {
    return this.#db as unknown as Kysely<Tables>;
  }

  /** For reads of one request. */
  replicaTellingWaits(onWaited: OnWaited): Kysely<Tables> {
    return this.#parts.replica.tellingWaits(onWaited) as unknown as Kysely<Tables>;
  }

  /** How far this server's commits have come. */
  get progress(): Pick<Progress, 'numbered' | 'complete' | 'backlog' | 'isBehind' | 'reach'> {
    return this.#progress;
  }

  /** Changes that did not fit the replica, since the start. */
  get passedOver(): Readonly<Record<ReplicationChannel, number>> {
    return this.#shortfall.passedOver;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** What is not as it should be, in a sentence. */
  trouble(): string | undefined {
    return this.#shortfall.trouble();
  }

  /**
   * A transaction on the primary. What it adds to `changes` is in the log when it is committed, and on the replica after the lag that is drawn for this commit.
   * Without lag it is there before this resolves, unless the channel is paused, or changes with a lag are before it.
   */
  async commit<T>({ key, name, onWaited }: Commit, work: (transaction: Transaction<Tables>, changes: Change[]) => Promise<T>): Promise<Committed<T>> {
    const changes: Change[] = [];
    let logged: Logged[] = [];
    let withdrawn: Withdrawn[] = [];
    let committedAtMs = 0;
    const lags = this.#parts.lags();
    const seed = this.#parts.seed();
    const drawn = (channel: ReplicationChannel): number => lags[channel].sample(keyedRandom(seed, 'replication', channel, key, name)());
    const lagMs = { title: drawn('title'), content: drawn('content') };
    const primary = (onWaited && this.#parts.tellingWaits?.(onWaited)) ?? this.#parts.primary;
    let result: T;
    try {
      result = await primary.transaction().execute(async (transaction) => {
        const value = await work(transaction, changes);
        if (changes.length > 0) {
          withdrawn = await withdrawDeleted(transaction, changes);
          committedAtMs = this.#wallMs();
          logged = await logChanges(transaction, changes, { committedAtMs, lagMs });
          this.#progress.number(logged);
        }
        return value;
      });
    } catch (error) {
      // Where nobody knows whether it was committed, it is held for that until the log tells.
      if (this.#parts.replica.isShared && error instanceof StoreFault) this.#progress.commit(logged, []);
      else this.#progress.drop(logged);
      throw error;
    }
    this.#progress.commit(logged, withdrawn);
    const position = { ...startPosition };
    for (const { channel, seq } of logged) position[channel] = seq;
    for (const channel of new Set(logged.map((entry) => entry.channel))) {
      if (lagMs[channel] > 0) this.#channels[channel].expect(committedAtMs + lagMs[channel] - this.#originMs);
      else await this.#channels[channel].run();
    }
    return { result, position, committedMs: logged.length === 0 ? undefined : committedAtMs - this.#originMs };
  }

  async pause(): Promise<void> {
    this.#isPaused = true;
    await Promise.all(replicationChannels.map((channel) => this.#channels[channel].pause()));
  }

  resume(): void {
    this.#isPaused = false;
    for (const channel of replicationChannels) this.#channels[channel].resume();
  }

  /** The appliers begin anew, with what the databases tell, as after a crash of theirs. A pause stays. */
  async restart(): Promise<void> {
    await this.#stop();
    this.#channels = this.#makeChannels();
    if (this.#isPaused) await this.pause();
    await this.#recover();
    this.#wake();
  }

  /** Replaces all data of the primary, and then those of the replica. Resolves with both the same. */
  async replace(work: () => Promise<void>): Promise<void> {
    await this.#stop();
    try {
      await work();
      // Of the rows that are gone. What is committed from now on is in the copy, or applied after it.
      await this.#parts.primary.deleteFrom('change_log').execute();
      await this.#copy(false);
    } finally {
      this.#channels = this.#makeChannels();
      if (this.#isPaused) await this.pause();
      await this.#recover();
      this.#wake();
    }
  }

  async describe(): Promise<Record<ReplicationChannel, ChannelState>> {
    const state = async (channel: ReplicationChannel): Promise<ChannelState> => {
      const oldest = (await oldestEntries(this.#parts.primary, channel, 1))[0];
      const { committed, applied, backlog } = this.#progress;
      return {
        lagMs: oldest ? Math.max(0, this.#wallMs() - oldest.committed_at_ms) : 0,
        committedSeq: committed[channel],
        appliedSeq: applied[channel],
        backlog: backlog[channel],
      };
    };
    return { title: await state('title'), content: await state('content') };
  }

  async close(): Promise<void> {
    await this.#watch.stop();
    await this.#stop();
    await this.#parts.replica.close();
  }

  async #stop(): Promise<void> {
    await Promise.all(replicationChannels.map((channel) => this.#channels[channel].stop()));
  }

  #wallMs(): number {
    return this.#originMs + this.#parts.clock.now();
  }

  #makeChannels(): Record<ReplicationChannel, Channel> {
    const { primary, replica, clock, onFault } = this.#parts;
    const parts = (channel: ReplicationChannel): ChannelParts => ({
      ...{ primary, replica, clock, onFault },
      wallMs: () => this.#wallMs(),
      onRead: () => this.#progress.reading(channel),
      onApplied: (entries) => this.#onApplied(channel, entries),
      onPassedOver: (fault) => {
        this.#shortfall.passOver(channel, fault);
        onFault(new Error(`passed over, so that the replica lacks it from now on: ${fault.message}`, { cause: fault }));
      },
    });
    return { title: new Channel('title', parts('title')), content: new Channel('content', parts('content')) };
  }

  async #copy(isStill: boolean): Promise<void> {
    const { primary, replica, clock } = this.#parts;
    const from = this.#progress.committed;
    for (let time = 1; ; time += 1) {
      try {
        await copyPrimary({ primary, isStill, replica, sourceUuid: this.#sourceUuid, applied: from });
        break;
      } catch (error) {
        this.#shortfall.copyFailed(error);
        if (time === mostCopies) throw error;
        await clock.wait(clock.now() + copyRetryMs);
      }
    }
    this.#shortfall.copied();
    this.#progress.copied(from);
  }

  /** What is known of the log, read again from the two databases. */
  async #recover(): Promise<void> {
    const marks = await this.#db.selectFrom('replica_state').select(['channel', 'applied_seq']).execute();
    const found = async (channel: ReplicationChannel) => ({
      appliedSeq: Number(marks.find((mark) => mark.channel === channel)?.applied_seq ?? 0),
      entries: await allEntries(this.#parts.primary, channel),
    });
    this.#progress.recover({ title: await found('title'), content: await found('content') });
  }

  #wake(): void {
    for (const channel of replicationChannels) void this.#channels[channel].run();
  }

  #onApplied(channel: ReplicationChannel, entries: readonly AppliedEntry[]): void {
    for (const { lagMs } of entries) if (lagMs !== undefined) this.#parts.onLag(channel, lagMs);
    this.#progress.apply(
      channel,
      entries.map(({ seq }) => seq),
    );
    if (channel === 'title') void this.#channels.content.run();
  }

  /** At what others committed, applied or left behind; while this server is paused, too: the others are not. */
  async #look(): Promise<void> {
    for (const channel of replicationChannels) {
      const tell = this.#progress.reading(channel);
      try {
        const rows = await oldestEntries(this.#parts.primary, channel, 1);
        tell({ seqs: rows.map(({ seq }) => seq), isWhole: rows.length === 0 });
        if (rows.length > 0) await this.#channels[channel].run();
      } catch (error) {
        // A database that is away is told by requests and by the appliers.
        if (!(error instanceof StoreFault)) this.#parts.onFault(error);
      }
    }
  }
}

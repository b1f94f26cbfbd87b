import type { Kysely, Transaction } from 'kysely';
import { keyedRandom } from '../../../scenarios/random.ts';
import type { DeadlineClock } from '../../latency/deadline-clock.ts';
import { type ReplicationChannel, type ReplicationProfile, replicationChannels } from '../../latency/profile.ts';
import type { Tables } from '../tables.ts';
import type { OnWaited } from '../telling-waits.ts';
import { type AppliedEntry, Channel, type ChannelParts } from './channel.ts';
import { type Change, type Logged, logChanges } from './changes.ts';
import { PendingChanges } from './pending-changes.ts';
import { isReached, type Position, startPosition } from './position.ts';
import { copyPrimary, makeReplica, type ReplicaTables } from './replica-schema.ts';
import type { ReplicaDatabase } from './replica-database.ts';

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

export interface ChannelState {
  /** Age of the oldest change that is not on the replica; 0 when there is none. */
  lagMs: number;
  committedSeq: number;
  appliedSeq: number;
  backlog: number;
}

/** A primary whose changes come to a replica after a lag, in the order of their commits. */
export class Replication {
  readonly #parts: ReplicationParts;
  readonly #sourceUuid: string;
  readonly #db: Kysely<ReplicaTables>;
  #channels: Record<ReplicationChannel, Channel>;
  #isPaused = false;
  /** What the wall clock said when the server's clock said 0. */
  readonly #originMs: number;
  readonly #committed: Record<ReplicationChannel, number> = { ...startPosition };
  readonly #applied: Record<ReplicationChannel, number> = { ...startPosition };
  readonly #pending = new PendingChanges();
  readonly #waiting = new Set<() => void>();

  private constructor(parts: ReplicationParts, sourceUuid: string) {
    this.#parts = parts;
    this.#sourceUuid = sourceUuid;
    this.#db = parts.replica.db;
    this.#originMs = Date.now() - parts.clock.now();
    this.#channels = this.#makeChannels();
  }

  /** Opens the replica, copies the primary where it is new, and goes on with what the log has. */
  static async start(parts: ReplicationParts): Promise<Replication> {
    const { uuid } = await parts.primary.selectFrom('replication_source').select('uuid').executeTakeFirstOrThrow();
    const replication = new Replication(parts, uuid);
    await parts.replica.alone(async () => {
      if (await makeReplica(replication.#db, uuid, parts.replica.text)) await replication.#copy();
    });
    await replication.#recover();
    replication.#wake();
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

  /** The last changes that were committed. */
  get committed(): Position {
    return { ...this.#committed };
  }

  /** The last changes that are on the replica. */
  get applied(): Position {
    return { ...this.#applied };
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** Of each channel, changes that are not on the replica yet. */
  get backlog(): Readonly<Record<ReplicationChannel, number>> {
    return this.#pending.counts;
  }

  /** Has the replica less of this conversation than was committed? */
  isBehind(conversationUuid: string): boolean {
    return this.#pending.isOf(conversationUuid);
  }

  /**
   * A transaction on the primary. What it adds to `changes` is in the log when it is committed, and on the replica after the lag that is drawn for this commit.
   * Without lag it is there before this resolves, unless the channel is paused, or changes with a lag are before it.
   */
  async commit<T>(
    { key, name, onWaited }: Commit,
    work: (transaction: Transaction<Tables>, changes: Change[]) => Promise<T>,
  ): Promise<{ result: T; position: Position }> {
    const changes: Change[] = [];
    let logged: Logged[] = [];
    let committedAtMs = 0;
    const lags = this.#parts.lags();
    const seed = this.#parts.seed();
    const drawn = (channel: ReplicationChannel): number => lags[channel].sample(keyedRandom(seed, 'replication', channel, key, name)());
    const lagMs = { title: drawn('title'), content: drawn('content') };
    const primary = (onWaited && this.#parts.tellingWaits?.(onWaited)) ?? this.#parts.primary;
    const result = await primary.transaction().execute(async (transaction) => {
      const value = await work(transaction, changes);
      if (changes.length > 0) {
        committedAtMs = this.#wallMs();
        logged = await logChanges(transaction, changes, { committedAtMs, lagMs });
      }
      return value;
    });
    this.#announce(logged);
    const position = { ...startPosition };
    for (const { channel, seq } of logged) position[channel] = seq;
    for (const channel of new Set(logged.map((entry) => entry.channel))) {
      if (lagMs[channel] > 0) this.#channels[channel].expect(committedAtMs + lagMs[channel] - this.#originMs);
      else await this.#channels[channel].run();
    }
    return { result, position };
  }

  /** Waits until the replica has everything up to a position, at most so long. False: it has not. */
  async reach(position: Position, withinMs: number): Promise<boolean> {
    if (isReached(position, this.#applied)) return true;
    if (withinMs <= 0) return false;
    const { clock } = this.#parts;
    return new Promise((resolve) => {
      const end = (reached: boolean): void => {
        this.#waiting.delete(look);
        timer.cancel();
        resolve(reached);
      };
      const look = (): void => {
        if (isReached(position, this.#applied)) end(true);
      };
      const timer = clock.at(clock.now() + withinMs, () => end(false));
      this.#waiting.add(look);
    });
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
      await this.#copy();
    } finally {
      this.#channels = this.#makeChannels();
      if (this.#isPaused) await this.pause();
      await this.#recover();
      this.#wake();
    }
  }

  async describe(): Promise<Record<ReplicationChannel, ChannelState>> {
    const state = async (channel: ReplicationChannel): Promise<ChannelState> => {
      const oldest = await this.#parts.primary
        .selectFrom('change_log')
        .select('committed_at_ms')
        .where('channel', '=', channel)
        .orderBy('seq')
        .limit(1)
        .executeTakeFirst();
      return {
        lagMs: oldest ? Math.max(0, this.#wallMs() - oldest.committed_at_ms) : 0,
        committedSeq: this.#committed[channel],
        appliedSeq: this.#applied[channel],
        backlog: this.#pending.counts[channel],
      };
    };
    return { title: await state('title'), content: await state('content') };
  }

  async close(): Promise<void> {
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
      onApplied: (entries) => this.#onApplied(channel, entries),
    });
    return { title: new Channel('title', parts('title')), content: new Channel('content', parts('content')) };
  }

  async #copy(): Promise<void> {
    const from = this.committed;
    await copyPrimary(this.#parts.primary, this.#db, this.#sourceUuid, from);
    Object.assign(this.#applied, from);
  }

  /** What is known of the log, read again from the two databases. */
  async #recover(): Promise<void> {
    const { primary } = this.#parts;
    const marks = await this.#db.selectFrom('replica_state').select(['channel', 'applied_seq']).execute();
    this.#pending.clear();
    for (const channel of replicationChannels) {
      const applied = Number(marks.find((mark) => mark.channel === channel)?.applied_seq ?? 0);
      const entries = await primary.selectFrom('change_log').select(['seq', 'conversation_uuid']).where('channel', '=', channel).orderBy('seq').execute();
      this.#applied[channel] = applied;
      this.#committed[channel] = Math.max(this.#committed[channel], applied, Number(entries.at(-1)?.seq ?? 0));
      for (const { seq, conversation_uuid } of entries) this.#pending.add(channel, Number(seq), conversation_uuid);
    }
  }

  #wake(): void {
    for (const channel of replicationChannels) void this.#channels[channel].run();
  }

  #announce(logged: readonly Logged[]): void {
    for (const { seq, channel, conversationUuid } of logged) {
      this.#committed[channel] = Math.max(this.#committed[channel], seq);
      this.#pending.add(channel, seq, conversationUuid);
    }
  }

  #onApplied(channel: ReplicationChannel, entries: readonly AppliedEntry[]): void {
    for (const { seq, lagMs } of entries) {
      this.#applied[channel] = Math.max(this.#applied[channel], seq);
      this.#pending.remove(channel, seq);
      this.#parts.onLag(channel, lagMs);
    }
    for (const look of this.#waiting) look();
    if (channel === 'title') void this.#channels.content.run();
  }
}

import type { DeadlineClock } from '../../latency/deadline-clock.ts';
import { type ReplicationChannel, replicationChannels } from '../../latency/profile.ts';
import type { Withdrawn } from './change-log.ts';
import type { Logged } from './changes.ts';
import { type LogSight, PendingChanges } from './pending-changes.ts';
import { isReached, type Position, startPosition } from './position.ts';

/** How far this server's commits have come: which are on the replica, and who waits for one. */
export class Progress {
  readonly #clock: DeadlineClock;
  readonly #committed: Record<ReplicationChannel, number> = { ...startPosition };
  readonly #applied: Record<ReplicationChannel, number> = { ...startPosition };
  readonly #pending = new PendingChanges();
  readonly #waiting = new Set<() => void>();

  constructor(clock: DeadlineClock) {
    this.#clock = clock;
  }

  /** The last changes that were committed. */
  get committed(): Position {
    return { ...this.#committed };
  }

  /** The last changes that are on the replica, or never will be. */
  get applied(): Position {
    return this.#applied;
  }

  /** No commit that anybody has seen on the primary is above: numbers of transactions that have not ended are in it. */
  get numbered(): Position {
    return this.#pending.numbered;
  }

  /** Everything up to here is on the replica. */
  get complete(): Position {
    return this.#pending.complete;
  }

  get backlog(): Readonly<Record<ReplicationChannel, number>> {
    return this.#pending.counts;
  }

  isBehind(conversationUuid: string): boolean {
    return this.#pending.isOf(conversationUuid);
  }

  /** Of a transaction that is about to commit: before anybody can see it. */
  number(logged: readonly Logged[]): void {
    for (const { channel, seq, conversationUuid } of logged) this.#pending.number(channel, seq, conversationUuid);
  }

  /** It is committed, and has taken these out of the log. */
  commit(logged: readonly Logged[], withdrawn: readonly Withdrawn[]): void {
    for (const { seq, channel, conversationUuid } of logged) {
      this.#committed[channel] = Math.max(this.#committed[channel], seq);
      this.#pending.add(channel, seq, conversationUuid);
    }
    for (const { channel, seq } of withdrawn) this.#remove(channel, seq);
    if (withdrawn.length > 0) this.#tell();
  }

  /** It was rolled back. */
  drop(logged: readonly Logged[]): void {
    for (const { channel, seq } of logged) this.#pending.drop(channel, seq);
    if (logged.length > 0) this.#tell();
  }

  apply(channel: ReplicationChannel, seqs: readonly number[]): void {
    for (const seq of seqs) this.#remove(channel, seq);
    this.#tell();
  }

  /** The log is about to be read; call what is returned with what it had: what others have applied is found out by what is not there any more. */
  reading(channel: ReplicationChannel): (sight: LogSight) => void {
    const tell = this.#pending.reading(channel);
    return (sight) => {
      if (!tell(sight)) return;
      this.#applied[channel] = Math.max(this.#applied[channel], Math.min(this.#committed[channel], this.complete[channel]));
      this.#tell();
    };
  }

  /** All of the replica is as the primary was at this position. */
  copied(from: Position): void {
    Object.assign(this.#applied, from);
  }

  /** What the two databases tell, in place of all that was known. */
  recover(found: Readonly<Record<ReplicationChannel, { appliedSeq: number; entries: readonly { seq: number; conversationUuid: string | null }[] }>>): void {
    this.#pending.clear();
    for (const channel of replicationChannels) {
      const { appliedSeq, entries } = found[channel];
      this.#applied[channel] = appliedSeq;
      this.#committed[channel] = Math.max(this.#committed[channel], appliedSeq, entries.at(-1)?.seq ?? 0);
      this.#pending.know(channel, this.#committed[channel]);
      for (const { seq, conversationUuid } of entries) this.#pending.add(channel, seq, conversationUuid);
    }
    this.#tell();
  }

  /** Waits until the replica has everything up to a position, at most so long. False: it has not. */
  async reach(position: Position, withinMs: number): Promise<boolean> {
    if (isReached(position, this.complete)) return true;
    if (withinMs <= 0) return false;
    return new Promise((resolve) => {
      const end = (reached: boolean): void => {
        this.#waiting.delete(look);
        timer.cancel();
        resolve(reached);
      };
      const look = (): void => {
        if (isReached(position, this.complete)) end(true);
      };
      const timer = this.#clock.at(this.#clock.now() + withinMs, () => end(false));
      this.#waiting.add(look);
    });
  }

  #remove(channel: ReplicationChannel, seq: number): void {
    this.#applied[channel] = Math.max(this.#applied[channel], seq);
    this.#pending.remove(channel, seq);
  }

  #tell(): void {
    for (const look of this.#waiting) look();
  }
}

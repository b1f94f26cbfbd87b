import { type ReplicationChannel, replicationChannels } from '../../latency/profile.ts';
import type { Position } from './position.ts';
import { SortedNumbers } from './sorted-numbers.ts';

/** Changes that were applied before their writer came to say that it had committed them. Others' never do: they are forgotten at this number. */
const mostEarly = 10_000;

interface Pending {
  conversationUuid: string | null;
  /** Of its commit, in the order in which they were told; undefined: its transaction has not ended. */
  told: number | undefined;
}

interface OfChannel {
  byNumber: Map<number, Pending>;
  numbers: SortedNumbers;
  committed: number;
  /** The highest number that was ever seen. */
  known: number;
}

/** What the log had when it was read: its oldest entries. */
export interface LogSight {
  /** In their order. */
  seqs: readonly number[];
  /** There was nothing else. */
  isWhole: boolean;
}

/** Which changes are not on the replica yet, by channel and by conversation. The same change may be told twice, and its end before its beginning. */
export class PendingChanges {
  readonly #of: Record<ReplicationChannel, OfChannel> = { title: nothingPending(), content: nothingPending() };
  readonly #ofConversation = new Map<string, number>();
  readonly #early = new Set<number>();
  #told = 0;

  /** Committed ones. */
  get counts(): Record<ReplicationChannel, number> {
    return { title: this.#of.title.committed, content: this.#of.content.committed };
  }

  /** The highest numbers of all, those of transactions that have not ended among them: no commit that anybody has seen is above. */
  get numbered(): Position {
    return { title: this.#of.title.known, content: this.#of.content.known };
  }

  /** Of each channel the number up to which everything is on the replica that this server committed, or is about to. */
  get complete(): Position {
    const upTo = ({ numbers, known }: OfChannel): number => {
      const lowest = numbers.lowest();
      return lowest === undefined ? known : lowest - 1;
    };
    return { title: upTo(this.#of.title), content: upTo(this.#of.content) };
  }

  isOf(conversationUuid: string): boolean {
    return this.#ofConversation.has(conversationUuid);
  }

  /** A transaction that is about to commit has this number. */
  number(channel: ReplicationChannel, seq: number, conversationUuid: string | null): void {
    const { byNumber, numbers } = this.#of[channel];
    this.know(channel, seq);
    if (byNumber.has(seq)) return;
    byNumber.set(seq, { conversationUuid, told: undefined });
    numbers.add(seq);
  }

  /** It is committed. */
  add(channel: ReplicationChannel, seq: number, conversationUuid: string | null): void {
    const of = this.#of[channel];
    if (this.#early.delete(seq)) {
      this.#forget(of, seq);
      return;
    }
    this.number(channel, seq, conversationUuid);
    const pending = of.byNumber.get(seq);
    if (!pending || pending.told !== undefined) return;
    this.#told += 1;
    pending.told = this.#told;
    of.committed += 1;
    if (conversationUuid !== null) this.#ofConversation.set(conversationUuid, (this.#ofConversation.get(conversationUuid) ?? 0) + 1);
  }

  /** It was rolled back. */
  drop(channel: ReplicationChannel, seq: number): void {
    this.#forget(this.#of[channel], seq);
  }

  /** It is on the replica, or a later commit took it out of the log. */
  remove(channel: ReplicationChannel, seq: number): void {
    const of = this.#of[channel];
    this.know(channel, seq);
    if (of.byNumber.get(seq)?.told === undefined) {
      if (this.#early.size >= mostEarly) this.#early.clear();
      this.#early.add(seq);
    }
    this.#forget(of, seq);
  }

  /** A number that another server gave, or one before it. */
  know(channel: ReplicationChannel, seq: number): void {
    const of = this.#of[channel];
    if (seq > of.known) of.known = seq;
  }

  /**
   * The log is about to be read; call what is returned with what it had. What was committed by then and is not in it has been brought to the replica, by
   * whatever server, or was taken out. True: there was such a change.
   */
  reading(channel: ReplicationChannel): (sight: LogSight) => boolean {
    const before = this.#told;
    return ({ seqs, isWhole }) => {
      const of = this.#of[channel];
      const last = isWhole ? Number.POSITIVE_INFINITY : (seqs.at(-1) ?? 0);
      const there = new Set(seqs);
      const gone = of.numbers.upTo(last).filter((seq) => {
        const told = of.byNumber.get(seq)?.told;
        return told !== undefined && told <= before && !there.has(seq);
      });
      for (const seq of gone) this.#forget(of, seq);
      return gone.length > 0;
    };
  }

  clear(): void {
    for (const channel of replicationChannels) Object.assign(this.#of[channel], { ...nothingPending(), known: this.#of[channel].known });
    this.#ofConversation.clear();
    this.#early.clear();
  }

  #forget(of: OfChannel, seq: number): void {
    const pending = of.byNumber.get(seq);
    if (!pending) return;
    of.byNumber.delete(seq);
    of.numbers.remove(seq);
    if (pending.told === undefined) return;
    of.committed -= 1;
    const { conversationUuid } = pending;
    if (conversationUuid === null) return;
    const left = (this.#ofConversation.get(conversationUuid) ?? 1) - 1;
    if (left === 0) this.#ofConversation.delete(conversationUuid);
    else this.#ofConversation.set(conversationUuid, left);
  }
}

function nothingPending(): OfChannel {
  return { byNumber: new Map(), numbers: new SortedNumbers(), committed: 0, known: 0 };
}

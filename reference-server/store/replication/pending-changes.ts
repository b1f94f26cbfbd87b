import type { ReplicationChannel } from '../../latency/profile.ts';

/** Changes that were applied before their writer came to say that it had committed them. Others' never do: they are forgotten at this number. */
const mostEarly = 10_000;

/** Which committed changes are not on the replica yet, by channel and by conversation. The same change may be told twice, and its end before its beginning. */
export class PendingChanges {
  readonly #byChannel: Record<ReplicationChannel, Map<number, string | null>> = { title: new Map(), content: new Map() };
  readonly #ofConversation = new Map<string, number>();
  readonly #early = new Set<number>();

  get counts(): Record<ReplicationChannel, number> {
    return { title: this.#byChannel.title.size, content: this.#byChannel.content.size };
  }

  isOf(conversationUuid: string): boolean {
    return this.#ofConversation.has(conversationUuid);
  }

  add(channel: ReplicationChannel, seq: number, conversationUuid: string | null): void {
    const pending = this.#byChannel[channel];
    if (this.#early.delete(seq) || pending.has(seq)) return;
    pending.set(seq, conversationUuid);
    if (conversationUuid !== null) this.#ofConversation.set(conversationUuid, (this.#ofConversation.get(conversationUuid) ?? 0) + 1);
  }

  remove(channel: ReplicationChannel, seq: number): void {
    const pending = this.#byChannel[channel];
    const conversationUuid = pending.get(seq);
    if (conversationUuid === undefined) {
      if (this.#early.size >= mostEarly) this.#early.clear();
      this.#early.add(seq);
      return;
    }
    pending.delete(seq);
    if (conversationUuid === null) return;
    const left = (this.#ofConversation.get(conversationUuid) ?? 1) - 1;
    if (left === 0) this.#ofConversation.delete(conversationUuid);
    else this.#ofConversation.set(conversationUuid, left);
  }

  clear(): void {
    for (const pending of Object.values(this.#byChannel)) pending.clear();
    this.#ofConversation.clear();
    this.#early.clear();
  }
}

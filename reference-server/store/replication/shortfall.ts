import { type ReplicationChannel, replicationChannels } from '../../latency/profile.ts';

/** What the replica has not, and will not get by itself: changes that did not fit it, or all of it after a copy that failed. */
export class Shortfall {
  /** Changes that did not fit the replica, since the start. */
  readonly passedOver = Object.fromEntries(replicationChannels.map((channel) => [channel, 0])) as Record<ReplicationChannel, number>;
  /** Since it was copied last. */
  #lacks: { changes: number; last: string } | undefined;
  #copyFault: string | undefined;

  passOver(channel: ReplicationChannel, fault: Error): void {
    this.passedOver[channel] += 1;
    this.#lacks = { changes: (this.#lacks?.changes ?? 0) + 1, last: fault.message };
  }

  copyFailed(error: unknown): void {
    this.#copyFault = error instanceof Error ? error.message : String(error);
  }

  /** Whole again. */
  copied(): void {
    this.#copyFault = undefined;
    this.#lacks = undefined;
  }

  /** In a sentence; undefined: there is none. */
  trouble(): string | undefined {
    if (this.#copyFault !== undefined)
      return `replication: the replica could not be copied, and nothing comes to it: reset again, or start the server anew (${this.#copyFault})`;
    if (!this.#lacks) return undefined;
    const { changes, last } = this.#lacks;
    return `replication: the replica lacks changes that did not fit it, until a reset copies it anew: ${changes} (the last: ${last})`;
  }
}

/** A prompt that another one took the place of. */
export interface LostWrite {
  conversation_uuid: string;
  message_uuid: string;
  /** The prompt in its place. */
  replaced_by: string;
  /** UTC with microseconds. */
  at: string;
}

/** The last so many are told one by one. */
const mostLost = 1_000;

/** Ground truth of what became of the prompts that were acknowledged, since the server's start or the last reset. */
export class DataAccount {
  #acknowledged = 0;
  #replaced = 0;
  #rejected = 0;
  #replayed = 0;
  #lost: LostWrite[] = [];

  get replaced(): number {
    return this.#replaced;
  }

  acknowledge(): void {
    this.#acknowledged += 1;
  }

  reject(): void {
    this.#rejected += 1;
  }

  replay(): void {
    this.#replayed += 1;
  }

  lose(lost: LostWrite): void {
    this.#replaced += 1;
    if (this.#lost.length >= mostLost) this.#lost.shift();
    this.#lost.push(lost);
  }

  reset(): void {
    this.#acknowledged = 0;
    this.#replaced = 0;
    this.#rejected = 0;
    this.#replayed = 0;
    this.#lost = [];
  }

  describe(): { acknowledged: number; replaced: number; rejected: number; replayed: number; lost: readonly LostWrite[] } {
    return { acknowledged: this.#acknowledged, replaced: this.#replaced, rejected: this.#rejected, replayed: this.#replayed, lost: this.#lost };
  }
}

import type { DeadlineClock, DeadlineTimer } from '../../latency/deadline-clock.ts';

/** Other servers on the same database do not tell what they commit, apply or leave behind: the log is looked at so often. */
const lookMs = 2_000;

/** Looks again and again, until it is stopped. */
export class LogWatch {
  readonly #clock: DeadlineClock;
  readonly #look: () => Promise<void>;
  #timer: DeadlineTimer | undefined;
  #looking: Promise<void> | undefined;
  #isStopped = false;

  /** @param look must not throw */
  constructor(clock: DeadlineClock, look: () => Promise<void>) {
    this.#clock = clock;
    this.#look = look;
  }

  start(): void {
    if (this.#isStopped) return;
    this.#timer = this.#clock.at(this.#clock.now() + lookMs, () => {
      this.#looking = this.#look().finally(() => this.start());
    });
  }

  /** For good. Resolves when what is under way has ended. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#timer?.cancel();
    await this.#looking;
  }
}

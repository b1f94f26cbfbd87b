/** One time-out for many exchanges, all of the same length, so that they run out in the order in which they began: a linked list and one timer. */
import type { RunClock } from '../driver.ts';

export interface Timed {
  deadlineMs: number;
  previousTimed: Timed | undefined;
  nextTimed: Timed | undefined;
  onTimeout(): void;
  /** The run is stopped. */
  abort(): void;
}

export class Deadlines {
  readonly #clock: RunClock;
  readonly #timeoutMs: number;
  #first: Timed | undefined;
  #last: Timed | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(clock: RunClock, timeoutMs: number) {
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
  }

  add(item: Timed): void {
    item.deadlineMs = this.#clock.now() + this.#timeoutMs;
    item.previousTimed = this.#last;
    item.nextTimed = undefined;
    if (this.#last) this.#last.nextTimed = item;
    else this.#first = item;
    this.#last = item;
    this.#timer ??= setTimeout(this.#expire, this.#timeoutMs);
  }

  remove(item: Timed): void {
    if (item.previousTimed) item.previousTimed.nextTimed = item.nextTimed;
    else if (this.#first === item) this.#first = item.nextTimed;
    else return;
    if (item.nextTimed) item.nextTimed.previousTimed = item.previousTimed;
    else this.#last = item.previousTimed;
    item.previousTimed = undefined;
    item.nextTimed = undefined;
  }

  /** Those whose time has not run out, oldest first. */
  all(): Timed[] {
    const items: Timed[] = [];
    for (let item = this.#first; item; item = item.nextTimed) items.push(item);
    return items;
  }

  stop(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  readonly #expire = (): void => {
    this.#timer = undefined;
    const nowMs = this.#clock.now();
    for (let item = this.#first; item && item.deadlineMs <= nowMs; item = this.#first) {
      this.remove(item);
      item.onTimeout();
    }
    if (this.#first && !this.#timer) this.#timer = setTimeout(this.#expire, Math.max(1, Math.ceil(this.#first.deadlineMs - this.#clock.now())));
  };
}

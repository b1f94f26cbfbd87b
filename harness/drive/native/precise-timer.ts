/**
 * Callbacks at absolute times on one clock, with one underlying timer. Never early. A binary heap keeps what is due in order; equals fire in the order
 * in which they were asked for.
 */
import type { RunClock } from '../driver.ts';

interface Entry {
  atMs: number;
  order: number;
  callback: () => void;
}

export interface PreciseTimerOptions {
  /** Turn the event loop without sleeping through the last part of a wait of at most so many ms. 0: never. See `spinFor` in `leg-drive.ts` for when it pays. */
  spinMs: number;
}

export class PreciseTimer {
  readonly #clock: RunClock;
  readonly #spinMs: number;
  readonly #heap: Entry[] = [];
  #order = 0;
  #timeout: NodeJS.Timeout | undefined;
  #immediate: NodeJS.Immediate | undefined;
  /** When the armed timer is meant to fire. */
  #armedForMs = Number.POSITIVE_INFINITY;
  #firing = false;

  constructor(clock: RunClock, options: PreciseTimerOptions) {
    this.#clock = clock;
    this.#spinMs = options.spinMs;
  }

  /** Calls back once, not before `atMs`, and never from inside this call. */
  at(atMs: number, callback: () => void): void {
    const entry: Entry = { atMs, order: this.#order, callback };
    this.#order += 1;
    this.#push(entry);
    if (!this.#firing && atMs < this.#armedForMs) this.#arm();
  }

  /** Forgets everything that is due. */
  stop(): void {
    this.#heap.length = 0;
    this.#disarm();
  }

  #disarm(): void {
    if (this.#timeout) clearTimeout(this.#timeout);
    if (this.#immediate) clearImmediate(this.#immediate);
    this.#timeout = undefined;
    this.#immediate = undefined;
    this.#armedForMs = Number.POSITIVE_INFINITY;
  }

  readonly #fire = (): void => {
    this.#timeout = undefined;
    this.#immediate = undefined;
    this.#armedForMs = Number.POSITIVE_INFINITY;
    this.#firing = true;
    try {
      // What is due by the time read here fires in this turn; what falls due meanwhile waits for the next, so that replies are read in between.
      const nowMs = this.#clock.now();
      for (let head = this.#heap[0]; head !== undefined && head.atMs <= nowMs; head = this.#heap[0]) {
        this.#pop();
        head.callback();
      }
    } finally {
      this.#firing = false;
      this.#arm();
    }
  };

  #arm(): void {
    const head = this.#heap[0];
    this.#disarm();
    if (head === undefined) return;
    this.#armedForMs = head.atMs;
    const waitMs = head.atMs - this.#clock.now();
    if (waitMs <= this.#spinMs || waitMs <= 0) this.#immediate = setImmediate(this.#fire);
    // Node truncates its timers to whole milliseconds and may fire up to one early: #fire looks at the clock again and re-arms.
    else this.#timeout = setTimeout(this.#fire, Math.min(Math.max(1, this.#spinMs > 0 ? Math.floor(waitMs) : Math.ceil(waitMs)), 1_000_000));
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let index = heap.length;
    heap.push(entry);
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = heap[parentIndex] as Entry;
      if (!isBefore(entry, parent)) break;
      heap[index] = parent;
      index = parentIndex;
    }
    heap[index] = entry;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let index = 0;
    for (;;) {
      let childIndex = 2 * index + 1;
      const left = heap[childIndex];
      if (left === undefined) break;
      const right = heap[childIndex + 1];
      let child = left;
      if (right !== undefined && isBefore(right, left)) {
        child = right;
        childIndex += 1;
      }
      if (!isBefore(child, last)) break;
      heap[index] = child;
      index = childIndex;
    }
    heap[index] = last;
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}

import { RecordWriter, readRecord, traceIdIn } from './record-codec.ts';
import type { TraceRecord } from './trace-record.ts';

const gone = 0;
const here = 1;
const marked = 2;

/**
 * The latest records, as bytes in one piece of memory: objects that live this long would be copied and marked by every collection of garbage. Each has a number,
 * one more than the last. The oldest goes first, when there are too many or too little room for the newest.
 */
export class RecordRing {
  readonly #writer: RecordWriter;
  readonly #bytes: Buffer;
  /** By number modulo the most that are held. */
  readonly #starts: Uint32Array;
  readonly #states: Uint8Array;
  readonly #onGone: (isMarked: boolean) => void;
  /** Where the next one is written. */
  #head = 0;
  #oldest = 0;
  #next = 0;

  /** @param onGone is called for each that had to go for a newer one, with its mark */
  constructor(options: { mostRecords: number; mostBytes: number; mostBytesOfOne: number }, onGone: (isMarked: boolean) => void) {
    this.#writer = new RecordWriter(options.mostBytesOfOne);
    this.#bytes = Buffer.allocUnsafeSlow(options.mostBytes);
    this.#starts = new Uint32Array(options.mostRecords);
    this.#states = new Uint8Array(options.mostRecords);
    this.#onGone = onGone;
  }

  /** Returns its number; `has` tells whether it is in. One that is too large for what one may take has a number, and its place, too. */
  add(record: TraceRecord): number {
    const size = this.#writer.write(record);
    this.#makeRoom(size ?? 0);
    const number = this.#next;
    const slot = number % this.#starts.length;
    this.#next += 1;
    this.#starts[slot] = this.#head;
    this.#states[slot] = size === undefined ? gone : here;
    this.#writer.bytes.copy(this.#bytes, this.#head, 0, size ?? 0);
    this.#head += size ?? 0;
    return number;
  }

  #makeRoom(size: number): void {
    if (this.#next - this.#oldest >= this.#starts.length) this.#dropOldest();
    if (this.#head + size > this.#bytes.length) {
      this.#dropFrom(this.#head, this.#bytes.length + 1);
      this.#head = 0;
    }
    this.#dropFrom(this.#head, this.#head + size);
  }

  /** Those that begin in these bytes: the oldest stand just after the newest. */
  #dropFrom(from: number, to: number): void {
    while (this.#oldest < this.#next) {
      const start = this.#starts[this.#oldest % this.#starts.length] as number;
      if (start < from || start >= to) return;
      this.#dropOldest();
    }
  }

  #dropOldest(): void {
    const slot = this.#oldest % this.#starts.length;
    const state = this.#states[slot];
    this.#states[slot] = gone;
    this.#oldest += 1;
    if (state !== gone) this.#onGone(state === marked);
  }

  has(number: number): boolean {
    return number >= this.#oldest && this.#states[number % this.#starts.length] !== gone;
  }

  /** A mark of the caller's; the record has it as long as it is in. */
  mark(number: number, isMarked: boolean): void {
    if (this.has(number)) this.#states[number % this.#states.length] = isMarked ? marked : here;
  }

  /** Takes it out, if it is in. Its bytes stay in use until it would have been the oldest. */
  remove(number: number): void {
    if (this.has(number)) this.#states[number % this.#states.length] = gone;
  }

  /** Of all that are in, the oldest first. */
  *numbers(): Generator<number> {
    for (let number = this.#oldest; number < this.#next; number += 1) if (this.has(number)) yield number;
  }

  traceId(number: number): string {
    return traceIdIn(this.#bytes, this.#startOf(number));
  }

  read(number: number): TraceRecord {
    return readRecord(this.#bytes, this.#startOf(number));
  }

  #startOf(number: number): number {
    if (!this.has(number)) throw new RangeError(`record ${number} is not held`);
    return this.#starts[number % this.#starts.length] as number;
  }
}

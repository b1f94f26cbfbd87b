import type { Sample } from '../sample.ts';

const binMs = 50;
/** A request due at the very end may leave a little later: the schedule lag that validity allows. */
const graceMs = 10;
const bitmapLimit = 100_000_000;

export interface DeliveredRates {
  offeredPerSecond?: number;
  achievedPerSecond: number;
}

/**
 * Whether the load was delivered, of the measured phase. Offered: requests due before its end, dropped ones too, and, where the driver tells how many
 * arrivals its schedule held, those of arrivals that never showed up as a sample (as many requests each as an arrival had on average).
 * Achieved: those that left by then (waiting for a free connection by the journey's rules is not held against the driver). A driver that falls behind and
 * sends the rest afterwards has not delivered.
 */
export class Delivery {
  readonly #due = new BinnedCounts();
  readonly #sent = new BinnedCounts();
  readonly #journeys = new IdSet();

  add(sample: Sample): void {
    const { intendedAtMs, sentAtMs } = sample;
    this.#journeys.add(sample.journeyId);
    const dueAtMs = intendedAtMs ?? sentAtMs;
    if (dueAtMs !== undefined) this.#due.add(dueAtMs);
    if (sentAtMs !== undefined && sample.outcome !== 'dropped') this.#sent.add(sentAtMs - (sample.queuedMs ?? 0));
  }

  rates(model: 'open' | 'closed', fromMs: number, toMs: number, scheduledArrivals: number | undefined): DeliveredRates {
    const seconds = Math.max(toMs - fromMs, 1) / 1000;
    const sent = this.#sent.before(toMs + graceMs);
    if (model === 'closed') return { achievedPerSecond: sent / seconds };
    let due = this.#due.before(toMs);
    if (scheduledArrivals !== undefined && scheduledArrivals > this.#journeys.size) {
      const requestsAnArrival = this.#journeys.size > 0 ? Math.max(1, this.#due.total / this.#journeys.size) : 1;
      due += (scheduledArrivals - this.#journeys.size) * requestsAnArrival;
    }
    return { offeredPerSecond: due / seconds, achievedPerSecond: Math.min(sent, due) / seconds };
  }
}

/** Counts by time in bins of 50 ms; inside a bin they are taken as spread evenly. */
class BinnedCounts {
  total = 0;
  #before = 0;
  #bins = new Uint32Array(2048);

  add(atMs: number): void {
    if (!Number.isFinite(atMs)) return;
    this.total += 1;
    const index = Math.floor(atMs / binMs);
    if (index < 0) {
      this.#before += 1;
      return;
    }
    if (index >= this.#bins.length) {
      if (index > 7 * 24 * 3600 * (1000 / binMs)) return;
      const larger = new Uint32Array(Math.max(index + 1, this.#bins.length * 2));
      larger.set(this.#bins);
      this.#bins = larger;
    }
    this.#bins[index] = (this.#bins[index] ?? 0) + 1;
  }

  before(atMs: number): number {
    const end = Math.min(atMs / binMs, this.#bins.length);
    const whole = Math.max(0, Math.floor(end));
    let count = this.#before;
    for (let i = 0; i < whole; i += 1) count += this.#bins[i] ?? 0;
    return count + (this.#bins[whole] ?? 0) * Math.max(0, end - whole);
  }
}

/** Distinct whole numbers from 0 on: a bit each. Numbers that do not fit a bitmap go to a set. */
class IdSet {
  size = 0;
  #bits = new Uint8Array(1024);
  readonly #others = new Set<number>();

  add(id: number): void {
    if (!(Number.isInteger(id) && id >= 0 && id < bitmapLimit)) {
      if (!this.#others.has(id)) {
        this.#others.add(id);
        this.size += 1;
      }
      return;
    }
    const byte = id >> 3;
    if (byte >= this.#bits.length) {
      const larger = new Uint8Array(Math.max(byte + 1, this.#bits.length * 2));
      larger.set(this.#bits);
      this.#bits = larger;
    }
    const mask = 1 << (id & 7);
    const held = this.#bits[byte] ?? 0;
    if ((held & mask) === 0) {
      this.#bits[byte] = held | mask;
      this.size += 1;
    }
  }
}

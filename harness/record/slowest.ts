/** The k items with the largest score, in bounded memory. Equal scores: the earlier one stays. */
export class Largest<Item> {
  readonly #limit: number;
  readonly #held: { score: number; item: Item }[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The score that a new item must exceed to be held. */
  get threshold(): number {
    return this.#held.length < this.#limit ? Number.NEGATIVE_INFINITY : (this.#held.at(-1)?.score ?? Number.NEGATIVE_INFINITY);
  }

  offer(score: number, item: Item): void {
    if (!(score > this.threshold)) return;
    let place = this.#held.length;
    while (place > 0 && (this.#held[place - 1]?.score ?? 0) < score) place -= 1;
    this.#held.splice(place, 0, { score, item });
    if (this.#held.length > this.#limit) this.#held.pop();
  }

  /** Largest first. */
  entries(): readonly { score: number; item: Item }[] {
    return this.#held;
  }
}

/** A uniform choice of k out of any number of items (Vitter, algorithm R), the same for the same sequence of random numbers. */
export class Reservoir<Item> {
  readonly #limit: number;
  readonly #random: () => number;
  readonly held: Item[] = [];
  seen = 0;

  constructor(limit: number, random: () => number) {
    this.#limit = limit;
    this.#random = random;
  }

  offer(item: Item): void {
    this.seen += 1;
    if (this.held.length < this.#limit) this.held.push(item);
    else {
      const place = Math.floor(this.#random() * this.seen);
      if (place < this.#limit) this.held[place] = item;
    }
  }
}

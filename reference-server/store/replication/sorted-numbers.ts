/** Taken numbers at the head of the array, before it is cut. */
const mostTaken = 1_024;

/** Numbers that come nearly in their order and go in any. The lowest is found at once, however many there are. */
export class SortedNumbers {
  #sorted: number[] = [];
  readonly #there = new Set<number>();
  #head = 0;

  add(number: number): void {
    if (this.#there.has(number)) return;
    this.#there.add(number);
    const sorted = this.#sorted;
    let at = sorted.push(number) - 1;
    for (; at > this.#head && (sorted[at - 1] ?? 0) > number; at -= 1) sorted[at] = sorted[at - 1] ?? 0;
    sorted[at] = number;
  }

  remove(number: number): void {
    this.#there.delete(number);
  }

  lowest(): number | undefined {
    this.#skipTaken();
    return this.#sorted[this.#head];
  }

  /** Those that are at most so large, in their order. */
  upTo(most: number): number[] {
    this.#skipTaken();
    const found: number[] = [];
    for (let at = this.#head; at < this.#sorted.length; at += 1) {
      const number = this.#sorted[at] ?? 0;
      if (number > most) break;
      if (this.#there.has(number)) found.push(number);
    }
    return found;
  }

  #skipTaken(): void {
    const sorted = this.#sorted;
    while (this.#head < sorted.length && !this.#there.has(sorted[this.#head] ?? 0)) this.#head += 1;
    if (this.#head < mostTaken && this.#head < sorted.length) return;
    this.#sorted = sorted.slice(this.#head);
    this.#head = 0;
  }
}

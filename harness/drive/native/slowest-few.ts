/** Tells whether a value is among the largest few so far. */
export class SlowestFew {
  readonly #size: number;
  readonly #values: number[] = [];

  constructor(size: number) {
    this.#size = size;
  }

  /** True, and remembered, when it is. The first `size` values always are. */
  offer(value: number): boolean {
    const values = this.#values;
    const smallest = values[0];
    if (values.length >= this.#size) {
      if (smallest !== undefined && value <= smallest) return false;
      values.shift();
    }
    let index = values.length;
    while (index > 0 && (values[index - 1] ?? 0) > value) index -= 1;
    values.splice(index, 0, value);
    return true;
  }
}

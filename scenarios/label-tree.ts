interface Branch<T> {
  readonly next: Map<string, Branch<T>>;
  leaf?: T;
}

/** One thing for each combination of label values. Finding it builds no key: for hot paths. */
export class LabelTree<T> {
  readonly #make: (values: readonly string[]) => T;
  #root: Branch<T> = { next: new Map() };
  readonly #values = new Map<T, readonly string[]>();

  /** @param make what belongs to these values; called once for each combination, until it is dropped */
  constructor(make: (values: readonly string[]) => T) {
    this.#make = make;
  }

  /** The thing with these values, always as many and in the same order; made when it is not there. */
  at(values: readonly string[]): T {
    const branch = this.#branch(values);
    if (branch.leaf === undefined) this.#put(branch, this.#make(values), values);
    return branch.leaf as T;
  }

  get size(): number {
    return this.#values.size;
  }

  /** In the order of their making. */
  all(): Iterable<T> {
    return this.#values.keys();
  }

  /** Forgets whatever has this value at this place. */
  drop(index: number, value: string): void {
    const kept = [...this.#values].filter(([, values]) => values[index] !== value);
    this.#root = { next: new Map() };
    this.#values.clear();
    for (const [thing, values] of kept) this.#put(this.#branch(values), thing, values);
  }

  #branch(values: readonly string[]): Branch<T> {
    let branch = this.#root;
    for (const value of values) {
      let next = branch.next.get(value);
      if (!next) {
        next = { next: new Map() };
        branch.next.set(value, next);
      }
      branch = next;
    }
    return branch;
  }

  #put(branch: Branch<T>, thing: T, values: readonly string[]): void {
    branch.leaf = thing;
    this.#values.set(thing, values);
  }
}

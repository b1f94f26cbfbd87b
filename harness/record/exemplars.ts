import type { Sample } from '../sample.ts';

/** Bins grow by this factor: a request found for a value is within some 5% of it. */
const step = 1.05;
const logStep = Math.log(step);
/** Everything below is one bin. */
const leastMs = 0.1;

/**
 * Of each operation the latest request in every bin of its latency, so that any point of its distribution can name a request that was there. Memory is bounded by
 * operations and bins: about 270 up to 60 s, of which a distribution fills a few dozen.
 */
export class Exemplars {
  readonly #operations = new Map<string, Map<number, Sample>>();

  add(sample: Sample, latencyMs: number): void {
    let bins = this.#operations.get(sample.operation);
    if (bins === undefined) {
      bins = new Map();
      this.#operations.set(sample.operation, bins);
    }
    bins.set(binOf(latencyMs), sample);
  }

  /** The request of these operations in the bin of the value, or in the next one beside it that has one; undefined when none is within three bins. */
  near(ms: number, operations: Iterable<string>): Sample | undefined {
    const names = [...operations];
    const wanted = binOf(ms);
    for (const away of [0, 1, -1, 2, -2, 3, -3]) {
      for (const name of names) {
        const found = this.#operations.get(name)?.get(wanted + away);
        if (found) return found;
      }
    }
    return undefined;
  }
}

function binOf(ms: number): number {
  return ms <= leastMs ? 0 : 1 + Math.floor(Math.log(ms / leastMs) / logStep);
}

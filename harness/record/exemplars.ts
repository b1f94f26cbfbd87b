import type { Sample } from '../sample.ts';

/** Bins grow by this factor: a request found for a value is within some 5% of it. */
const step = 1.05;
const logStep = Math.log(step);
/** Everything below is one bin. */
const leastMs = 0.1;
/** The bin of the value first, then those beside it. */
const nearest = [0, 1, -1, 2, -2, 3, -3];

/**
 * The latest request in every bin of latency. One whose trace was sampled when it was sent stays for the next such one: its trace is kept wherever it went, that of
 * another only by a server that still holds it.
 */
export class LatencyBins {
  readonly #bins = new Map<number, Sample>();

  add(sample: Sample, latencyMs: number): void {
    const bin = binOf(latencyMs);
    if (sample.sampled !== true && this.#bins.get(bin)?.sampled === true) return;
    this.#bins.set(bin, sample);
  }

  /** The request so many bins away from that of the value. */
  at(ms: number, away: number): Sample | undefined {
    return this.#bins.get(binOf(ms) + away);
  }

  /** Undefined when there is none within three bins. */
  near(ms: number): Sample | undefined {
    return nearestIn([this], ms);
  }
}

/**
 * Bins of each operation, so that any point of its distribution can name a request that was there. Memory is bounded by operations and bins: about 270 up to 60 s, of
 * which a distribution fills a few dozen.
 */
export class Exemplars {
  readonly #operations = new Map<string, LatencyBins>();

  add(sample: Sample, latencyMs: number): void {
    let bins = this.#operations.get(sample.operation);
    if (bins === undefined) {
      bins = new LatencyBins();
      this.#operations.set(sample.operation, bins);
    }
    bins.add(sample, latencyMs);
  }

  /** The request of these operations in the bin of the value, or in the next one beside it that has one; undefined when none is within three bins. */
  near(ms: number, operations: Iterable<string>): Sample | undefined {
    return nearestIn(
      [...operations].flatMap((name) => this.#operations.get(name) ?? []),
      ms,
    );
  }
}

function nearestIn(all: readonly LatencyBins[], ms: number): Sample | undefined {
  for (const away of nearest) {
    for (const bins of all) {
      const found = bins.at(ms, away);
      if (found) return found;
    }
  }
  return undefined;
}

function binOf(ms: number): number {
  return ms <= leastMs ? 0 : 1 + Math.floor(Math.log(ms / leastMs) / logStep);
}

import type { SecondExemplar } from '../results/run-file.ts';
import type { Truth } from '../sample.ts';

const mostHeld = 100;

/**
 * A request near the p99 of each second, at most 100: of a longer run, the one with the largest p99 in every two seconds, four, eight and so on. Without what takes room
 * in a sample and no trace needs: the times of single events, and the hops.
 */
export class SecondExemplars {
  #strideSeconds = 1;
  readonly #held = new Map<number, SecondExemplar>();

  offer({ sample, ...rest }: SecondExemplar): void {
    const { eventTimesMs: _, gapsUs: __, truth, ...lean } = sample;
    this.#keep({ ...rest, sample: truth ? { ...lean, truth: withoutDetail(truth) } : lean });
    while (this.#held.size > mostHeld) {
      this.#strideSeconds *= 2;
      const all = [...this.#held.values()];
      this.#held.clear();
      for (const one of all) this.#keep(one);
    }
  }

  /** In order of time. */
  entries(): SecondExemplar[] {
    return [...this.#held.values()].toSorted((a, b) => a.second - b.second);
  }

  #keep(one: SecondExemplar): void {
    const place = Math.floor(one.second / this.#strideSeconds);
    const known = this.#held.get(place);
    if (known === undefined || one.p99Ms > known.p99Ms) this.#held.set(place, one);
  }
}

function withoutDetail({ hops: _, events: __, ...rest }: Truth): Truth {
  return rest;
}

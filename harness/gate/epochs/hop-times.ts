import type { HopTiming, Sample } from '../../sample.ts';
import type { HopTimes } from './epoch-record.ts';

/**
 * Own time of each hop in one request: its duration without that of the hops inside it. A hop lies inside another when its times do; a hop that comes several times is
 * added up. Without start times there is no telling, and the durations are taken as they are.
 */
export function ownTimesMs(hops: readonly HopTiming[]): Map<string, number> {
  const own = new Map<string, number>();
  const add = (hop: string, ms: number): void => void own.set(hop, (own.get(hop) ?? 0) + ms);
  const open: { hop: string; endMs: number }[] = [];
  // Outer ones first where they start together.
  const ordered = hops.toSorted((a, b) => (a.startMs ?? 0) - (b.startMs ?? 0) || b.durationMs - a.durationMs);
  for (const { hop, startMs, durationMs } of ordered) {
    add(hop, durationMs);
    if (startMs === undefined) continue;
    while (open.length > 0 && (open.at(-1)?.endMs ?? 0) <= startMs) open.pop();
    const outer = open.at(-1);
    if (outer) add(outer.hop, -Math.min(durationMs, outer.endMs - startMs));
    open.push({ hop, endMs: startMs + durationMs });
  }
  return own;
}

/** Own times of hops over the requests of a side, by operation. */
export class HopTally {
  readonly #us = new Map<string, { scenario: string; operation: string; hop: string; values: number[] }>();

  add({ scenario, operation, truth, outcome }: Sample): void {
    if (outcome === 'ok' && truth?.hops !== undefined) this.addOwn({ scenario, operation }, ownTimesMs(truth.hops));
  }

  /** @param ownMs of one request, by hop */
  addOwn({ scenario, operation }: Pick<Sample, 'scenario' | 'operation'>, ownMs: ReadonlyMap<string, number>): void {
    for (const [hop, ms] of ownMs) {
      const key = `${scenario}\u0000${operation}\u0000${hop}`;
      let entry = this.#us.get(key);
      if (!entry) {
        entry = { scenario, operation, hop, values: [] };
        this.#us.set(key, entry);
      }
      entry.values.push(Math.round(ms * 1_000));
    }
  }

  times(): HopTimes[] {
    return [...this.#us.values()].map(({ values, ...names }) => {
      const ordered = values.toSorted((a, b) => a - b);
      const middle = ordered.length / 2;
      const medianUs = Math.round(((ordered[Math.ceil(middle) - 1] ?? 0) + (ordered[Math.floor(middle)] ?? 0)) / 2);
      return { ...names, n: values.length, medianUs, meanUs: Math.round(values.reduce((sum, value) => sum + value, 0) / values.length) };
    });
  }
}

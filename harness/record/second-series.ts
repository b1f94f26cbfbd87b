import type { SecondExemplar, SecondRow } from '../results/run-file.ts';
import type { Sample } from '../sample.ts';
import { LatencyBins } from './exemplars.ts';
import { SecondExemplars } from './second-exemplars.ts';

interface Second {
  due: number;
  sent: number;
  ended: number;
  ok: number;
  failed: number;
  dropped: number;
  latency?: Values;
  ttft?: Values;
  /** Of its requests that have a trace. */
  traced?: LatencyBins;
  quantiles?: Pick<SecondRow, 'p50Ms' | 'p95Ms' | 'p99Ms' | 'ttftP50Ms' | 'ttftP95Ms'>;
}

/** Above so many values a second a uniform choice of them stands for all. */
const valuesASecond = 20_000;
const longestRunSeconds = 7 * 24 * 3600;

interface Values {
  held: number[];
  seen: number;
}

/**
 * One row a second of the run, warm-up included. Counted in the second in which it happened: due, sent, ok, failed (timeouts too), dropped (when it was due).
 * The quantiles of a row are those of the requests that were due in that second, so that a stall shows where it began and not where it ended.
 *
 * Quantiles are exact (nearest rank) up to 20,000 requests a second, and from a seeded uniform choice of 20,000 above. A second is sealed, and its values
 * let go, `sealAfterMs` after it: the longest time a request may take, so that none is missed and memory does not grow with the run.
 * A value that still comes later is counted in the counts only.
 */
export class SecondSeries {
  readonly #seconds: (Second | undefined)[] = [];
  readonly #sealAfterMs: number;
  readonly #random: () => number;
  readonly #exemplars = new SecondExemplars();
  #sealedBelow = 0;

  constructor(sealAfterMs: number, random: () => number) {
    this.#sealAfterMs = sealAfterMs;
    this.#random = random;
  }

  /** @param latencyMs NaN for none. @param ttftMs NaN for none. */
  add(sample: Sample, latencyMs: number, ttftMs: number): void {
    const { sentAtMs, endedAtMs, outcome } = sample;
    const dueAtMs = sample.intendedAtMs ?? sentAtMs;
    const due = this.#at(dueAtMs);
    if (due) {
      due.due += 1;
      if (outcome === 'dropped') due.dropped += 1;
      if (due.quantiles === undefined) {
        if (!Number.isNaN(latencyMs)) {
          due.latency = this.#hold(due.latency, latencyMs);
          if (sample.traceId !== undefined && sentAtMs !== undefined) {
            due.traced ??= new LatencyBins();
            due.traced.add(sample, latencyMs);
          }
        }
        if (!Number.isNaN(ttftMs)) due.ttft = this.#hold(due.ttft, ttftMs);
      }
    }
    if (outcome === 'dropped') return;
    const sent = this.#at(sentAtMs);
    if (sent) sent.sent += 1;
    const ended = this.#at(endedAtMs ?? sentAtMs);
    if (ended) {
      if (sent) ended.ended += 1;
      if (outcome === 'ok') ended.ok += 1;
      else if (outcome !== 'aborted') ended.failed += 1;
    }
    if (dueAtMs !== undefined) this.#seal(dueAtMs);
  }

  /** Requests that ended in that second, in all. */
  endedIn(second: number): number {
    return this.#seconds[second]?.ended ?? 0;
  }

  /** Requests near the p99 of their second, for those seconds that have one with a trace. Once, after the last sample. */
  exemplars(): SecondExemplar[] {
    for (const [index, second] of this.#seconds.entries()) if (second?.quantiles === undefined) this.#close(index);
    return this.#exemplars.entries();
  }

  rows(measuredFromMs: number): SecondRow[] {
    const rows: SecondRow[] = [];
    let inFlight = 0;
    const first = this.#seconds.findIndex((second) => second !== undefined);
    for (let i = first; first >= 0 && i < this.#seconds.length; i += 1) {
      const second = this.#seconds[i] ?? emptySecond();
      inFlight += second.sent - second.ended;
      rows.push({
        second: i,
        phase: i * 1000 + 500 < measuredFromMs ? 'warm-up' : 'measured',
        due: second.due,
        sent: second.sent,
        ok: second.ok,
        failed: second.failed,
        dropped: second.dropped,
        inFlight,
        ...(second.quantiles ?? quantilesOf(second)),
      });
    }
    return rows;
  }

  #at(atMs: number | undefined): Second | undefined {
    if (atMs === undefined) return undefined;
    const index = Math.floor(atMs / 1000);
    // Written so that NaN is refused as well.
    if (!(index >= 0 && index < longestRunSeconds)) return undefined;
    const known = this.#seconds[index];
    if (known) return known;
    const made = emptySecond();
    this.#seconds[index] = made;
    return made;
  }

  #hold(known: Values | undefined, ms: number): Values {
    const values = known ?? { held: [], seen: 0 };
    values.seen += 1;
    if (values.held.length < valuesASecond) values.held.push(ms);
    else {
      const place = Math.floor(this.#random() * values.seen);
      if (place < valuesASecond) values.held[place] = ms;
    }
    return values;
  }

  #seal(nowMs: number): void {
    const below = Math.floor((nowMs - this.#sealAfterMs) / 1000);
    while (this.#sealedBelow < below && this.#sealedBelow < this.#seconds.length) {
      if (this.#seconds[this.#sealedBelow]?.quantiles === undefined) this.#close(this.#sealedBelow);
      this.#sealedBelow += 1;
    }
  }

  #close(index: number): void {
    const second = this.#seconds[index];
    if (second === undefined) return;
    second.quantiles = quantilesOf(second);
    const { p99Ms } = second.quantiles;
    const sample = p99Ms === undefined ? undefined : second.traced?.near(p99Ms);
    if (p99Ms !== undefined && sample) this.#exemplars.offer({ second: index, p99Ms, sample });
    delete second.latency;
    delete second.ttft;
    delete second.traced;
  }
}

function emptySecond(): Second {
  return { due: 0, sent: 0, ended: 0, ok: 0, failed: 0, dropped: 0 };
}

function quantilesOf(second: Second): NonNullable<Second['quantiles']> {
  const latency = sorted(second.latency);
  const ttft = sorted(second.ttft);
  return {
    ...(latency && { p50Ms: nearestRank(latency, 0.5), p95Ms: nearestRank(latency, 0.95), p99Ms: nearestRank(latency, 0.99) }),
    ...(ttft && { ttftP50Ms: nearestRank(ttft, 0.5), ttftP95Ms: nearestRank(ttft, 0.95) }),
  };
}

function sorted(values: Values | undefined): Float64Array | undefined {
  return values && Float64Array.from(values.held).sort();
}

function nearestRank(ascending: Float64Array, q: number): number {
  const ms = ascending[Math.max(0, Math.ceil(ascending.length * q - 1e-9) - 1)] ?? 0;
  return Math.round(ms * 1000) / 1000;
}

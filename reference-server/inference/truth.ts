import type { Exchange } from '../exchange.ts';

/** Milliseconds from arrival, to the microsecond. Shape: `Truth` of the harness' samples, documented in docs/truth.md. */
export function streamTruth(exchange: Exchange, intendedMs: Float64Array, actualMs: Float64Array, sent: number): object {
  const intended = Array.from(intendedMs.subarray(0, sent), round);
  const actual = Array.from(actualMs.subarray(0, sent), round);
  return {
    intendedMs: intended.at(-1) ?? 0,
    actualMs: actual.at(-1) ?? 0,
    queuedMs: round(exchange.queuedMs),
    intendedFirstMs: intended[0] ?? 0,
    actualFirstMs: actual[0] ?? 0,
    hops: exchange.hops.map((hop) => ({
      hop: hop.hop,
      startMs: round(hop.startMs - exchange.arrivedMs),
      // Hops that are still open end with the stream.
      durationMs: round((Number.isNaN(hop.endMs) ? exchange.arrivedMs + (actual.at(-1) ?? 0) : hop.endMs) - hop.startMs),
      intendedMs: round(hop.intendedMs),
    })),
    events: { intendedMs: intended, actualMs: actual },
  };
}

function round(ms: number): number {
  return Math.round(ms * 1_000) / 1_000;
}

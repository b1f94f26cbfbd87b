import { truthEvent } from '../../scenarios/names.ts';
import type { Exchange } from '../exchange.ts';
import type { StreamDraw } from '../latency/draw.ts';

/** The closing event of a stream whose request asked for the truth. */
export function truthEventOf(exchange: Exchange, intendedMs: Float64Array, actualMs: Float64Array, sent: number): string {
  return `event: ${truthEvent}\ndata: ${JSON.stringify(streamTruth(exchange, intendedMs, actualMs, sent))}\n\n`;
}

/** A loaded inference is slow: what comes on top of the draw by the given content event. */
export function slowedMs({ eventsMs, firstEventMs }: StreamDraw, index: number, slowdown: number): number {
  return slowdown === 1 ? 0 : ((eventsMs[index] as number) - firstEventMs) * (slowdown - 1);
}

/** Milliseconds from arrival, to the microsecond. Shape: `Truth` of the harness' samples, documented in docs/truth.md. */
function streamTruth(exchange: Exchange, intendedMs: Float64Array, actualMs: Float64Array, sent: number): object {
  const intended = Array.from(intendedMs.subarray(0, sent), round);
  const actual = Array.from(actualMs.subarray(0, sent), round);
  return {
    intendedMs: intended.at(-1) ?? 0,
    actualMs: actual.at(-1) ?? 0,
    queuedMs: round(exchange.queuedMs),
    intendedFirstMs: intended[0] ?? 0,
    actualFirstMs: actual[0] ?? 0,
    hops: exchange.hops
      .filter(({ hop }) => hop !== 'job')
      .map((hop) => ({
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

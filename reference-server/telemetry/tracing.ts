import { classObjectives } from '../../scenarios/class-objectives.ts';
import { type RecentLimits, recentRecords } from './recent-records.ts';
import { type SpanFacts, spanCountOf, spansOf, type UrlScheme } from './spans.ts';
import type { KeptBecause, TraceRecord } from './trace-record.ts';

/** Where spans go. */
export interface SpanSink {
  /**
   * Takes all spans of a trace, `count` of them, or none, which it counts as dropped: false. Never throws.
   * @param make is called once, when they are about to be sent: those of many traces are made together
   */
  take(count: number, make: () => readonly SpanFacts[]): boolean;
  health(): ExportHealth;
  /** Resolves true when everything taken so far has been sent; false when that failed or the time was over. */
  flush(timeoutMs: number): Promise<boolean>;
  /** Sends what waits, for so long; what is left then is dropped and told. */
  stop(timeoutMs: number): Promise<void>;
}

export interface ExportHealth {
  endpoint?: string;
  /** Spans. */
  exported: number;
  /** Spans that are lost: no room, refused, or sent without a proper answer. */
  dropped: number;
  queued: number;
  /** Batches. */
  failedExports: number;
}

export interface Tracing {
  /** A sink will come: until then records are held. Without this and without a sink nothing is. */
  expect(): void;
  /** At the end of a response. Returns why its spans were emitted, if they were. */
  finished(record: TraceRecord): KeptBecause | undefined;
  /**
   * Emits what is held of these traces. Returns the spans emitted, and the traces that are not complete where they should be: forgotten, never here,
   * or without room to send them, in which case they are held on and may be asked for again.
   */
  keep(traceIds: readonly string[]): { emitted: number; missing: string[] };
  health(): ExportHealth & { enabled: boolean; held: number; evicted: number };
  flush(timeoutMs: number): Promise<boolean>;
  /** From now on spans go there, and those of before that had to be kept. @param scheme of the public port */
  exportTo(sink: SpanSink, scheme?: UrlScheme): void;
  stop(timeoutMs: number): Promise<void>;
}

const limits: RecentLimits = {
  latest: 20_000,
  // About 600 each.
  latestBytes: 16 * 1024 ** 2,
  bytesOfOne: 64 * 1024,
  slowest: 64,
  runs: 4,
  withoutRunMs: 15 * 60_000,
};
/** Emitted traces that are remembered, so that asking for one again is no fault. */
const rememberedTraces = 50_000;

/** Decides which requests become spans. */
export function makeTracing(): Tracing {
  const recent = recentRecords(limits);
  // Two halves, the older of which is forgotten whole.
  let emitted = new Set<string>();
  let emittedBefore = new Set<string>();
  let sink: SpanSink | undefined;
  let scheme: UrlScheme = 'http';
  let expected = false;
  /** Spans emitted; undefined: no room. */
  const emit = (to: SpanSink, record: TraceRecord, because: KeptBecause): number | undefined => {
    const count = spanCountOf(record);
    const ofUrls = scheme;
    if (!to.take(count, () => spansOf(record, because, ofUrls))) return undefined;
    if (emitted.size >= rememberedTraces / 2) {
      emittedBefore = emitted;
      emitted = new Set();
    }
    emitted.add(record.traceId);
    return count;
  };
  return {
    expect() {
      expected = true;
    },
    finished(record) {
      const because = sink && keptBecause(record);
      // Without room it is not kept, whatever it is: nobody may point to a trace that did not leave. It is held, and may be asked for when there is room.
      if (sink && because && emit(sink, record, because) !== undefined) return because;
      if (expected) recent.add(record);
      return undefined;
    },
    keep(traceIds) {
      const asked = new Set(traceIds);
      const incomplete = new Set<string>();
      let count = 0;
      for (const record of sink ? recent.take(asked) : []) {
        const spans = sink && emit(sink, record, 'asked');
        count += spans ?? 0;
        if (spans !== undefined) continue;
        incomplete.add(record.traceId);
        recent.add(record);
      }
      const isWhole = (traceId: string): boolean => !incomplete.has(traceId) && (emitted.has(traceId) || emittedBefore.has(traceId));
      return { emitted: count, missing: [...asked].filter((traceId) => !isWhole(traceId)) };
    },
    health: () => ({ exported: 0, dropped: 0, queued: 0, failedExports: 0, ...sink?.health(), enabled: sink !== undefined, ...recent.counts() }),
    flush: async (timeoutMs) => (sink ? sink.flush(timeoutMs) : true),
    exportTo(given, ofUrls = 'http') {
      sink = given;
      scheme = ofUrls;
      expected = true;
      for (const record of recent.takeWhere((one) => keptBecause(one) !== undefined)) emit(given, record, keptBecause(record) ?? 'asked');
    },
    async stop(timeoutMs) {
      await sink?.stop(timeoutMs);
    },
  };
}

function keptBecause(record: TraceRecord): KeptBecause | undefined {
  if (record.sampled) return 'sampled';
  if (record.failed) return 'failed';
  return isSlow(record) ? 'slow' : undefined;
}

/** Longer than the objective of its class. */
function isSlow({ operation, startMs, endMs, stream }: TraceRecord): boolean {
  if (!operation) return false;
  const { latency, firstEvent } = classObjectives[operation.latencyClass];
  if (firstEvent && stream?.firstMs !== undefined && stream.firstMs - startMs > firstEvent.maxMs) return true;
  // A stream of no completion lasts as long as it is meant to.
  if (operation.stream && !stream) return false;
  return endMs - startMs > latency.maxMs;
}

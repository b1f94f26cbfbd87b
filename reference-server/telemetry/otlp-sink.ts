/** Spans over OTLP/HTTP, by the OpenTelemetry SDK. Loaded after the server listens: importing it takes as long as the whole start. */
import { type ExportResult, ExportResultCode } from '@opentelemetry/core';
import { type Attributes, diag, DiagLogLevel, SpanKind, SpanStatusCode, TraceFlags } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { type Resource, resourceFromAttributes } from '@opentelemetry/resources';
import { startNodeSdk } from '@opentelemetry/sdk-node';
import { BatchSpanProcessor, type ReadableSpan, type SpanExporter } from '@opentelemetry/sdk-trace';
import { setTimeout as setTimeoutPromise } from 'node:timers/promises';
import { serviceNamespace } from '../../scenarios/names.ts';
import type { HopName } from '../exchange.ts';
import { givenResourceAttributes } from './resource-attributes.ts';
import { type SpanFacts, serviceNameOf } from './spans.ts';
import type { SpanSink } from './tracing.ts';

export interface OtlpOptions {
  /** Whole URL that traces are posted to. The SDK reads `OTEL_EXPORTER_OTLP_HEADERS` and its like itself. */
  url: string;
  version: string;
  /** Once for each kind of failure: what went wrong. */
  onFault(message: string): void;
}

/** Spans that may wait; more are dropped and counted. About 1.5 KB each. */
const mostWaiting = 20_480;
/** Small, so that serialising one batch does not hold the loop: about 600 bytes of JSON a span. */
const batchSpans = 256;
/** Each request to the collector has a cost of its own: so what comes in a second goes in one, where it is no more than a batch. */
const delayMs = 750;
/** Traces wait as records until they have so many spans, or so long: made one trace at a time, their code would meet cold caches each time. */
const madeTogether = 64;
const madeAfterMs = 250;
/** After it the next batch is sent, too, whatever became of this one. The exporter's own is `OTEL_EXPORTER_OTLP_TIMEOUT`, 10 s by default. */
const exportTimeoutMs = 11_000;
const flushStepMs = 20;
/** Batches that a flush sends at once; before that they go one after another, so that the loop stays free. */
const flushedAtOnce = 4;
const mostFaults = 8;

/** What the exporter says of an answer that it takes for a success all the same: just before it reports that. */
let answerFault: string | undefined;
const answerFaults = /failed to parse|could not deserialize|partial success/i;
const listener = {
  warn(...words: unknown[]): void {
    const text = words.map(String).join(' ');
    if (answerFaults.test(text)) answerFault = text;
  },
  error: () => undefined,
  info: () => undefined,
  debug: () => undefined,
  verbose: () => undefined,
};

export function otlpSink(options: OtlpOptions): SpanSink {
  const counts = { exported: 0, dropped: 0, failedExports: 0, waiting: 0 };
  const faults = new Set<string>();
  const exporter = new OTLPTraceExporter({
    url: options.url,
    // Beyond it batches fail at once: at the end all that wait go together.
    concurrencyLimit: Math.ceil(mostWaiting / batchSpans) + flushedAtOnce,
  });
  const failed = (lost: number, message: string): void => {
    counts.dropped += lost;
    counts.failedExports += 1;
    if (faults.has(message) || faults.size >= mostFaults) return;
    faults.add(message);
    options.onFault(`traces could not be exported to ${options.url}: ${message}; the server goes on, and spans that are lost are counted`);
  };
  const counting: SpanExporter = {
    export(spans, done) {
      const ended = (result: ExportResult): void => {
        counts.waiting -= spans.length;
        const fault = answerFault;
        answerFault = undefined;
        if (result.code !== ExportResultCode.SUCCESS) failed(spans.length, result.error?.message || 'no connection');
        else if (fault === undefined) counts.exported += spans.length;
        else {
          const rejected = rejectedOf(fault, spans.length);
          counts.exported += spans.length - rejected;
          if (rejected > 0) failed(rejected, `it was not a collector's answer: ${fault.slice(0, 200)}`);
        }
        done(result);
      };
      try {
        exporter.export(spans, ended);
      } catch (error) {
        ended({ code: ExportResultCode.FAILED, error: error instanceof Error ? error : new Error(String(error)) });
      }
    },
    shutdown: () => exporter.shutdown(),
    ...(exporter.forceFlush && { forceFlush: () => exporter.forceFlush() }),
  };
  const processor = new BatchSpanProcessor({
    exporter: counting,
    maxQueueSize: mostWaiting,
    maxExportBatchSize: batchSpans,
    scheduledDelayMillis: delayMs,
    exportTimeoutMillis: exportTimeoutMs,
  });
  // Its own spans, made by whoever uses the OpenTelemetry API in this process, go the same way; it also reads the propagators.
  const sdk = startNodeSdk({ spanProcessors: [processor], metricReaders: [], logRecordProcessors: [], resourceDetectors: [], logLevel: 'none' });
  const given = givenResourceAttributes(options.onFault);
  diag.setLogger(listener, { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
  const resources = new Map<HopName, Resource>();
  const resourceOf = (tier: HopName): Resource => {
    let resource = resources.get(tier);
    if (!resource) {
      resource = resourceFromAttributes({
        'service.namespace': serviceNamespace,
        'service.version': options.version,
        'service.instance.id': String(process.pid),
        ...given,
        'service.name': serviceNameOf(tier),
      });
      resources.set(tier, resource);
    }
    return resource;
  };
  const makeSpans = (count: number, make: () => readonly SpanFacts[]): void => {
    try {
      const spans = make();
      counts.waiting += spans.length - count;
      for (const span of spans) processor.onEnd(readable(span, resourceOf(span.tier), options.version));
    } catch (error) {
      counts.waiting -= count;
      failed(count, error instanceof Error ? error.message : String(error));
    }
  };
  const unmade = unmadeSpans(makeSpans);
  return {
    take(count, make) {
      if (counts.waiting + count > mostWaiting) {
        counts.dropped += count;
        return false;
      }
      counts.waiting += count;
      unmade.add(count, make);
      return true;
    },
    health: () => ({
      endpoint: options.url,
      exported: counts.exported,
      dropped: counts.dropped,
      queued: counts.waiting,
      failedExports: counts.failedExports,
    }),
    async flush(timeoutMs) {
      const untilMs = performance.now() + timeoutMs;
      const failedBefore = counts.failedExports;
      unmade.makeAll();
      while (counts.waiting > 0 && performance.now() < untilMs) {
        // It waits for whatever the collector does: not we.
        if (counts.waiting <= flushedAtOnce * batchSpans) void processor.forceFlush().catch(() => undefined);
        await new Promise((resolve) => setTimeout(resolve, flushStepMs));
      }
      return counts.waiting === 0 && counts.failedExports === failedBefore;
    },
    async stop(timeoutMs) {
      unmade.makeAll();
      const over = new AbortController();
      const ended = Promise.all([processor.shutdown(), sdk.shutdown()]).catch(() => undefined);
      await Promise.race([ended, setTimeoutPromise(timeoutMs, undefined, { signal: over.signal })]);
      over.abort();
      if (counts.waiting > 0) options.onFault(`${counts.waiting} spans had not been exported when the server ended`);
    },
  };
}

interface Unmade {
  count: number;
  make: () => readonly SpanFacts[];
}

/** Traces whose spans are made later, together. @param makeSpans never throws */
function unmadeSpans(makeSpans: (count: number, make: Unmade['make']) => void): { add(count: number, make: Unmade['make']): void; makeAll(): void } {
  let waiting: Unmade[] = [];
  let waitingSpans = 0;
  let timer: NodeJS.Timeout | undefined;
  const makeAll = (): void => {
    const traces = waiting;
    waiting = [];
    waitingSpans = 0;
    clearTimeout(timer);
    timer = undefined;
    for (const { count, make } of traces) makeSpans(count, make);
  };
  return {
    add(count, make) {
      waiting.push({ count, make });
      waitingSpans += count;
      if (waitingSpans >= madeTogether) makeAll();
      else timer ??= setTimeout(makeAll, madeAfterMs).unref();
    },
    makeAll,
  };
}

/** Spans that a complaint about a successful answer stands for: what a partial success names, or all, since whoever answered so is no collector. */
function rejectedOf(fault: string, sent: number): number {
  if (!/partial success/i.test(fault)) return sent;
  const count = Number(/"rejectedSpans":\s*"?(\d+)/.exec(fault)?.[1] ?? 0);
  return Math.min(count, sent);
}

const kinds = { server: SpanKind.SERVER, client: SpanKind.CLIENT, internal: SpanKind.INTERNAL };

/** As the SDK's exporters read a span. The tracer is not used: it would take the time itself, and a context of its own for each hop. */
function readable(span: SpanFacts, resource: Resource, version: string): ReadableSpan {
  const context = { traceId: span.traceId, spanId: span.spanId, traceFlags: TraceFlags.SAMPLED };
  const { parentSpanId } = span;
  return {
    name: span.name,
    kind: kinds[span.kind],
    spanContext: () => context,
    ...(parentSpanId !== undefined && { parentSpanContext: { traceId: span.traceId, spanId: parentSpanId, traceFlags: TraceFlags.SAMPLED } }),
    startTime: hrTime(performance.timeOrigin + span.startMs),
    endTime: hrTime(performance.timeOrigin + span.endMs),
    duration: hrTime(Math.max(0, span.endMs - span.startMs)),
    status: { code: span.error ? SpanStatusCode.ERROR : SpanStatusCode.UNSET },
    attributes: span.attributes as Attributes,
    links: span.links.map(({ traceId, spanId }) => ({ context: { traceId, spanId, traceFlags: TraceFlags.NONE } })),
    events: span.events.map(({ name, atMs, attributes }) => ({ name, time: hrTime(performance.timeOrigin + atMs), ...(attributes && { attributes }) })),
    ended: true,
    resource,
    instrumentationScope: { name: 'plumbline', version },
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
}

/** Seconds and nanoseconds of a time in milliseconds; to the microsecond. */
function hrTime(ms: number): [number, number] {
  const us = Math.round(ms * 1_000);
  return [Math.floor(us / 1e6), (us % 1e6) * 1_000];
}

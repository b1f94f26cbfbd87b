import { baggageKeys, serviceNames, spanAttributes as at, spanEvents } from '../../scenarios/names.ts';
import type { HopName, HopRecord } from '../exchange.ts';
import { newSpanId } from './ids.ts';
import type { KeptBecause, StreamFacts, TraceRecord } from './trace-record.ts';

export type AttributeValue = string | number | boolean;
type Attributes = Record<string, AttributeValue>;

/** One span, in no SDK's terms. Times are milliseconds on the server's clock. */
export interface SpanFacts {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  /** The tier it belongs to: its `service.name` comes from it. */
  tier: HopName;
  name: string;
  kind: 'server' | 'client' | 'internal';
  startMs: number;
  endMs: number;
  attributes: Record<string, AttributeValue>;
  events: { name: string; atMs: number; attributes?: Record<string, AttributeValue> }[];
  links: { traceId: string; spanId: string }[];
  error: boolean;
}

export type UrlScheme = 'http' | 'https';

/** The tier that calls each tier. A hop whose caller left no record belongs to the next one outward. */
const calledBy: Partial<Record<HopName, HopName>> = {
  lb: 'edge',
  mesh: 'lb',
  service: 'mesh',
  store: 'service',
  cache: 'service',
  inference: 'service',
  job: 'service',
};

const kinds: Record<HopName, SpanFacts['kind']> = {
  edge: 'server',
  lb: 'internal',
  mesh: 'internal',
  service: 'server',
  store: 'client',
  cache: 'client',
  inference: 'client',
  job: 'internal',
};

/** The spans of one request, the outermost first. Pure but for the ids of spans, which a hop record keeps once it has one. */
export function spansOf(record: TraceRecord, keptBecause: KeptBecause, scheme: UrlScheme = 'http'): SpanFacts[] {
  const ids = new Map<HopName, string>();
  const spans: SpanFacts[] = [];
  for (const hop of record.hops) {
    hop.spanId ??= newSpanId();
    const parentSpanId = hop.parentSpanId ?? callerOf(hop.hop, ids) ?? record.parentSpanId;
    if (!ids.has(hop.hop)) ids.set(hop.hop, hop.spanId);
    const outermost = spans.length === 0;
    const attributes: Attributes = { [at.hop]: hop.hop, [at.intendedMs]: round(hop.intendedMs) };
    addHopAttributes(attributes, hop, record);
    if (outermost) {
      attributes[at.scheme] = scheme;
      addRequestAttributes(attributes, record, keptBecause);
    }
    const span: SpanFacts = {
      traceId: record.traceId,
      spanId: hop.spanId,
      tier: hop.hop,
      name: nameOf(hop, record),
      kind: kinds[hop.hop],
      // The edge's record ends when it hands the response over; its span, when the response has ended.
      startMs: outermost ? record.startMs : hop.startMs,
      endMs: outermost || Number.isNaN(hop.endMs) ? record.endMs : hop.endMs,
      attributes,
      events: [],
      links: outermost && record.link ? [record.link] : [],
      // What was the client's fault (4xx) is no error of ours.
      error: record.failed && (outermost || hop.outcome === 'error'),
    };
    if (parentSpanId !== undefined) span.parentSpanId = parentSpanId;
    spans.push(span);
    if (hop.hop === 'inference' && record.stream) spans.push(...streamSpans(spans.at(-1) as SpanFacts, record.stream));
  }
  if (record.stream && spans[0]) markStream(spans[0], record.stream);
  return spans;
}

/** How many there are, without making them. */
export function spanCountOf({ hops, stream }: TraceRecord): number {
  if (!stream) return hops.length;
  let count = 0;
  for (const { hop } of hops) count += hop === 'inference' ? 1 + streamSpanCount(stream) : 1;
  return count;
}

function callerOf(hop: HopName, ids: ReadonlyMap<HopName, string>): string | undefined {
  for (let outer = calledBy[hop]; outer !== undefined; outer = calledBy[outer]) {
    const id = ids.get(outer);
    if (id !== undefined) return id;
  }
  return undefined;
}

function nameOf(hop: HopRecord, record: TraceRecord): string {
  if (hop.hop === 'edge') return record.operation ? `${record.method} ${record.operation.path}` : record.method;
  if (hop.hop === 'inference') return `chat ${hop.name}`;
  if (hop.hop === 'store' || hop.hop === 'job') return hop.name;
  // A cache key names one organization's entry: the kind of entry is before the first space or colon.
  if (hop.hop === 'cache') return `get ${hop.name.split(/[\s:]/)[0]}`;
  return `${hop.hop} ${hop.name}`;
}

/** An IPv6 address has its colons in brackets. */
const hostAndPort = /^(.*):(\d+)$/;

/** Set one by one: an object spread into another for each that may be absent costs several times as much. */
function addRequestAttributes(to: Attributes, record: TraceRecord, keptBecause: KeptBecause): void {
  const { operation, status, host } = record;
  const { run, scenario, step } = baggageOf(record.baggage);
  to[at.method] = record.method;
  to[at.path] = record.path;
  if (host !== undefined) {
    const [, address = host, port] = hostAndPort.exec(host) ?? [];
    to[at.serverAddress] = address;
    if (port !== undefined) to[at.serverPort] = Number(port);
  }
  if (operation) {
    to[at.route] = operation.path;
    to[at.operation] = operation.name;
    to[at.latencyClass] = operation.latencyClass;
  }
  if (status !== undefined) to[at.status] = status;
  to[at.requestId] = record.requestId;
  if (record.requestKey !== '') to[at.requestKey] = record.requestKey;
  to[at.queuedMs] = round(record.queuedMs);
  to[at.keptBecause] = keptBecause;
  if (run !== undefined) to[at.run] = run;
  if (scenario !== undefined) to[at.scenario] = scenario;
  if (step !== undefined) to[at.step] = step;
  if (record.failed) to[at.errorType] = errorTypeOf(record);
}

/** The status where there was a bad one; else how it ended. */
function errorTypeOf({ status, stream }: TraceRecord): string {
  if (status === undefined) return 'client_abort';
  if (status < 400) return stream && stream.outcome !== 'done' ? stream.outcome : 'cut_off';
  return String(status);
}

function addHopAttributes(to: Attributes, hop: HopRecord, record: TraceRecord): void {
  if (hop.hop === 'store') {
    const [operation = hop.name, ...collection] = hop.name.split(' ');
    if (hop.dbSystem !== undefined) to[at.dbSystem] = hop.dbSystem;
    if (hop.queuedMs !== undefined) to[at.queuedMs] = round(hop.queuedMs);
    to[at.dbSummary] = hop.name;
    to[at.dbOperation] = operation.toUpperCase();
    if (collection.length > 0) to[at.dbCollection] = collection.join(' ');
  } else if (hop.hop === 'inference') {
    to[at.genAiOperation] = 'chat';
    to[at.genAiModel] = hop.name;
    if (record.stream) to[at.contentEvents] = record.stream.events;
  }
}

/** As many as `streamSpans` makes. */
function streamSpanCount({ made, firstMs, lastMs }: StreamFacts): number {
  const facts = made ?? { firstMs, lastMs };
  return facts.firstMs !== undefined && facts.lastMs !== undefined ? 2 : 1;
}

/** Prefill until the first token, decode until the last. */
function streamSpans(inference: SpanFacts, stream: StreamFacts): SpanFacts[] {
  const { firstMs, lastMs } = stream.made ?? stream;
  const part = (name: string, startMs: number, endMs: number): SpanFacts => ({
    traceId: inference.traceId,
    spanId: newSpanId(),
    parentSpanId: inference.spanId,
    tier: 'inference',
    name,
    kind: 'internal',
    startMs,
    endMs,
    attributes: { [at.hop]: 'inference' },
    events: [],
    links: [],
    error: false,
  });
  const parts = [part('prefill', inference.startMs, firstMs ?? inference.endMs)];
  if (firstMs !== undefined && lastMs !== undefined) parts.push(part('decode', firstMs, lastMs));
  return parts;
}

function markStream(span: SpanFacts, stream: StreamFacts): void {
  span.attributes[at.stream] = true;
  span.attributes[at.streamOutcome] = stream.outcome;
  if (stream.openedMs !== undefined) span.events.push({ name: spanEvents.messageStart, atMs: stream.openedMs });
  if (stream.firstMs !== undefined) span.events.push({ name: spanEvents.firstToken, atMs: stream.firstMs });
  for (const { atMs, stallMs } of stream.stalls) span.events.push({ name: spanEvents.stall, atMs, attributes: { [at.stallMs]: round(stallMs) } });
  if (stream.lastMs !== undefined) span.events.push({ name: spanEvents.lastToken, atMs: stream.lastMs });
}

/** Entries of a `baggage` header that name the run. Values are percent-decoded. */
export function baggageOf(header: string | undefined): { run?: string; scenario?: string; step?: string } {
  const found: { run?: string; scenario?: string; step?: string } = {};
  for (const part of header?.split(',') ?? []) {
    const [name = '', value] = (part.split(';')[0] ?? '').split('=');
    const key = name.trim();
    if (value === undefined || !(key === baggageKeys.run || key === baggageKeys.scenario || key === baggageKeys.step)) continue;
    try {
      found[key] = decodeURIComponent(value.trim());
    } catch {
      found[key] = value.trim();
    }
  }
  return found;
}

/** `service.name` of a tier. */
export function serviceNameOf(tier: HopName): string {
  return serviceNames[tier];
}

function round(ms: number): number {
  return Math.round(ms * 1_000) / 1_000;
}

/** OTLP/HTTP to flat spans, from JSON text or from a body that is decoded already, and back to JSON. Pure. */
import type { Attributes, AttributeValue, FlatSpan, SpanKindName } from './flat-span.ts';

const kindNames: readonly SpanKindName[] = ['internal', 'internal', 'server', 'client', 'producer', 'consumer'];
const kindNumbers: Readonly<Record<SpanKindName, number>> = { internal: 1, server: 2, client: 3, producer: 4, consumer: 5 };
const digitsBelowMs = 6;

/** The spans of one export request as JSON. Throws on what is not JSON or not an export of traces, and on a span without ids or times, with its place. */
export function spansOfOtlp(text: string): FlatSpan[] {
  return spansOfExport(JSON.parse(text));
}

/** The same of a decoded body, by the names that JSON has. Ids may be text or bytes, numbers of 64 bits text or numbers. */
export function spansOfExport(exported: unknown): FlatSpan[] {
  const body = record(exported, 'body');
  const spans: FlatSpan[] = [];
  for (const [i, resourceSpans] of list(body['resourceSpans'], 'resourceSpans').entries()) {
    const at = `resourceSpans.${i}`;
    const entry = record(resourceSpans, at);
    const resource = entry['resource'] === undefined ? {} : record(entry['resource'], `${at}.resource`);
    const service = attributesOf(resource['attributes'])['service.name'];
    for (const [j, scopeSpans] of list(entry['scopeSpans'], `${at}.scopeSpans`).entries()) {
      const place = `${at}.scopeSpans.${j}`;
      for (const [k, span] of list(record(scopeSpans, place)['spans'], `${place}.spans`).entries())
        spans.push(flat(record(span, `${place}.spans.${k}`), typeof service === 'string' ? service : 'unknown', `${place}.spans.${k}`));
    }
  }
  return spans;
}

function flat(span: Record<string, unknown>, service: string, at: string): FlatSpan {
  const parent = id(span['parentSpanId']);
  const status = span['status'] === undefined ? undefined : record(span['status'], `${at}.status`)['code'];
  return {
    traceId: needed(id(span['traceId']), `${at}.traceId`),
    spanId: needed(id(span['spanId']), `${at}.spanId`),
    ...(parent !== undefined && { parentSpanId: parent }),
    service,
    name: typeof span['name'] === 'string' ? span['name'] : '',
    kind: kindNames[Number(span['kind'] ?? 0)] ?? 'internal',
    startMs: needed(epochMs(span['startTimeUnixNano']), `${at}.startTimeUnixNano`),
    endMs: needed(epochMs(span['endTimeUnixNano']), `${at}.endTimeUnixNano`),
    attributes: attributesOf(span['attributes']),
    events: list(span['events'], `${at}.events`).map((given, index) => {
      const event = record(given, `${at}.events.${index}`);
      return {
        name: String(event['name'] ?? ''),
        atMs: needed(epochMs(event['timeUnixNano']), `${at}.events.${index}.timeUnixNano`),
        attributes: attributesOf(event['attributes']),
      };
    }),
    links: list(span['links'], `${at}.links`).flatMap((given, index) => {
      const link = record(given, `${at}.links.${index}`);
      const [traceId, spanId] = [id(link['traceId']), id(link['spanId'])];
      return traceId === undefined || spanId === undefined ? [] : [{ traceId, spanId }];
    }),
    ...(status === 1 && { status: 'ok' as const }),
    ...(status === 2 && { status: 'error' as const }),
  };
}

/** An export request of these spans, one resource a service. */
export function otlpOfSpans(spans: readonly FlatSpan[], scope: { name: string; version: string }): object {
  const services = new Map<string, FlatSpan[]>();
  for (const span of spans) {
    const those = services.get(span.service);
    if (those) those.push(span);
    else services.set(span.service, [span]);
  }
  return {
    resourceSpans: [...services].map(([service, those]) => ({
      resource: { attributes: keyValues({ 'service.name': service }) },
      scopeSpans: [{ scope, spans: those.map(otlpSpan) }],
    })),
  };
}

function otlpSpan(span: FlatSpan): object {
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    ...(span.parentSpanId !== undefined && { parentSpanId: span.parentSpanId }),
    name: span.name,
    kind: kindNumbers[span.kind],
    startTimeUnixNano: nanoseconds(span.startMs),
    endTimeUnixNano: nanoseconds(span.endMs),
    attributes: keyValues(span.attributes),
    events: span.events.map(({ name, atMs, attributes }) => ({ name, timeUnixNano: nanoseconds(atMs), attributes: keyValues(attributes) })),
    links: span.links,
    status: span.status === undefined ? {} : { code: span.status === 'ok' ? 1 : 2 },
  };
}

function attributesOf(value: unknown): Attributes {
  const attributes: Attributes = {};
  for (const entry of Array.isArray(value) ? value : []) {
    if (!isRecord(entry) || typeof entry['key'] !== 'string') continue;
    const found = anyValue(entry['value']);
    if (found !== undefined) attributes[entry['key']] = found;
  }
  return attributes;
}

function anyValue(value: unknown): AttributeValue | undefined {
  if (!isRecord(value)) return undefined;
  for (const kind of ['stringValue', 'boolValue', 'doubleValue', 'bytesValue'] as const) {
    const found = value[kind];
    if (typeof found === 'string' || typeof found === 'boolean' || typeof found === 'number') return found;
    if (found instanceof Uint8Array) return Buffer.from(found).toString('base64');
  }
  // 64-bit numbers are text in JSON, and may be numbers.
  if (value['intValue'] !== undefined) return Number(value['intValue']);
  if (isRecord(value['arrayValue'])) return list(value['arrayValue']['values'], 'values').flatMap((entry) => anyValue(entry) ?? []);
  return isRecord(value['kvlistValue']) ? attributesOf(value['kvlistValue']['values']) : undefined;
}

function keyValues(attributes: Attributes): object[] {
  return Object.entries(attributes).map(([key, value]) => ({ key, value: otlpValue(value) }));
}

function otlpValue(value: AttributeValue): object {
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  if (typeof value === 'number') return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value };
  return Array.isArray(value) ? { arrayValue: { values: value.map(otlpValue) } } : { kvlistValue: { values: keyValues(value) } };
}

function id(value: unknown): string | undefined {
  if (value instanceof Uint8Array) return id(Buffer.from(value).toString('hex'));
  return typeof value === 'string' && /^[\da-f]+$/i.test(value) && !/^0+$/.test(value) ? value.toLowerCase() : undefined;
}

/** Text of nanoseconds has more digits than a number holds; milliseconds with a fraction are exact to a quarter of a microsecond. */
function epochMs(value: unknown): number | undefined {
  if (typeof value !== 'string' && typeof value !== 'number') return undefined;
  const text = String(value);
  if (!/^\d+$/.test(text)) return undefined;
  return Number(text.slice(0, -digitsBelowMs) || '0') + Number(`0.${text.slice(-digitsBelowMs).padStart(digitsBelowMs, '0')}`);
}

function nanoseconds(ms: number): string {
  const us = Math.round(ms * 1_000);
  return us === 0 ? '0' : `${us}000`;
}

function needed<T>(value: T | undefined, at: string): T {
  if (value === undefined) throw new Error(`${at}: missing or malformed`);
  return value;
}

function list(value: unknown, at: string): unknown[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new Error(`${at}: expected a list`);
  return value;
}

function record(value: unknown, at: string): Record<string, unknown> {
  if (!isRecord(value)) throw new Error(`${at}: expected an object`);
  return value;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

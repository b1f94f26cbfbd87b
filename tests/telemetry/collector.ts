/** A collector for tests: OTLP/HTTP JSON on a free port, and what came is kept. How it answers can be changed. */
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';

export interface SeenSpan {
  traceId: string;
  spanId: string;
  parentSpanId: string | undefined;
  service: string;
  resource: Record<string, unknown>;
  name: string;
  kind: number;
  /** Milliseconds since 1970, with a fraction. */
  startMs: number;
  endMs: number;
  attributes: Record<string, unknown>;
  events: { name: string; atMs: number; attributes: Record<string, unknown> }[];
  links: { traceId: string; spanId: string }[];
  /** 0 unset, 2 error. */
  status: number;
}

export interface Collector {
  url: string;
  spans: SeenSpan[];
  /** Paths and headers of what came, in order. */
  requests: { path: string; headers: http.IncomingHttpHeaders; spans: number }[];
  of(traceId: string): SeenSpan[];
  stop(): Promise<void>;
}

export type Behaviour = (response: http.ServerResponse) => void;

export const accepting: Behaviour = (response) => void response.writeHead(200, { 'content-type': 'application/json' }).end('{"partialSuccess":{}}');

export async function startCollector(behaviour: Behaviour = accepting): Promise<Collector> {
  const spans: SeenSpan[] = [];
  const requests: Collector['requests'] = [];
  const server = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const raw = Buffer.concat(chunks);
      const text = (request.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw).toString();
      const came = spansIn(JSON.parse(text) as Body);
      // What is not accepted did not arrive.
      if (behaviour === accepting) spans.push(...came);
      requests.push({ path: request.url ?? '', headers: request.headers, spans: came.length });
      behaviour(response);
    });
    request.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    requests,
    of: (traceId) => spans.filter((span) => span.traceId === traceId),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

interface Value {
  stringValue?: string;
  boolValue?: boolean;
  intValue?: number | string;
  doubleValue?: number;
}
interface Attribute {
  key: string;
  value: Value;
}
interface Body {
  resourceSpans: {
    resource: { attributes: Attribute[] };
    scopeSpans: {
      spans: {
        traceId: string;
        spanId: string;
        parentSpanId?: string;
        name: string;
        kind: number;
        startTimeUnixNano: string;
        endTimeUnixNano: string;
        attributes: Attribute[];
        events: { name: string; timeUnixNano: string; attributes: Attribute[] }[];
        links: { traceId: string; spanId: string }[];
        status: { code?: number };
      }[];
    }[];
  }[];
}

function spansIn({ resourceSpans }: Body): SeenSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const about = record(resource.attributes);
    return scopeSpans.flatMap((scope) =>
      scope.spans.map((span) => ({
        traceId: span.traceId,
        spanId: span.spanId,
        parentSpanId: span.parentSpanId,
        service: String(about['service.name']),
        resource: about,
        name: span.name,
        kind: span.kind,
        startMs: ms(span.startTimeUnixNano),
        endMs: ms(span.endTimeUnixNano),
        attributes: record(span.attributes),
        events: span.events.map((event) => ({ name: event.name, atMs: ms(event.timeUnixNano), attributes: record(event.attributes) })),
        links: span.links.map(({ traceId, spanId }) => ({ traceId, spanId })),
        status: span.status.code ?? 0,
      })),
    );
  });
}

function record(attributes: readonly Attribute[]): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, value.stringValue ?? value.boolValue ?? value.doubleValue ?? Number(value.intValue)]));
}

function ms(nanoseconds: string): number {
  return Number(BigInt(nanoseconds) / 1_000n) / 1_000;
}

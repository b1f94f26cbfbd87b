/** Spans as protobuf: what OpenTelemetry's own exporter and a real collector send, answered in kind, and the same spans as from JSON. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { OTLPTraceExporter as JsonExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as ProtobufExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor, type SpanExporter, TracerProvider } from '@opentelemetry/sdk-trace';
import { request } from 'undici';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { FlatSpan } from '../../harness/telemetry/flat-span.ts';
import { spansOfExport, spansOfOtlp } from '../../harness/telemetry/otlp-json.ts';
import { decodeExport } from '../../harness/telemetry/otlp-protobuf.ts';
import { type OtlpReceiver, startOtlpReceiver } from '../../harness/telemetry/otlp-receiver.ts';
import { newTraceId, sendSpans, startCollector, until } from '../stack/parts.ts';
import { emptyFolder } from '../support/cli.ts';
import { requireTool } from '../support/tools.ts';

const otelcol = requireTool('otelcol');

let folder: Awaited<ReturnType<typeof emptyFolder>>;
let receiver: OtlpReceiver;
beforeEach(async () => {
  folder = await emptyFolder();
  receiver = await startOtlpReceiver({ port: 0, mostBodyBytes: 100_000 });
  receiver.writeTo(folder.path);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await receiver.stop();
  await folder.remove();
});

const url = (): string => `http://127.0.0.1:${receiver.port}/v1/traces`;
const names = async (): Promise<string[]> => (await readdir(folder.path)).toSorted();
const spansIn = async (name: string): Promise<FlatSpan[]> => spansOfExport(decodeExport(await readFile(join(folder.path, name))));

/** Two spans as somebody's program makes them with OpenTelemetry's SDK: every kind of value, an event, a link, a failure, a parent. */
async function madeSpans(): Promise<ReadableSpan[]> {
  const kept = new InMemorySpanExporter();
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'shop' }),
    spanProcessors: [new SimpleSpanProcessor({ exporter: kept })],
  });
  const tracer = provider.getTracer('shop');
  const linked = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1 };
  const parent = tracer.startSpan('GET /', {
    kind: SpanKind.SERVER,
    links: [{ context: linked }],
    attributes: { text: 'ä', empty: '', whole: 42, large: 2 ** 40, negative: -3, zero: 0, part: 0.5, yes: true, no: false, list: ['a', 'b'] },
  });
  const child = tracer.startSpan('SELECT', { kind: SpanKind.CLIENT }, trace.setSpan(context.active(), parent));
  child.setStatus({ code: SpanStatusCode.ERROR, message: 'no' });
  child.end();
  parent.addEvent('first_token', { n: 3 });
  parent.end();
  await provider.forceFlush();
  return kept.getFinishedSpans();
}

function exported(exporter: SpanExporter, spans: ReadableSpan[]): Promise<string> {
  return new Promise((resolve) => exporter.export(spans, ({ code, error }) => resolve(`${code} ${error?.message ?? ''}`.trim())));
}

it("takes what OpenTelemetry's protobuf exporter sends, packed or not, and reads the same spans from it as from JSON", async () => {
  const spans = await madeSpans();
  expect(await exported(new JsonExporter({ url: url() }), spans)).toBe('0');
  expect(await exported(new ProtobufExporter({ url: url() }), spans)).toBe('0');
  vi.stubEnv('OTEL_EXPORTER_OTLP_COMPRESSION', 'gzip');
  expect(await exported(new ProtobufExporter({ url: url() }), spans)).toBe('0');
  expect(await names()).toEqual(['000001.json', '000002.pb', '000003.pb']);
  const fromJson = spansOfOtlp(await readFile(join(folder.path, '000001.json'), 'utf8'));
  expect(await spansIn('000002.pb')).toEqual(fromJson);
  expect(await spansIn('000003.pb')).toEqual(fromJson);
  const [child, parent] = fromJson;
  expect(child).toMatchObject({ service: 'shop', name: 'SELECT', kind: 'client', status: 'error', parentSpanId: parent?.spanId, traceId: parent?.traceId });
  expect(parent).toMatchObject({
    kind: 'server',
    attributes: { text: 'ä', empty: '', whole: 42, large: 2 ** 40, negative: -3, zero: 0, part: 0.5, yes: true, no: false, list: ['a', 'b'] },
    events: [{ name: 'first_token', attributes: { n: 3 } }],
    links: [{ traceId: 'a'.repeat(32), spanId: 'b'.repeat(16) }],
  });
  expect(parent?.parentSpanId).toBeUndefined();
});

it('answers protobuf in protobuf: nothing where all is well, a status with the reason where it refuses', async () => {
  const post = async (body: Uint8Array, headers: Record<string, string> = {}): Promise<{ status: number; type: unknown; bytes: Buffer }> => {
    const response = await request(url(), { method: 'POST', body, headers: { 'content-type': 'application/x-protobuf', ...headers } });
    return { status: response.statusCode, type: response.headers['content-type'], bytes: Buffer.from(await response.body.arrayBuffer()) };
  };
  expect(await post(new Uint8Array())).toEqual({ status: 200, type: 'application/x-protobuf', bytes: Buffer.alloc(0) });
  const refused = await post(gzipSync(Buffer.alloc(200_000)), { 'content-encoding': 'gzip' });
  expect([refused.status, refused.type]).toEqual([413, 'application/x-protobuf']);
  const said = 'a body of more than 100000 bytes, unpacked';
  // google.rpc.Status by hand: field 1 a varint (413 in two bytes), field 2 a text with its length.
  expect(refused.bytes).toEqual(Buffer.concat([Buffer.from([0x08, 0x9d, 0x03, 0x12, said.length]), Buffer.from(said)]));
  expect(receiver.counts()).toEqual({ bodies: 1, bytes: 0, refused: 1 });
});

it('bytes that are no export are refused when they are read; ids and times that are missing, with their place', () => {
  expect(() => decodeExport(Buffer.from('{"resourceSpans":[]}'))).toThrow();
  expect(spansOfExport(decodeExport(new Uint8Array()))).toEqual([]);
  // resource_spans { scope_spans { spans { name: "x" } } }
  expect(() => spansOfExport(decodeExport(Buffer.from([0x0a, 7, 0x12, 5, 0x12, 3, 0x2a, 1, 0x78])))).toThrow(
    'resourceSpans.0.scopeSpans.0.spans.0.traceId: missing or malformed',
  );
});

it.skipIf(!otelcol)('takes what a real collector sends on, which is packed protobuf', { timeout: 60_000 }, async () => {
  const collector = await startCollector(otelcol as string, `http://127.0.0.1:${receiver.port}`, { COLLECTOR_DECISION_WAIT: '500ms' });
  const traceId = newTraceId();
  try {
    await sendSpans(collector.otlp, [{ traceId, name: 'pay', service: 'till', error: true, attributes: { 'shop.open': true } }]);
    await until('the collector sends the trace on', async () => ((await names()).length > 0 ? true : undefined));
  } finally {
    await collector.stop();
  }
  expect(await names()).toEqual(['000001.pb']);
  expect(await spansIn('000001.pb')).toMatchObject([
    { traceId, name: 'pay', service: 'till', kind: 'server', status: 'error', attributes: { 'shop.open': true } },
  ]);
});

import { expect, test } from 'vitest';
import { clientSpans } from '../../harness/telemetry/client-spans.ts';
import type { FlatSpan } from '../../harness/telemetry/flat-span.ts';
import { otlpOfSpans, spansOfOtlp } from '../../harness/telemetry/otlp-json.ts';
import { tracesOf } from '../../harness/telemetry/trace-tree.ts';
import { makeSpan } from './make-span.ts';
import { request } from '../record/make-sample.ts';

const target = 'http://127.0.0.1:8787';
const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';

test('a body as exporters write it becomes flat spans: text and number times, every kind of value, events, links, no parent of zeros', () => {
  const body = {
    resourceSpans: [
      {
        resource: { attributes: [{ key: 'service.name', value: { stringValue: 'shop' } }] },
        scopeSpans: [
          {
            scope: { name: 'any' },
            spans: [
              {
                traceId: traceId.toUpperCase(),
                spanId: '00f067aa0ba902b7',
                parentSpanId: '0000000000000000',
                name: 'GET /',
                kind: 2,
                startTimeUnixNano: '1795442221803452148',
                endTimeUnixNano: 1795442221903000000,
                attributes: [
                  { key: 'text', value: { stringValue: 'a' } },
                  { key: 'whole', value: { intValue: '42' } },
                  { key: 'part', value: { doubleValue: 0.5 } },
                  { key: 'yes', value: { boolValue: true } },
                  { key: 'list', value: { arrayValue: { values: [{ intValue: 1 }, { stringValue: 'b' }] } } },
                  { key: 'map', value: { kvlistValue: { values: [{ key: 'c', value: { intValue: 2 } }] } } },
                  { key: 'nothing', value: {} },
                ],
                events: [{ name: 'first_token', timeUnixNano: '1795442221850000000', attributes: [{ key: 'n', value: { intValue: 3 } }] }],
                links: [{ traceId: 'a'.repeat(32), spanId: 'b'.repeat(16) }],
                status: { code: 2, message: 'no' },
              },
            ],
          },
        ],
      },
      { scopeSpans: [{ spans: [{ traceId, spanId: '1'.repeat(16), startTimeUnixNano: '0', endTimeUnixNano: '1' }] }] },
    ],
  };
  const [first, second, ...others] = spansOfOtlp(JSON.stringify(body));
  expect(others).toEqual([]);
  expect(first).toEqual({
    traceId,
    spanId: '00f067aa0ba902b7',
    service: 'shop',
    name: 'GET /',
    kind: 'server',
    startMs: 1795442221803.4521,
    endMs: 1795442221903,
    attributes: { text: 'a', whole: 42, part: 0.5, yes: true, list: [1, 'b'], map: { c: 2 } },
    events: [{ name: 'first_token', atMs: 1795442221850, attributes: { n: 3 } }],
    links: [{ traceId: 'a'.repeat(32), spanId: 'b'.repeat(16) }],
    status: 'error',
  });
  expect(second).toMatchObject({ service: 'unknown', kind: 'internal', startMs: 0, endMs: 0.000001, attributes: {}, events: [], links: [] });
});

test('what is no export of traces is refused with its place', () => {
  const span = (more: object): string =>
    JSON.stringify({
      resourceSpans: [{ scopeSpans: [{ spans: [{ traceId, spanId: '1'.repeat(16), startTimeUnixNano: '1', endTimeUnixNano: '2', ...more }] }] }],
    });
  expect(() => spansOfOtlp('{"resourceSpans":')).toThrow(SyntaxError);
  expect(() => spansOfOtlp('[]')).toThrow('body: expected an object');
  expect(() => spansOfOtlp('{"resourceSpans":{}}')).toThrow('resourceSpans: expected a list');
  expect(() => spansOfOtlp(span({ traceId: 'SGVsbG8gd29ybGQhISEhIQ==' }))).toThrow('resourceSpans.0.scopeSpans.0.spans.0.traceId: missing or malformed');
  expect(() => spansOfOtlp(span({ endTimeUnixNano: 'soon' }))).toThrow('spans.0.endTimeUnixNano: missing or malformed');
  expect(spansOfOtlp('{}')).toEqual([]);
});

test('flat spans go out and come back as they were, to the microsecond', () => {
  const spans: FlatSpan[] = [
    makeSpan({
      traceId,
      spanId: 'a'.repeat(16),
      service: 'plumbline-driver',
      kind: 'client',
      startMs: 1795442221803.452,
      endMs: 1795442221803.952,
      attributes: { a: 'x', b: 2, c: 0.25, d: false, e: ['y', 1] },
      events: [{ name: 'sent', atMs: 1795442221803.5, attributes: {} }],
      status: 'error',
    }),
    makeSpan({ traceId, spanId: 'b'.repeat(16), parentSpanId: 'a'.repeat(16), service: 'other', links: [{ traceId: 'c'.repeat(32), spanId: 'd'.repeat(16) }] }),
  ];
  const back = spansOfOtlp(JSON.stringify(otlpOfSpans(spans, { name: 'plumbline', version: '1' })));
  expect(back.map((span) => ({ ...span, startMs: Math.round(span.startMs * 1_000), endMs: Math.round(span.endMs * 1_000) }))).toEqual(
    spans.map((span) => ({ ...span, startMs: Math.round(span.startMs * 1_000), endMs: Math.round(span.endMs * 1_000) })),
  );
});

test('the driver’s spans of a request: as long as its latency, with the wait, the set-up of a connection, and what came when', () => {
  const sample = request(1_000, 250, {
    sentAtMs: 1_020,
    connectMs: 5,
    headersAtMs: 1_100,
    firstByteAtMs: 1_100,
    firstContentAtMs: 1_150,
    lastContentAtMs: 1_240,
    endedAtMs: 1_250,
    contentEvents: 4,
    status: 200,
    traceId,
    clientSpanId: '00f067aa0ba902b7',
    truth: { intendedMs: 200 },
  });
  const [whole, wait, connect, ...others] = clientSpans(sample, 'run-1', 1_700_000_000_000, target);
  expect(others).toEqual([]);
  expect(whole).toMatchObject({
    traceId,
    spanId: '00f067aa0ba902b7',
    service: 'plumbline-driver',
    kind: 'client',
    startMs: 1_700_000_001_000,
    endMs: 1_700_000_001_250,
    attributes: { 'plumbline.intended_ms': 200, 'plumbline.run': 'run-1', 'http.response.status_code': 200, stream: true },
  });
  expect(whole?.parentSpanId).toBeUndefined();
  expect(whole?.events.map(({ name, atMs }) => [name, atMs - 1_700_000_000_000])).toEqual([
    ['sent', 1_020],
    ['headers', 1_100],
    ['first_byte', 1_100],
    ['first_content', 1_150],
    ['last_content', 1_240],
    ['end', 1_250],
  ]);
  expect([wait, connect].map((span) => [span?.name, span?.parentSpanId, (span?.startMs ?? 0) - 1.7e12, (span?.endMs ?? 0) - 1.7e12])).toEqual([
    ['wait to be sent', '00f067aa0ba902b7', 1_000, 1_020],
    ['connect', '00f067aa0ba902b7', 1_020, 1_025],
  ]);
  // The same sample gives the same ids: what was sent to a collector and what is in the file are one.
  expect(clientSpans(sample, 'run-1', 0, target).map(({ spanId }) => spanId)).toEqual([whole, wait, connect].map((span) => span?.spanId));
  expect(clientSpans({ ...sample, outcome: 'timeout' }, 'r', 0, target)[0]).toMatchObject({ status: 'error', attributes: { 'error.type': 'timeout' } });
  const { clientSpanId: _, ...unknown } = sample;
  expect(clientSpans(unknown, 'r', 0, target)).toEqual([]);
});

test('a trace is a tree: parents before children, in order of start, whatever order they came in, and each once', () => {
  const driver = makeSpan({ traceId, spanId: '1'.repeat(16), service: 'plumbline-driver', startMs: 10, endMs: 30 });
  const edge = makeSpan({ traceId, spanId: '2'.repeat(16), parentSpanId: driver.spanId, service: 'plumbline-edge', startMs: 12, endMs: 29 });
  const store = makeSpan({ traceId, spanId: '3'.repeat(16), parentSpanId: edge.spanId, service: 'plumbline-store', startMs: 20, endMs: 21 });
  const cache = makeSpan({ traceId, spanId: '4'.repeat(16), parentSpanId: edge.spanId, service: 'plumbline-cache', startMs: 15, endMs: 16 });
  const trace = tracesOf([store, cache, edge, driver, store]).get(traceId);
  expect(trace?.rows.map(({ span, depth }) => [span.service, depth])).toEqual([
    ['plumbline-driver', 0],
    ['plumbline-edge', 1],
    ['plumbline-cache', 2],
    ['plumbline-store', 2],
  ]);
  expect([trace?.startMs, trace?.endMs, trace?.faults]).toEqual([10, 30, []]);
});

test('what is missing is said: a parent, the driver’s span, the server’s spans', () => {
  const driver = makeSpan({ traceId, spanId: '1'.repeat(16), service: 'plumbline-driver' });
  const store = makeSpan({ traceId, spanId: '3'.repeat(16), parentSpanId: '2'.repeat(16), service: 'plumbline-store', name: 'select x' });
  expect(tracesOf([driver]).get(traceId)?.faults).toEqual(['no span of the server is here']);
  expect(tracesOf([driver, store]).get(traceId)?.faults).toEqual(['the parent of "select x" (plumbline-store) is not here']);
  expect(tracesOf([store]).get(traceId)?.faults).toEqual(['the parent of "select x" (plumbline-store) is not here', "the driver's span is not here"]);
});

test('spans that are each other’s parents are shown, once, and end', () => {
  const a = makeSpan({ traceId, spanId: 'a'.repeat(16), parentSpanId: 'b'.repeat(16) });
  const b = makeSpan({ traceId, spanId: 'b'.repeat(16), parentSpanId: 'a'.repeat(16) });
  expect(
    tracesOf([a, b])
      .get(traceId)
      ?.rows.map(({ span }) => span.spanId),
  ).toEqual([a.spanId, b.spanId]);
});

test('a trace that the server started anew is one with the caller’s, under both ids', () => {
  const own = 'c'.repeat(32);
  const driver = makeSpan({ traceId, spanId: '1'.repeat(16), service: 'plumbline-driver', startMs: 1, endMs: 9 });
  const edge = makeSpan({ traceId: own, spanId: '2'.repeat(16), service: 'plumbline-edge', links: [{ traceId, spanId: driver.spanId }], startMs: 2, endMs: 8 });
  const store = makeSpan({ traceId: own, spanId: '3'.repeat(16), parentSpanId: edge.spanId, service: 'plumbline-store', startMs: 3, endMs: 4 });
  for (const order of [
    [driver, edge, store],
    [store, edge, driver],
  ]) {
    const traces = tracesOf(order);
    expect(traces.get(own)).toBe(traces.get(traceId));
    expect(traces.get(own)).toMatchObject({ id: own, faults: [], startMs: 1, endMs: 9 });
    expect(traces.get(own)?.rows.map(({ span, depth, restarted }) => [span.service, depth, restarted])).toEqual([
      ['plumbline-driver', 0, undefined],
      ['plumbline-edge', 1, true],
      ['plumbline-store', 2, undefined],
    ]);
  }
  expect(tracesOf([edge, store]).get(own)?.faults).toEqual(['the caller of "a span" (plumbline-edge) is not here', "the driver's span is not here"]);
});

test('a server’s trace that links to nobody is joined by what the server said of it', () => {
  const own = 'c'.repeat(32);
  const driver = makeSpan({ traceId, spanId: '1'.repeat(16), service: 'plumbline-driver', attributes: { 'plumbline.server_trace_id': own } });
  const edge = makeSpan({ traceId: own, spanId: '2'.repeat(16), service: 'shop' });
  const database = makeSpan({ traceId: own, spanId: '3'.repeat(16), parentSpanId: edge.spanId, service: 'shop-db' });
  const traces = tracesOf([database, driver, edge]);
  expect(traces.get(own)).toBe(traces.get(traceId));
  expect(traces.get(own)?.faults).toEqual([]);
  expect(traces.get(own)?.rows.map(({ span, depth, restarted }) => [span.service, depth, restarted])).toEqual([
    ['plumbline-driver', 0, undefined],
    ['shop', 1, true],
    ['shop-db', 2, undefined],
  ]);
  // Its sample says the same: that is where the attribute comes from.
  const sample = request(0, 10, { traceId: own, sentTraceId: traceId, clientSpanId: driver.spanId });
  expect(clientSpans(sample, 'r', 0, target)[0]).toMatchObject({ traceId, attributes: { 'plumbline.server_trace_id': own } });
});

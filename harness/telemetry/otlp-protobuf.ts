/**
 * OTLP/HTTP in protobuf. Import it where it is needed (`import()`): the library takes as long to load as the rest of the command line. The types are those of
 * opentelemetry-proto 1 that flat spans have a place for, by the names that JSON has for them; a field that is not here is passed over, as protobuf does.
 */
import protobuf from 'protobufjs/light.js';

const schema = protobuf.Root.fromJSON({
  nested: {
    ExportTraceServiceRequest: message({ resourceSpans: list('ResourceSpans', 1) }),
    ResourceSpans: message({ resource: one('Resource', 1), scopeSpans: list('ScopeSpans', 2) }),
    Resource: message({ attributes: list('KeyValue', 1) }),
    ScopeSpans: message({ spans: list('Span', 2) }),
    Span: message({
      traceId: one('bytes', 1),
      spanId: one('bytes', 2),
      parentSpanId: one('bytes', 4),
      name: one('string', 5),
      kind: one('int32', 6),
      startTimeUnixNano: one('fixed64', 7),
      endTimeUnixNano: one('fixed64', 8),
      attributes: list('KeyValue', 9),
      events: list('Event', 11),
      links: list('Link', 13),
      status: one('Status', 15),
    }),
    Event: message({ timeUnixNano: one('fixed64', 1), name: one('string', 2), attributes: list('KeyValue', 3) }),
    Link: message({ traceId: one('bytes', 1), spanId: one('bytes', 2) }),
    Status: message({ code: one('int32', 3) }),
    KeyValue: message({ key: one('string', 1), value: one('AnyValue', 2) }),
    AnyValue: message({
      stringValue: one('string', 1),
      boolValue: one('bool', 2),
      intValue: one('int64', 3),
      doubleValue: one('double', 4),
      arrayValue: one('ArrayValue', 5),
      kvlistValue: one('KeyValueList', 6),
      bytesValue: one('bytes', 7),
    }),
    ArrayValue: message({ values: list('AnyValue', 1) }),
    KeyValueList: message({ values: list('KeyValue', 1) }),
    // google.rpc.Status: what an exporter is told when its body is not taken.
    Refusal: message({ code: one('int32', 1), message: one('string', 2) }),
  },
});
const traces = schema.lookupType('ExportTraceServiceRequest');
const refusal = schema.lookupType('Refusal');

/** One export request, for `spansOfExport`. Throws on bytes that are no such message. */
export function decodeExport(bytes: Uint8Array): unknown {
  return traces.toObject(traces.decode(bytes), { longs: String });
}

export function encodeRefusal(code: number, text: string): Uint8Array {
  return refusal.encode({ code, message: text }).finish();
}

type Field = { type: string; id: number; rule?: string };

function message(fields: Record<string, Field>): { fields: Record<string, Field> } {
  return { fields };
}

function one(type: string, id: number): Field {
  return { type, id };
}

function list(type: string, id: number): Field {
  return { rule: 'repeated', type, id };
}

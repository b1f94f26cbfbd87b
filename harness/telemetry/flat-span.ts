export type AttributeValue = string | number | boolean | AttributeValue[] | { [name: string]: AttributeValue };
export type Attributes = Record<string, AttributeValue>;
export type SpanKindName = 'internal' | 'server' | 'client' | 'producer' | 'consumer';

/** One span as `spans.ndjson` has it, whoever sent it. Times are milliseconds since 1970 with fractions, ids lower-case hexadecimal digits. */
export interface FlatSpan {
  traceId: string;
  spanId: string;
  /** Absent: it begins its trace. */
  parentSpanId?: string;
  /** `service.name` of the resource; `unknown` where it has none. */
  service: string;
  name: string;
  kind: SpanKindName;
  startMs: number;
  endMs: number;
  attributes: Attributes;
  events: { name: string; atMs: number; attributes: Attributes }[];
  links: { traceId: string; spanId: string }[];
  /** Absent: unset. */
  status?: 'ok' | 'error';
}

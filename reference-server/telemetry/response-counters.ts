import { type CounterCell, CounterFamily } from '../../scenarios/counter-family.ts';
import type { MetricFamily } from '../../scenarios/metric-text.ts';
import { metricLabels as labels, metricNames as names } from '../../scenarios/names.ts';
import type { Operation } from '../../scenarios/operations.ts';

/** What the edge sent. */
export interface ResponseFacts {
  protocol: 'http/1.1' | 'h2';
  /** `identity` where nothing was compressed. */
  encoding: string;
  /** As the CDN's header says it: `DYNAMIC`, `HIT`, ... */
  cacheStatus: string;
  /** Of the body as it was sent, without the framing of HTTP. */
  bytes: number;
  /** Of the body before the edge compressed it; absent where it did not. */
  plainBytes?: number;
}

/** Encodings that a service or the edge gives; whatever else comes is `other`, so that the labels stay bounded. */
const encodings: ReadonlySet<string> = new Set(['identity', 'zstd', 'br', 'gzip']);
const cacheStatuses: ReadonlySet<string> = new Set(['DYNAMIC', 'HIT', 'MISS', 'EXPIRED', 'REVALIDATED', 'none']);

/** How responses left: protocol, encoding, cache, bytes. */
export function responseCounters(): { families: MetricFamily[]; add(operation: Operation, facts: ResponseFacts): void } {
  const responses = new CounterFamily(names.responses, 'Responses by how they left: protocol, content encoding, and what the CDN says of its cache.', [
    labels.latencyClass,
    labels.protocol,
    labels.encoding,
    labels.cacheStatus,
  ]);
  const bytes = new CounterFamily(names.responseBytes, 'Bytes of response bodies as they were sent, without the framing of HTTP.', [labels.operation]);
  const into = new CounterFamily(names.compressionIn, 'Bytes that the edge compressed, before.', [labels.encoding]);
  const out = new CounterFamily(names.compressionOut, 'The same bytes after; the rate of the first over this one is the compression ratio.', [labels.encoding]);
  const bytesOf = new Map<Operation, CounterCell>();
  return {
    families: [responses, bytes, into, out],
    add(operation, facts) {
      const encoding = encodings.has(facts.encoding) ? facts.encoding : 'other';
      const cacheStatus = cacheStatuses.has(facts.cacheStatus) ? facts.cacheStatus : 'other';
      responses.cell(operation.latencyClass, facts.protocol, encoding, cacheStatus).value += 1;
      let cell = bytesOf.get(operation);
      if (!cell) {
        cell = bytes.cell(operation.name);
        bytesOf.set(operation, cell);
      }
      cell.value += facts.bytes;
      if (facts.plainBytes === undefined) return;
      into.cell(encoding).value += facts.plainBytes;
      out.cell(encoding).value += facts.bytes;
    },
  };
}

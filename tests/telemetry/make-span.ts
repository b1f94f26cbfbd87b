import type { FlatSpan } from '../../harness/telemetry/flat-span.ts';

export function makeSpan(more: Partial<FlatSpan> & Pick<FlatSpan, 'traceId' | 'spanId'>): FlatSpan {
  return { service: 'a service', name: 'a span', kind: 'internal', startMs: 0, endMs: 1, attributes: {}, events: [], links: [], ...more };
}

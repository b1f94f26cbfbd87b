import { randomBytes } from 'node:crypto';
import type { Exchange } from '../exchange.ts';

const traceparent = /^[\da-f]{2}-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})$/;

/** The caller's trace context, or a new one that is not sampled. */
export function traceOf(header: string | string[] | undefined): Exchange['trace'] {
  const match = typeof header === 'string' ? traceparent.exec(header) : null;
  const [, traceId, parentSpanId, flags] = match ?? [];
  if (traceId === undefined || parentSpanId === undefined || /^0+$/.test(traceId)) return { traceId: randomBytes(16).toString('hex'), sampled: false };
  return { traceId, parentSpanId, sampled: (Number.parseInt(flags ?? '0', 16) & 1) === 1 };
}

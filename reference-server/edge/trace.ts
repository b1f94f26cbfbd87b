import { headers as headerNames } from '../../scenarios/names.ts';
import type { TraceContext } from '../exchange.ts';
import { newTraceId } from '../telemetry/ids.ts';

/**
 * `trust`: the caller's trace is continued, and its choice of sampling is kept. `restart`: every request starts a trace of its own that links to the
 * caller's, as CDNs may do and as the analysis saw of completions; the choice is this server's.
 */
export type TraceMode = 'trust' | 'restart';

export interface TracePolicy {
  mode: TraceMode;
  /** Share of traces that are sampled where the choice is this server's: 0 to 1. */
  ratio: number;
}

/** Version ff is none. */
const traceparent = /^(?!ff)([\da-f]{2})-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(-.*)?$/;
const zeros = /^0+$/;

/** A malformed `traceparent` counts as none. */
export function traceOf(headers: Readonly<Record<string, string | string[] | undefined>>, { mode, ratio }: TracePolicy): TraceContext {
  const caller = callerOf(headers[headerNames.traceparent]);
  if (caller && mode === 'trust') {
    return { traceId: caller.traceId, parentSpanId: caller.spanId, sampled: caller.sampled };
  }
  const own = newTraceId();
  return { traceId: own, sampled: isSampled(own, ratio), ...(caller && { link: { traceId: caller.traceId, spanId: caller.spanId } }) };
}

function callerOf(header: string | string[] | undefined): { traceId: string; spanId: string; sampled: boolean } | undefined {
  const [, version, traceId, spanId, flags, more] = (typeof header === 'string' ? traceparent.exec(header) : null) ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined || zeros.test(traceId) || zeros.test(spanId)) return undefined;
  // Only later versions may go on.
  if (version === '00' && more !== undefined) return undefined;
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

/** By the trace id's last 56 bits alone, as the W3C and OpenTelemetry have it: everybody with the same ratio decides the same, and a higher ratio only adds traces. */
export function isSampled(traceId: string, ratio: number): boolean {
  return ratio > 0 && Number.parseInt(traceId.slice(18), 16) >= (1 - ratio) * 2 ** 56;
}

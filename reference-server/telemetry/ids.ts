import { randomFillSync } from 'node:crypto';

// One call into the random source serves a few hundred requests.
const pool = Buffer.alloc(8_192);
let offset = pool.length;

function take(bytes: number): number {
  if (offset + bytes > pool.length) {
    randomFillSync(pool);
    offset = 0;
  }
  const start = offset;
  offset += bytes;
  return start;
}

/** `2 * bytes` lower-case hexadecimal digits. */
export function randomHex(bytes: number): string {
  const start = take(bytes);
  return pool.toString('hex', start, start + bytes);
}

const base58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';

/** `req_011C` and 20 base-58 digits, the form seen in the analysis. */
export function newRequestId(): string {
  const start = take(20);
  let text = 'req_011C';
  for (let i = 0; i < 20; i += 1) text += base58[(pool[start + i] ?? 0) % 58];
  return text;
}

export interface TraceContext {
  traceId: string;
  parentSpanId?: string;
  sampled: boolean;
}

const traceparentForm = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})/;
const zeros = /^0+$/;

/** The caller's W3C trace context, else a new one that is not sampled. A malformed header counts as none, as the standard says. */
export function traceContextOf(traceparent: string | string[] | undefined): TraceContext {
  const match = typeof traceparent === 'string' ? traceparentForm.exec(traceparent) : null;
  const [, traceId, parentSpanId, flags] = match ?? [];
  if (traceId === undefined || parentSpanId === undefined || flags === undefined || zeros.test(traceId) || zeros.test(parentSpanId) || traceparent?.slice(0, 2) === 'ff') {
    return { traceId: randomHex(16), sampled: false };
  }
  return { traceId, parentSpanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

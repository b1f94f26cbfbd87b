import type { IncomingHttpHeaders } from 'node:http';
import { baggageKeys, headers as headerNames } from '../../scenarios/names.ts';
import type { Operation } from '../../scenarios/operations.ts';
import type { LatencyClass } from '../../scenarios/types.ts';
import type { ServerState } from '../state.ts';
import type { ResponseFacts } from '../telemetry/response-counters.ts';
import type { TraceRecord } from '../telemetry/trace-record.ts';

/** A request is over: to its trace and to the metrics, afterwards. They never get in the way of requests. */
export function finished({ tracing, metrics, afterwards }: ServerState, record: TraceRecord): void {
  afterwards.add(() => {
    metrics.finished(record, tracing.finished(record));
    if (record.status === undefined && record.operation) metrics.aborted(record.operation);
  });
}

/** How its response left. */
export function responded({ metrics, afterwards }: ServerState, operation: Operation, facts: ResponseFacts): void {
  afterwards.add(() => metrics.responded(operation, facts));
}

/** How late a plain response left. Content events are many and come together: theirs is recorded as they leave. */
export function left({ lateness, afterwards }: ServerState, latencyClass: LatencyClass, latenessMs: number, overran: boolean): void {
  afterwards.add(() => lateness.record(latencyClass, latenessMs, overran));
}

/** What a trace shows of the request itself. */
export function requestFacts(
  method: string | undefined,
  headers: Readonly<IncomingHttpHeaders>,
  path: string,
): Pick<TraceRecord, 'method' | 'host' | 'baggage' | 'path'> {
  const host = headers.host ?? headers[':authority'];
  const baggage = headers[headerNames.baggage];
  return {
    method: method ?? '',
    ...(typeof host === 'string' && { host: bounded(host) }),
    ...(typeof baggage === 'string' && { baggage: ownBaggage(baggage) }),
    path: bounded(path),
  };
}

const mostChars = 512;

/** Callers choose how long their headers are, and thousands of records are held. */
export function bounded(text: string): string {
  // A slice of a string would hold on to all of it.
  return text.length <= mostChars ? text : Buffer.from(text.slice(0, mostChars)).toString();
}

const ownEntry = new RegExp(`^\\s*(?:${Object.values(baggageKeys).join('|')})\\s*=`);

/** Only the entries that name the run, where others make it long. */
function ownBaggage(header: string): string {
  if (header.length <= mostChars) return header;
  return header
    .split(',')
    .filter((entry) => ownEntry.test(entry))
    .slice(0, Object.keys(baggageKeys).length)
    .map(bounded)
    .join(',');
}

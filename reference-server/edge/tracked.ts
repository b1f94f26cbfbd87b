import type { IncomingHttpHeaders } from 'node:http';
import { baggageKeys, headers as headerNames } from '../../scenarios/names.ts';
import type { ServerState } from '../state.ts';
import type { TraceRecord } from '../telemetry/trace-record.ts';

/** A request is over: to its trace and to the metrics. They never get in the way of requests. */
export function finished({ tracing, metrics, onFault }: ServerState, record: TraceRecord): void {
  try {
    metrics.finished(record, tracing.finished(record));
    if (record.status === undefined && record.operation) metrics.aborted(record.operation);
  } catch (error) {
    onFault(error);
  }
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

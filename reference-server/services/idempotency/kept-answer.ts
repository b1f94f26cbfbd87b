import { createHash } from 'node:crypto';
import type { Exchange, Reply } from '../../exchange.ts';

/** An answer as it is kept: JSON of it is in the table. */
export interface KeptAnswer {
  status: number;
  headers?: Record<string, string | string[]>;
  json?: unknown;
  /** The whole text of an event stream. */
  events?: string;
}

/** What makes two requests the same: operation, path, query, precondition and body. */
export function fingerprintOf(exchange: Exchange): string {
  const { body } = exchange;
  return createHash('sha256')
    .update(JSON.stringify([exchange.operation.name, exchange.path, exchange.query, exchange.headers['if-match'] ?? null]))
    .update(Buffer.isBuffer(body) ? body : JSON.stringify(body ?? null))
    .digest('hex');
}

/** The reply that an answer makes again; a stream comes at once, when its first event is due. */
export function replyOf({ status, headers, json, events }: KeptAnswer): Reply {
  return {
    status,
    ...(headers && { headers }),
    ...(json !== undefined && { json }),
    ...(events !== undefined && {
      stream: {
        start(sink) {
          sink.write(events);
          sink.end();
          return { abort: () => undefined };
        },
      },
    }),
  };
}

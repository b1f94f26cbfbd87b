import type { ServerResponse } from 'node:http';
import { headers as headerNames } from '../../scenarios/names.ts';
import { type Exchange, HttpError, type Reply } from '../exchange.ts';
import { dueMs } from '../hop.ts';
import { latenessMs } from '../latency/lateness.ts';
import type { ServerState } from '../state.ts';
import { accepts, type Encoded, encodeJson } from './encoding.ts';
import { eventSink } from './event-sink.ts';
import { linkDueMs } from './link.ts';
import { pacedSink } from './paced-sink.ts';
import { cfRay, serverTimingHeader, streamTimingHeader } from './headers.ts';

/** HTTP/2's compatible response has the same calls. */
type Response = ServerResponse;
type Headers = Record<string, string | string[]>;

/** The one error shape. */
export function errorBody(requestId: string, code: string, message: string, faults?: HttpError['faults']): object {
  return { type: 'error', error: { type: code, message, ...(faults && { faults }) }, request_id: requestId };
}

/** Turns replies into responses: encoding, the edge's headers, the last wait of the draw, the truth, and the account of it. */
export class Responder {
  readonly #state: ServerState;
  readonly #kept = new Map<string, Encoded>();

  constructor(state: ServerState) {
    this.#state = state;
  }

  async send(exchange: Exchange, response: Response, reply: Reply): Promise<void> {
    if (reply.stream) this.#stream(exchange, response, reply, reply.stream);
    else await this.#plain(exchange, response, reply);
  }

  async fail(exchange: Exchange, response: Response, error: unknown): Promise<void> {
    if (response.headersSent) {
      response.destroy();
      return;
    }
    const known = error instanceof HttpError ? error : new HttpError(500, 'internal_error', 'the server failed; its log says how');
    if (!(error instanceof HttpError)) this.#state.onFault(error);
    const json = errorBody(exchange.requestId, known.code, known.message, known.faults);
    await this.#plain(exchange, response, { status: known.status, headers: { ...known.headers, 'x-should-retry': 'false' }, json });
  }

  async #plain(exchange: Exchange, response: Response, reply: Reply): Promise<void> {
    const { clock, lateness } = this.#state;
    const startMs = clock.now();
    const headers = this.#headers(exchange, reply);
    let body: Buffer | undefined = reply.bytes;
    if (reply.json !== undefined) {
      const encoded = encodeJson(reply.json, one(exchange.headers['accept-encoding']), reply.encodeCacheKey, this.#kept);
      body = encoded.body;
      headers['content-type'] ??= 'application/json; charset=utf-8';
      if (encoded.encoding) headers['content-encoding'] = encoded.encoding;
      headers['vary'] = 'accept-encoding';
    }
    if (body) headers['content-length'] = String(body.length);
    exchange.workMs += clock.now() - startMs;
    // Whatever the hops did not spend: the edge's other half, and the backends that this request did not call.
    exchange.spentMs = exchange.draw.totalMs;
    await clock.wait(Math.max(dueMs(exchange), this.#state.stalledUntilMs));
    if (response.destroyed) return;
    const nowMs = clock.now();
    headers[headerNames.serverTiming] = serverTimingHeader(exchange, nowMs);
    const linkedMs = linkDueMs(this.#state.profile.link, exchange.socket, body?.length ?? 0, nowMs);
    if (linkedMs !== undefined) await clock.wait(linkedMs);
    if (response.destroyed) return;
    response.writeHead(reply.status, headers);
    if (body) response.end(body);
    else response.end();
    const { totalMs } = exchange.draw;
    const actualMs = nowMs - exchange.arrivedMs;
    const lateMs = latenessMs(actualMs, totalMs, exchange.queuedMs + (exchange.workAdded ? exchange.workMs : 0));
    lateness.record(exchange.operation.latencyClass, lateMs, !exchange.workAdded && exchange.workMs > totalMs);
    this.#state.metrics.request(exchange.operation, reply.status, actualMs);
  }

  #stream(exchange: Exchange, response: Response, reply: Reply, stream: NonNullable<Reply['stream']>): void {
    const { clock, streams, metrics } = this.#state;
    const brotli = accepts(one(exchange.headers['accept-encoding']), 'br');
    let handle: ReturnType<typeof stream.start> | undefined;
    const sink = eventSink(response, {
      brotli,
      writeHead: () => {
        const headers = this.#headers(exchange, reply);
        headers['content-type'] = 'text/event-stream; charset=utf-8';
        headers['cache-control'] = 'no-cache';
        if (brotli) headers['content-encoding'] = 'br';
        headers[headerNames.serverTiming] = streamTimingHeader(exchange, clock.now());
        response.writeHead(reply.status, headers);
      },
      onSlowReader: () => {
        streams.slowReaders += 1;
        handle?.abort('client_abort');
        response.destroy();
      },
    });
    response.on('close', () => {
      this.#state.open.delete(open);
      if (!response.writableFinished) handle?.abort('client_abort');
      metrics.request(exchange.operation, reply.status, clock.now() - exchange.arrivedMs);
    });
    const { link } = this.#state.profile;
    handle = stream.start(link ? pacedSink(sink, clock, (bytes) => linkDueMs(link, exchange.socket, bytes, clock.now()) ?? 0) : sink);
    const open = { abort: () => handle?.abort('drain') };
    this.#state.open.add(open);
  }

  #headers(exchange: Exchange, reply: Reply): Headers {
    const headers: Headers = {
      ...reply.headers,
      date: new Date().toUTCString(),
      server: 'cloudflare',
      'cf-ray': cfRay(),
      [headerNames.requestId]: exchange.requestId,
    };
    headers['cf-cache-status'] ??= 'DYNAMIC';
    // A CDN answers these itself: there is no mesh behind it.
    if (exchange.operation.latencyClass === 'static') delete headers['x-envoy-upstream-service-time'];
    if (this.#state.altSvc !== undefined) headers['alt-svc'] = this.#state.altSvc;
    return headers;
  }
}

function one(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header.join(', ') : header;
}

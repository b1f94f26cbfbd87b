import type { ServerResponse } from 'node:http';
import { headers as headerNames } from '../../scenarios/names.ts';
import { type Exchange, type HopName, HttpError, type Reply } from '../exchange.ts';
import { countWork, dueMs, waitUntilDue } from '../hop.ts';
import { latenessMs } from '../latency/lateness.ts';
import type { ServerState } from '../state.ts';
import { connectionOf, cutOff, isGone } from './connection.ts';
import { acceptedEncodings, JsonEncoder } from './encoding.ts';
import { eventSink } from './event-sink.ts';
import type { ResponseFacts } from '../telemetry/response-counters.ts';
import { cfRay, serverTimingHeader, streamTimingHeader } from './headers.ts';
import { linkDueMs } from './link.ts';
import { pacedSink } from './paced-sink.ts';
import { bounded, finished, left, requestFacts, responded } from './tracked.ts';

/** HTTP/2's compatible response has the same calls. */
type Response = ServerResponse;
type Headers = Record<string, string | string[]>;
type SentHeaders = Readonly<Record<string, string | string[] | number>>;

/** Hops that a stream passes through. */
const outer: ReadonlySet<HopName> = new Set(['edge', 'lb', 'mesh', 'service']);

/** A stream that has ended must have been read so long after; else its connection is cut. Our choice. */
const defaultReadOutMs = 30_000;

/** The one error shape. */
export function errorBody(requestId: string, code: string, message: string, faults?: HttpError['faults'], details?: HttpError['details']): object {
  return { type: 'error', error: { type: code, message, ...(faults && { faults }), ...details }, request_id: requestId };
}

/** Turns replies into responses: encoding, the edge's headers, the last wait of the draw, the truth, and the account of it. */
export class Responder {
  readonly #state: ServerState;
  readonly #encoder = new JsonEncoder();
  readonly #readOutMs: number;

  constructor(state: ServerState, readOutMs = defaultReadOutMs) {
    this.#state = state;
    this.#readOutMs = readOutMs;
    state.onReset.push(() => this.#encoder.clear());
  }

  async send(exchange: Exchange, response: Response, reply: Reply): Promise<void> {
    if (reply.stream) await this.#stream(exchange, response, reply, reply.stream);
    else await this.#plain(exchange, response, reply);
  }

  async fail(exchange: Exchange, response: Response, error: unknown): Promise<void> {
    if (response.headersSent) {
      cutOff(response);
      return;
    }
    const known = error instanceof HttpError ? error : new HttpError(500, 'internal_error', 'the server failed; its log says how');
    if (!(error instanceof HttpError)) this.#state.onFault(error);
    this.#state.metrics.errorReply(known.code);
    const json = errorBody(exchange.requestId, known.code, known.message, known.faults, known.details);
    await this.#plain(exchange, response, { status: known.status, headers: known.headers, json });
  }

  async #plain(exchange: Exchange, response: Response, reply: Reply): Promise<void> {
    const { clock } = this.#state;
    const startMs = clock.now();
    const headers = this.#headers(exchange, reply);
    let body: Buffer | undefined = reply.bytes;
    let plainBytes: number | undefined;
    if (reply.json !== undefined) {
      const { zstd } = acceptedEncodings(exchange.headers['accept-encoding']);
      const encoding = this.#encoder.kept(reply.encodeCacheKey, zstd) ?? this.#encoder.encode(reply.json, zstd, reply.encodeCacheKey);
      const encoded = encoding instanceof Promise ? await encoding : encoding;
      body = encoded.body;
      headers['content-type'] ??= 'application/json; charset=utf-8';
      if (encoded.encoding) {
        headers['content-encoding'] = encoded.encoding;
        plainBytes = encoded.plainBytes;
      }
      headers['vary'] = 'accept-encoding';
    }
    if (body) headers['content-length'] = body.length;
    else if (reply.status !== 204 && reply.status !== 304) headers['content-length'] = 0;
    exchange.workMs += clock.now() - startMs;
    // Whatever the hops did not spend: the edge's other half, and the backends that this request did not call.
    const intendedMs = replyMs(exchange);
    if (exchange.draw.stream) exchange.draw = { ...exchange.draw, totalMs: intendedMs };
    exchange.spentMs = intendedMs;
    countWork(exchange, clock);
    const overran = !exchange.workAdded && intendedMs > 0 && clock.now() > dueMs(exchange);
    await waitUntilDue(exchange, clock, this.#state.stalledUntilMs);
    if (isGone(response)) {
      this.#finished(exchange, response, undefined);
      return;
    }
    const nowMs = clock.now();
    headers[headerNames.serverTiming] = serverTimingHeader(exchange, nowMs);
    // Its length is in the head.
    if (response.req.method === 'HEAD') body = undefined;
    const linkedMs = linkDueMs(this.#state.profile.link, connectionOf(response), body?.length ?? 0, nowMs);
    if (linkedMs !== undefined) {
      await clock.wait(linkedMs);
      if (isGone(response)) {
        this.#finished(exchange, response, undefined);
        return;
      }
    }
    response.writeHead(reply.status, headers);
    if (body) response.end(body);
    else response.end();
    const actualMs = nowMs - exchange.arrivedMs;
    const lateMs = latenessMs(actualMs, intendedMs, exchange.queuedMs + (exchange.workAdded ? exchange.workMs : 0));
    left(this.#state, exchange.operation.latencyClass, lateMs, overran);
    this.#responded(exchange, response, headers, { bytes: body?.length ?? 0, ...(plainBytes !== undefined && { plainBytes }) });
    this.#finished(exchange, response, reply.status);
  }

  async #stream(exchange: Exchange, response: Response, reply: Reply, stream: NonNullable<Reply['stream']>): Promise<void> {
    const { clock, streams } = this.#state;
    countWork(exchange, clock);
    const { br } = acceptedEncodings(exchange.headers['accept-encoding']);
    let handle: ReturnType<typeof stream.start> | undefined;
    let wasCut = false;
    const cutSlowReader = (): void => {
      streams.slowReaders += 1;
      wasCut = true;
      abort('client_abort');
      cutOff(response);
    };
    const abort = (reason: 'client_abort' | 'drain'): void => handle?.abort(reason);
    let sentHeaders: SentHeaders = {};
    const sink = eventSink(response, {
      brotli: br,
      writeHead: () => {
        const headers = { ...this.#headers(exchange, reply), ...reply.headersAtHead?.() };
        headers['content-type'] = 'text/event-stream; charset=utf-8';
        headers['cache-control'] = 'no-cache';
        headers['vary'] = 'accept-encoding';
        if (br) headers['content-encoding'] = 'br';
        const nowMs = clock.now();
        // One that writes everything at once is as good as a plain reply: what was done is known.
        headers[headerNames.serverTiming] = stream.paced ? streamTimingHeader(exchange, nowMs) : serverTimingHeader(exchange, nowMs);
        if (!stream.paced) this.#state.lateness.record(exchange.operation.latencyClass, nowMs - dueMs(exchange));
        sentHeaders = headers;
        response.writeHead(reply.status, headers);
      },
      onSlowReader: cutSlowReader,
      onEnded: (bufferedBytes) => {
        if (bufferedBytes === 0) return;
        // Nothing is left to abort by then.
        const cut = clock.at(clock.now() + this.#readOutMs, cutSlowReader);
        response.once('close', () => cut.cancel());
      },
    });
    const open = { abort: () => abort('drain') };
    const closed = new Promise<void>((resolve) => {
      const onClose = (): void => {
        this.#state.open.delete(open);
        // Does nothing to a stream that has ended.
        abort('client_abort');
        const endMs = clock.now();
        const finish = (): void => {
          for (const hop of exchange.hops) if (Number.isNaN(hop.endMs)) hop.endMs = endMs;
          this.#responded(exchange, response, sentHeaders, { bytes: sink.bytes.sent, ...(br && { plainBytes: sink.bytes.plain }) });
          this.#finished(exchange, response, reply.status, wasCut, endMs);
          resolve();
        };
        // What another process did is known when it has said so.
        if (handle?.settled) void handle.settled.then(finish);
        else finish();
      };
      if (isGone(response)) queueMicrotask(onClose);
      else response.once('close', onClose);
    });
    // A stream passes through the hops until its end.
    for (const hop of exchange.hops) if (outer.has(hop.hop)) hop.endMs = Number.NaN;
    if (!stream.paced) {
      exchange.spentMs = replyMs(exchange);
      await waitUntilDue(exchange, clock, this.#state.stalledUntilMs);
    }
    this.#state.open.add(open);
    const { link } = this.#state.profile;
    const connection = connectionOf(response);
    handle = stream.start(link ? pacedSink(sink, clock, (bytes) => linkDueMs(link, connection, bytes, clock.now()) ?? 0) : sink);
    // A client that went meanwhile closed the response before there was anything to abort.
    if (isGone(response)) {
      abort('client_abort');
      this.#state.open.delete(open);
    }
    await closed;
  }

  /** Body bytes, without framing: HTTP's own are the protocol's. */
  #responded(exchange: Exchange, response: Response, headers: SentHeaders, size: Pick<ResponseFacts, 'bytes' | 'plainBytes'>): void {
    responded(this.#state, exchange.operation, {
      protocol: response.req.httpVersionMajor === 2 ? 'h2' : 'http/1.1',
      encoding: String(headers['content-encoding'] ?? 'identity'),
      cacheStatus: String(headers['cf-cache-status'] ?? 'none'),
      ...size,
    });
  }

  /** The response is over, or (without a status) will not be: its hop records become spans, or wait in case somebody asks for them. */
  #finished(exchange: Exchange, response: Response, status: number | undefined, wasCut = false, endMs = this.#state.clock.now()): void {
    const { streamed } = exchange;
    const brokeOff = streamed?.outcome === 'server_error' || streamed?.outcome === 'drain';
    finished(this.#state, {
      ...exchange.trace,
      operation: exchange.operation,
      ...requestFacts(response.req.method, exchange.headers, exchange.path),
      requestId: exchange.requestId,
      requestKey: bounded(exchange.key),
      ...(status !== undefined && { status }),
      startMs: exchange.arrivedMs,
      endMs,
      queuedMs: exchange.queuedMs,
      hops: exchange.hops,
      failed: status === undefined || status >= 500 || exchange.draw.error !== undefined || brokeOff || wasCut,
      ...(streamed && { stream: streamed }),
    });
  }

  #headers(exchange: Exchange, reply: Reply): Record<string, string | string[] | number> {
    const headers: Record<string, string | string[] | number> = {
      ...(reply.headers as Headers | undefined),
      server: 'cloudflare',
      'cf-ray': cfRay(),
      [headerNames.requestId]: exchange.requestId,
      [headerNames.traceId]: exchange.trace.traceId,
    };
    headers['cf-cache-status'] ??= 'DYNAMIC';
    // A CDN answers these itself: there is no mesh behind it.
    if (exchange.operation.latencyClass === 'static') delete headers['x-envoy-upstream-service-time'];
    if (this.#state.altSvc !== undefined) headers['alt-svc'] = this.#state.altSvc;
    return headers;
  }
}

/** When a plain reply is due: of an operation that would have streamed, an error comes when its first event would have. */
function replyMs(exchange: Exchange): number {
  return exchange.draw.stream?.firstEventMs ?? exchange.draw.totalMs;
}

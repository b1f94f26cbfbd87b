/** HTTP/2 over TLS: many exchanges on a connection, a new connection when all are full. */
import { connect, constants } from 'node:http2';
import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders } from 'node:http2';
import { openSocket } from './connect.ts';
import type { Carrier, ConnectionPool, PoolContext, PoolRules, WireExchange } from './wire.ts';

/** Wide enough that a response waits for the network and not for a window update. */
const streamWindowBytes = 1 << 20;
const connectionWindowBytes = 1 << 24;

interface OriginConnections {
  connections: H2Connection[];
  waiting: Set<WireExchange>;
}

export class H2Pool implements ConnectionPool, Carrier {
  readonly context: PoolContext;
  readonly rules: PoolRules;
  readonly #origins = new Map<string, OriginConnections>();

  constructor(context: PoolContext, rules: PoolRules) {
    this.context = context;
    this.rules = rules;
  }

  send(exchange: WireExchange): void {
    const origin = this.#origin(exchange.origin);
    for (const connection of origin.connections) {
      if (connection.hasRoom()) {
        connection.send(exchange);
        return;
      }
    }
    if (origin.connections.length < this.rules.maxConnectionsPerOrigin) {
      const connection = new H2Connection(this, exchange);
      origin.connections.push(connection);
      return;
    }
    origin.waiting.add(exchange);
    exchange.carrier = this;
  }

  cancel(exchange: WireExchange): void {
    this.#origin(exchange.origin).waiting.delete(exchange);
    exchange.carrier = undefined;
  }

  close(): void {
    for (const origin of this.#origins.values()) {
      for (const connection of [...origin.connections]) connection.destroy();
    }
  }

  /** A place became free, or a connection has gone. */
  serveWaiting(originName: string): void {
    const { waiting } = this.#origin(originName);
    // At most so many as wait now: those that still find no place queue up again.
    let left = waiting.size;
    for (const exchange of waiting) {
      if (left === 0) return;
      left -= 1;
      const origin = this.#origin(originName);
      if (!origin.connections.some((connection) => connection.hasRoom()) && origin.connections.length >= this.rules.maxConnectionsPerOrigin) return;
      waiting.delete(exchange);
      this.send(exchange);
    }
  }

  remove(connection: H2Connection): void {
    const origin = this.#origin(connection.origin);
    const index = origin.connections.indexOf(connection);
    if (index === -1) return;
    origin.connections.splice(index, 1);
    this.serveWaiting(connection.origin);
  }

  #origin(name: string): OriginConnections {
    let origin = this.#origins.get(name);
    if (!origin) {
      origin = { connections: [], waiting: new Set() };
      this.#origins.set(name, origin);
    }
    return origin;
  }
}

class H2Connection implements Carrier {
  readonly origin: string;
  readonly #pool: H2Pool;
  #session: ClientHttp2Session | undefined;
  /** While the connection is being opened: the one that pays for it first. */
  readonly #opening = new Set<WireExchange>();
  readonly #streams = new Map<WireExchange, ClientHttp2Stream>();
  #destroyed = false;
  #draining = false;
  #stopOpening: () => void;

  constructor(pool: H2Pool, payer: WireExchange) {
    this.#pool = pool;
    this.origin = payer.origin;
    const { context } = pool;
    this.#opening.add(payer);
    payer.carrier = this;
    payer.onStart(false);
    const startedMs = context.now();
    const { host } = payer.request;
    const socket = openSocket(context, host, 'h2', (error, opened) => {
      if (this.#destroyed) {
        opened?.destroy();
        return;
      }
      if (error || !opened) {
        this.#fail(error ?? new Error('no socket'));
        return;
      }
      context.onOpened(this.origin);
      const session = connect(`https://${host}`, { createConnection: () => opened, settings: { enablePush: false, initialWindowSize: streamWindowBytes } });
      this.#session = session;
      session.setLocalWindowSize(connectionWindowBytes);
      session.on('goaway', () => this.#drain());
      session.on('error', (sessionError) => this.#fail(sessionError));
      session.on('close', () => this.#fail(new Error('the server closed the connection')));
      session.on('remoteSettings', () => this.#pool.serveWaiting(this.origin));
      if (this.#opening.has(payer)) payer.onConnected(context.now() - startedMs);
      const waiting = [...this.#opening];
      this.#opening.clear();
      for (const exchange of waiting) {
        if (exchange !== payer) exchange.onStart(true);
        this.#request(session, exchange);
      }
    });
    this.#stopOpening = () => socket.destroy();
  }

  hasRoom(): boolean {
    if (this.#draining) return false;
    const used = this.#opening.size + this.#streams.size;
    // Until the server's settings are here, its limit is taken for unbounded; Node queues what goes over it.
    const serverLimit = this.#session?.remoteSettings?.maxConcurrentStreams ?? Number.POSITIVE_INFINITY;
    return used < Math.min(this.#pool.rules.maxStreamsPerConnection, serverLimit);
  }

  send(exchange: WireExchange): void {
    exchange.carrier = this;
    if (!this.#session) {
      this.#opening.add(exchange);
      return;
    }
    exchange.onStart(true);
    this.#request(this.#session, exchange);
  }

  cancel(exchange: WireExchange): void {
    exchange.carrier = undefined;
    if (this.#opening.delete(exchange)) {
      if (this.#opening.size === 0) this.destroy();
      return;
    }
    const stream = this.#streams.get(exchange);
    if (!stream) return;
    this.#streams.delete(exchange);
    stream.close(constants.NGHTTP2_CANCEL);
    this.#afterStream();
  }

  destroy(): void {
    this.#fail(new Error('the connection was closed by the driver'));
  }

  #drain(): void {
    this.#draining = true;
    this.#pool.remove(this);
    if (this.#streams.size === 0) this.destroy();
  }

  #fail(error: Error): void {
    if (this.#destroyed) return;
    this.#destroyed = true;
    this.#draining = true;
    const lost = [...this.#opening, ...this.#streams.keys()];
    this.#opening.clear();
    this.#streams.clear();
    this.#stopOpening();
    this.#session?.destroy();
    this.#pool.remove(this);
    for (const exchange of lost) {
      exchange.carrier = undefined;
      exchange.onError(error);
    }
  }

  #afterStream(): void {
    if (this.#draining && this.#streams.size === 0) this.destroy();
    else this.#pool.serveWaiting(this.origin);
  }

  #request(session: ClientHttp2Session, exchange: WireExchange): void {
    const { request } = exchange;
    const { body } = request;
    let stream: ClientHttp2Stream;
    try {
      stream = session.request(
        { ...request.headers, ':method': request.method, ':path': request.path, ':scheme': 'https', ':authority': request.host },
        { endStream: body === undefined },
      );
    } catch (error) {
      exchange.carrier = undefined;
      exchange.onError(error instanceof Error ? error : new Error(String(error)));
      return;
    }
    this.#streams.set(exchange, stream);
    let lastError: Error | undefined;
    let ended = false;
    stream.on('response', (headers) => {
      if (this.#streams.has(exchange)) exchange.onHeaders(headOf(headers));
    });
    stream.on('data', (chunk: Buffer) => {
      if (this.#streams.has(exchange)) exchange.onData(chunk);
    });
    stream.on('error', (error) => {
      lastError = error;
    });
    stream.on('end', () => {
      ended = stream.rstCode === constants.NGHTTP2_NO_ERROR;
      if (ended) this.#finish(exchange, undefined);
    });
    stream.on('close', () => {
      this.#finish(exchange, ended ? undefined : (lastError ?? new Error(`the stream was reset with code ${stream.rstCode ?? 'none'}`)));
    });
    if (body !== undefined) stream.end(body);
  }

  #finish(exchange: WireExchange, error: Error | undefined): void {
    if (!this.#streams.delete(exchange)) return;
    exchange.carrier = undefined;
    this.#afterStream();
    if (error) exchange.onError(error);
    else exchange.onEnd();
  }
}

function headOf(source: IncomingHttpHeaders): { status: number; headers: Record<string, string>; setCookie: readonly string[] } {
  const headers: Record<string, string> = {};
  let status = 0;
  let setCookie: readonly string[] = [];
  for (const [name, value] of Object.entries(source)) {
    if (name === ':status') status = Number(value);
    else if (name === 'set-cookie') setCookie = Array.isArray(value) ? value : [];
    else if (value !== undefined && !name.startsWith(':')) headers[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return { status, headers, setCookie };
}

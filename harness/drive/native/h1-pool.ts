/** HTTP/1.1: one undici Client a connection, one exchange at a time on it. */
import { Client } from 'undici';
import type { Dispatcher } from 'undici';
import { openSocket } from './connect.ts';
import type { Carrier, ConnectionPool, PoolContext, PoolRules, WireExchange } from './wire.ts';

interface OriginConnections {
  open: number;
  /** The one used last is taken first: it is the least likely to be closed by the server just now. */
  idle: H1Connection[];
  waiting: Set<WireExchange>;
}

export class H1Pool implements ConnectionPool, Carrier {
  readonly context: PoolContext;
  readonly #rules: PoolRules;
  readonly #origins = new Map<string, OriginConnections>();
  readonly #all = new Set<H1Connection>();

  constructor(context: PoolContext, rules: PoolRules) {
    this.context = context;
    this.#rules = rules;
  }

  send(exchange: WireExchange): void {
    const origin = this.#origin(exchange.origin);
    const idle = origin.idle.pop();
    if (idle) {
      idle.send(exchange, true);
    } else if (origin.open < this.#rules.maxConnectionsPerOrigin) {
      this.#open(exchange.origin, origin).send(exchange, false);
    } else {
      origin.waiting.add(exchange);
      exchange.carrier = this;
    }
  }

  cancel(exchange: WireExchange): void {
    this.#origin(exchange.origin).waiting.delete(exchange);
    exchange.carrier = undefined;
  }

  close(): void {
    for (const connection of [...this.#all]) connection.destroy();
  }

  /** A connection can take its next exchange. */
  release(connection: H1Connection): void {
    const origin = this.#origin(connection.origin);
    for (const next of origin.waiting) {
      origin.waiting.delete(next);
      connection.send(next, true);
      return;
    }
    origin.idle.push(connection);
  }

  /** A connection is gone: its place is free for whoever waits. */
  remove(connection: H1Connection): void {
    if (!this.#all.delete(connection)) return;
    const origin = this.#origin(connection.origin);
    origin.open -= 1;
    const index = origin.idle.lastIndexOf(connection);
    if (index !== -1) origin.idle.splice(index, 1);
    for (const next of origin.waiting) {
      origin.waiting.delete(next);
      this.#open(connection.origin, origin).send(next, false);
      return;
    }
  }

  #open(name: string, origin: OriginConnections): H1Connection {
    const connection = new H1Connection(this, name);
    origin.open += 1;
    this.#all.add(connection);
    return connection;
  }

  #origin(name: string): OriginConnections {
    let origin = this.#origins.get(name);
    if (!origin) {
      origin = { open: 0, idle: [], waiting: new Set() };
      this.#origins.set(name, origin);
    }
    return origin;
  }
}

class H1Connection implements Carrier, Dispatcher.DispatchHandler {
  readonly origin: string;
  readonly #pool: H1Pool;
  readonly #client: Client;
  #exchange: WireExchange | undefined;
  #abort: ((error?: Error) => void) | undefined;
  #closed = false;

  constructor(pool: H1Pool, origin: string) {
    this.#pool = pool;
    this.origin = origin;
    const { context } = pool;
    this.#client = new Client(context.target.origin, {
      // Our own deadlines; undici's have a granularity of a second.
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: (_options, callback) => {
        const startedMs = context.now();
        openSocket(context, this.#exchange?.request.host ?? context.target.host, 'http/1.1', (error, socket) => {
          if (error || !socket) {
            callback(error ?? new Error('no socket'), null);
            return;
          }
          context.onOpened(origin);
          this.#exchange?.onConnected(context.now() - startedMs);
          callback(null, socket);
        });
      },
    });
    this.#client.on('disconnect', () => {
      if (!this.#exchange) this.destroy();
    });
  }

  send(exchange: WireExchange, reused: boolean): void {
    this.#exchange = exchange;
    exchange.carrier = this;
    exchange.onStart(reused);
    const { request } = exchange;
    request.headers['host'] = request.host;
    try {
      this.#client.dispatch(
        { method: request.method as Dispatcher.HttpMethod, path: request.path, headers: request.headers, body: request.body ?? null },
        this,
      );
    } catch (error) {
      this.onError(error instanceof Error ? error : new Error(String(error)));
    }
  }

  cancel(exchange: WireExchange): void {
    exchange.carrier = undefined;
    this.#exchange = undefined;
    this.#abort?.();
    this.destroy();
  }

  destroy(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#pool.remove(this);
    this.#client.destroy().catch(() => undefined);
  }

  onConnect(abort: (error?: Error) => void): void {
    this.#abort = abort;
  }

  onHeaders(status: number, rawHeaders: Buffer[]): boolean {
    if (status < 200) return true;
    const headers: Record<string, string> = {};
    const setCookie: string[] = [];
    for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
      const name = (rawHeaders[i] as Buffer).toString('latin1').toLowerCase();
      const value = (rawHeaders[i + 1] as Buffer).toString('latin1');
      if (name === 'set-cookie') setCookie.push(value);
      else headers[name] = headers[name] === undefined ? value : `${headers[name]}, ${value}`;
    }
    this.#exchange?.onHeaders({ status, headers, setCookie });
    return true;
  }

  onData(chunk: Buffer): boolean {
    this.#exchange?.onData(chunk);
    return true;
  }

  onComplete(): void {
    const exchange = this.#exchange;
    if (!exchange) return;
    this.#exchange = undefined;
    this.#abort = undefined;
    exchange.carrier = undefined;
    // Free first: what the end of this exchange starts may use the connection.
    this.#pool.release(this);
    exchange.onEnd();
  }

  onError(error: Error): void {
    const exchange = this.#exchange;
    this.#exchange = undefined;
    this.destroy();
    if (!exchange) return;
    exchange.carrier = undefined;
    exchange.onError(error);
  }
}

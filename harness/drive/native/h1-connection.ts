/** One HTTP/1.1 connection, one exchange at a time on it. */
import type { Socket } from 'node:net';
import { openSocket } from './connect.ts';
import { ResponseParser } from './h1-parser.ts';
import type { ResponseSink } from './h1-parser.ts';
import { encodeRequest } from './h1-request.ts';
import type { Carrier, PoolContext, WireExchange, WireHeaders } from './wire.ts';

/** An idle connection is used again only for so long: a server closes it at some time (Node after 5 s), and a request that meets that close is lost. */
const defaultIdleMs = 4_000;
/** Taken off what the server says it waits. */
const idleMarginMs = 1_000;

export interface H1Owner {
  readonly context: PoolContext;
  /** It can take its next exchange, of those who ask from now on. */
  park(connection: H1Connection): void;
  /** Those who wait for a connection of the origin may take what is idle. */
  serveWaiting(origin: string): void;
  /** It is gone, once. */
  remove(connection: H1Connection): void;
}

export class H1Connection implements Carrier, ResponseSink {
  readonly origin: string;
  /** The owner's mark: it waits among the idle ones. */
  isIdle = false;
  readonly #owner: H1Owner;
  readonly #parser = new ResponseParser(this);
  readonly #socket: Socket;
  #exchange: WireExchange | undefined;
  #connected = false;
  #closed = false;
  #idleUntilMs = Number.POSITIVE_INFINITY;

  /** Opens a connection for this exchange and sends it. */
  constructor(owner: H1Owner, exchange: WireExchange) {
    this.#owner = owner;
    this.origin = exchange.origin;
    this.#exchange = exchange;
    exchange.carrier = this;
    exchange.onStart(false);
    const { context } = owner;
    const startedMs = context.now();
    this.#socket = openSocket(
      context,
      exchange.request.host,
      'http/1.1',
      (error) => {
        if (this.#closed) return;
        if (error) {
          this.#lose(error);
          return;
        }
        this.#connected = true;
        context.onOpened(this.origin);
        this.#exchange?.onConnected(context.now() - startedMs);
        this.#write();
      },
      (bytes) => this.#onBytes(bytes),
    );
    this.#socket.on('error', (error) => this.#lose(error));
    this.#socket.on('end', () => this.#onEnd());
    this.#socket.on('close', () => this.#onEnd());
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  /** False when it has been idle for so long that the server may be closing it. */
  isFresh(): boolean {
    return !this.#closed && this.#owner.context.now() < this.#idleUntilMs;
  }

  /** On an idle connection only. */
  send(exchange: WireExchange): void {
    this.#exchange = exchange;
    exchange.carrier = this;
    exchange.onStart(true);
    this.#write();
  }

  cancel(exchange: WireExchange): void {
    exchange.carrier = undefined;
    this.#exchange = undefined;
    this.destroy();
  }

  destroy(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#parser.stop();
    this.#socket.destroy();
    this.#owner.remove(this);
  }

  onHead(head: WireHeaders): void {
    this.#exchange?.onHeaders(head);
  }

  onBody(bytes: Buffer): void {
    this.#exchange?.onData(bytes);
  }

  onMessageEnd(): void {
    const exchange = this.#exchange;
    this.#exchange = undefined;
    if (this.#parser.keepAlive && !this.#closed) {
      const { idleTimeoutMs } = this.#parser;
      const idleMs = idleTimeoutMs === undefined ? defaultIdleMs : Math.min(defaultIdleMs, Math.max(0, idleTimeoutMs - idleMarginMs));
      this.#idleUntilMs = this.#owner.context.now() + idleMs;
    }
    if (!exchange) return;
    exchange.carrier = undefined;
    const { keepAlive } = this.#parser;
    if (!keepAlive) this.destroy();
    // Idle first, so that a journey's next step finds it; whoever waits is sent last, when this one's end has been noted.
    if (keepAlive) this.#owner.park(this);
    exchange.onEnd();
    if (keepAlive) this.#owner.serveWaiting(this.origin);
  }

  #write(): void {
    const exchange = this.#exchange;
    if (!exchange) return;
    let bytes: string | Buffer;
    try {
      bytes = encodeRequest(exchange.request);
    } catch (error) {
      this.#lose(error instanceof Error ? error : new Error(String(error)));
      return;
    }
    this.#parser.expect(exchange.request.method);
    if (typeof bytes === 'string') this.#socket.write(bytes, 'latin1');
    else this.#socket.write(bytes);
  }

  #onBytes(bytes: Buffer): void {
    if (this.#closed) return;
    try {
      this.#parser.push(bytes);
    } catch (error) {
      this.#lose(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #onEnd(): void {
    if (this.#closed || !this.#connected || this.#parser.finish()) return;
    this.#lose(new Error('the server closed the connection'));
  }

  #lose(error: Error): void {
    if (this.#closed) return;
    const exchange = this.#exchange;
    this.#exchange = undefined;
    this.destroy();
    if (!exchange) return;
    exchange.carrier = undefined;
    exchange.onError(error);
  }
}

/**
 * HTTP/1.1 connections by origin, on own sockets. Measured against one undici Client a connection, which waits a turn of the loop before it uses a connection
 * again, copies every read into its parser and builds errors with stacks when a connection closes: see docs/architecture.md for the numbers.
 */
import { H1Connection } from './h1-connection.ts';
import type { H1Owner } from './h1-connection.ts';
import type { Carrier, ConnectionPool, PoolContext, PoolRules, WireExchange } from './wire.ts';

interface OriginConnections {
  open: number;
  /** The one used last is taken first: it is the least likely to be closed by the server just now. */
  idle: H1Connection[];
  waiting: Set<WireExchange>;
}

export class H1Pool implements ConnectionPool, Carrier, H1Owner {
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
    for (let idle = origin.idle.pop(); idle; idle = origin.idle.pop()) {
      if (idle.isFresh()) {
        idle.send(exchange);
        return;
      }
      idle.destroy();
    }
    if (origin.open < this.#rules.maxConnectionsPerOrigin) {
      this.#open(origin, exchange);
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

  release(connection: H1Connection): void {
    const origin = this.#origin(connection.origin);
    const next = firstOf(origin.waiting);
    if (next) connection.send(next);
    else origin.idle.push(connection);
  }

  remove(connection: H1Connection): void {
    if (!this.#all.delete(connection)) return;
    const origin = this.#origin(connection.origin);
    origin.open -= 1;
    const index = origin.idle.lastIndexOf(connection);
    if (index !== -1) origin.idle.splice(index, 1);
    // Its place is free for whoever waits.
    const next = firstOf(origin.waiting);
    if (next) this.#open(origin, next);
  }

  #open(origin: OriginConnections, exchange: WireExchange): void {
    origin.open += 1;
    this.#all.add(new H1Connection(this, exchange));
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

function firstOf(waiting: Set<WireExchange>): WireExchange | undefined {
  for (const exchange of waiting) {
    waiting.delete(exchange);
    return exchange;
  }
  return undefined;
}

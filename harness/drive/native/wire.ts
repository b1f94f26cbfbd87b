/** Where requests meet connections: what is sent, and what the sender is told. One exchange is one request and its response. */

export interface WireRequest {
  method: string;
  /** With the query. */
  path: string;
  /** For Host or :authority. */
  host: string;
  /** Lower-case names. */
  headers: Record<string, string>;
  body: string | undefined;
}

export interface WireHeaders {
  status: number;
  /** Lower-case names; repeated ones joined with a comma. */
  headers: Readonly<Record<string, string>>;
  setCookie: readonly string[];
}

/** Told in this order: onStart, onConnected (only by the one that paid for the connection), onHeaders, onData ..., then exactly one of onEnd and onError. */
export interface WireExchange {
  readonly request: WireRequest;
  readonly origin: string;
  /** Set by the pool while the exchange is its business. */
  carrier: Carrier | undefined;
  /** A connection is there, or is being opened for it: the wait by the pool's rules is over. */
  onStart(reusedConnection: boolean): void;
  onConnected(connectMs: number): void;
  onHeaders(head: WireHeaders): void;
  /** The bytes are only lent for the call. */
  onData(chunk: Buffer): void;
  onEnd(): void;
  onError(error: Error): void;
}

/** Whoever holds an exchange: a connection, or a queue. */
export interface Carrier {
  /** Lets go at once; the exchange hears nothing more. */
  cancel(exchange: WireExchange): void;
}

export interface ConnectionPool {
  /** Sends now, or when the pool's rules allow it. */
  send(exchange: WireExchange): void;
  /** Closes every connection. What is still in flight hears an error. */
  close(): void;
}

export interface PoolRules {
  /** Connections to one origin at most. */
  maxConnectionsPerOrigin: number;
  /** Exchanges at once on one HTTP/2 connection at most; the server's own limit holds as well. */
  maxStreamsPerConnection: number;
}

export interface PoolContext {
  target: URL;
  insecureTls: boolean;
  now(): number;
  onOpened(origin: string): void;
}

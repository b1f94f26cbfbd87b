import type { Socket } from 'node:net';
import type { Kysely } from 'kysely';
import type { DbSystem } from '../scenarios/names.ts';
import type { Operation } from '../scenarios/operations.ts';
import type { RequestDraw } from './latency/draw.ts';
import type { Slowness } from './slowness.ts';
import type { Position } from './store/replication/position.ts';
import type { Tables } from './store/tables.ts';
import type { StreamFacts } from './telemetry/trace-record.ts';

/** A tier that a request crosses. */
export type HopName = DrawnHop | 'job';
/** Those that have a share of the draw; a job goes on after the response. */
export type DrawnHop = 'edge' | 'lb' | 'mesh' | 'service' | 'store' | 'cache' | 'inference';

/** What one hop did. Times are milliseconds on the server's monotonic clock. `Server-Timing`, metrics and spans are all derived from these. */
export interface HopRecord {
  hop: HopName;
  /** What was done in it: `chat`, `select conversations`. */
  name: string;
  startMs: number;
  endMs: number;
  /** This hop's own share of the draw. */
  intendedMs: number;
  outcome: 'ok' | 'error' | 'aborted';
  /** Of its time, what it waited for a connection to the database; undefined: one was free. */
  queuedMs?: number;
  /** Of the store. */
  dbSystem?: DbSystem;
  /** Of a write: when its transaction was committed, as the lag of its changes counts; undefined: it changed nothing that the replica has. */
  committedMs?: number;
  /** 16 hexadecimal digits. Made when the span is emitted, or when another process is called. */
  spanId?: string;
  /** The caller's span in another process; undefined: the hop that called this one. */
  parentSpanId?: string;
}

export interface Session {
  sessionId: string;
  userId: string;
  organizationId: string;
  /** In that organization. */
  organizationRole: 'owner' | 'admin' | 'user';
  deviceId: string;
}

/** Where the request's spans belong. */
export interface TraceContext {
  traceId: string;
  /** The caller's span in this trace. */
  parentSpanId?: string;
  /** The caller's span in a trace that was not continued. */
  link?: { traceId: string; spanId: string };
  /** Head-sampled. */
  sampled: boolean;
}

/** One request on its way through the hops. Only the edge makes one; a tier in another process has it as it was told. */
export interface Exchange {
  operation: Operation;
  requestId: string;
  /** The request key that the draw is keyed by. */
  key: string;
  draw: RequestDraw;
  /** When the request's head had been read, on the server's clock; the draw counts from here. */
  arrivedMs: number;
  /** Time so far spent waiting for a free worker, connection to the database, or slot. */
  queuedMs: number;
  /** Time so far spent in real work (store queries, serialising, compressing). */
  workMs: number;
  /** Shares of the draw that hops have spent so far; see `hop.ts`. */
  spentMs: number;
  /** Time so far really waited for the draw; counted with `work: added` only. */
  waitedMs: number;
  /** The profile says `work: added`: the draw comes on top of the work. */
  workAdded: boolean;
  /** Made on purpose, with `--slow`. */
  slowness?: Slowness;
  params: Readonly<Record<string, string>>;
  query: Readonly<Record<string, unknown>>;
  /** Parsed JSON; a Buffer for uploads. */
  body: unknown;
  headers: Readonly<Record<string, string | string[] | undefined>>;
  session?: Session;
  /** What its client has seen, once this request has read or written; the answer's consistency token. */
  seen?: Position;
  /** The request has an idempotency key, and has not written yet. */
  reservation?: Reservation | undefined;
  trace: TraceContext;
  /** Path without its query. */
  path: string;
  /** What its stream has done so far; set by inference. */
  streamed?: StreamFacts;
  hops: HopRecord[];
  /** The client's connection, as far as this tier has one. */
  socket: Socket;
  /** What the route's schema found wrong; the service answers 400 with all of them. */
  faults?: readonly { path: string; message: string }[];
}

/** An idempotency key as its request holds it. */
export interface Reservation {
  /** Notes in the transaction of the request's first write that it was done: both are committed or none. Throws 409 where somebody else has the key by now. */
  mark(transaction: Kysely<Tables>): Promise<void>;
}

/** JSON as bytes already: what another tier answered, passed on as it came. */
export class SerialisedJson {
  readonly bytes: Buffer;
  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }
}

/** What a hop answers. Exactly one of json, bytes and stream, or none for an empty body. */
export interface Reply {
  status: number;
  headers?: Record<string, string | string[]>;
  json?: unknown;
  /** Already encoded or binary; sent as it is. */
  bytes?: Buffer;
  /** Key under which the edge may keep the encoded form of `json` (large and constant bodies). */
  encodeCacheKey?: string;
  stream?: EventStream;
  /** Headers that are known only when the head leaves, as of a stream whose head waits for its first event. */
  headersAtHead?(): Record<string, string>;
}

/** Server-sent events. */
export interface EventStream {
  /** It is started at once and keeps its own schedule. Default false: it is started when the draw is over, and writes everything then. */
  paced?: boolean;
  /** Once it has ended: did it come to the end that it was meant to have? Absent: it always does. */
  isWhole?(): boolean;
  /**
   * Starts at once; times count from the exchange's arrival. Returns what stops it when the client goes. `settled` of a stream that another process makes:
   * resolves when that process has said what it did, also after an abort.
   */
  start(sink: EventSink): { abort(reason: 'client_abort' | 'server_error' | 'drain'): void; settled?: Promise<void> };
}
export interface EventSink {
  /**
   * Whole events, `event: ...\ndata: ...\n\n`; a string is ASCII. False: the client reads slowly, wait for drained().
   * @param contentEvents how many of them are content events; for tiers that pass them on
   */
  write(events: Buffer | string, contentEvents?: number): boolean;
  onDrain(callback: () => void): void;
  end(): void;
}

/** One tier: a plain function over the next. */
export type Hop = (exchange: Exchange) => Promise<Reply>;

/** What a service throws for anything but success; the edge renders the one error shape. */
export class HttpError extends Error {
  readonly status: number;
  /** Stable, for programs: `not_found`, `invalid_request`. */
  readonly code: string;
  /** Every fault with its path, for 400. */
  readonly faults: readonly { path: string; message: string }[] | undefined;
  /** More that a program can use, beside the message in the error's body. */
  readonly details: Readonly<Record<string, unknown>> | undefined;
  /** Added by the hops that it passes on its way out. */
  headers: Record<string, string> = {};
  constructor(
    status: number,
    code: string,
    message: string,
    faults?: readonly { path: string; message: string }[],
    details?: Readonly<Record<string, unknown>>,
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.faults = faults;
    this.details = details;
  }
}

import type { Operation } from '../../scenarios/operations.ts';
import type { HopRecord } from '../exchange.ts';

/** What a stream did; times on the server's clock. */
export interface StreamFacts {
  model: string;
  /** When `message_start` left; undefined: it never did. */
  openedMs?: number;
  firstMs?: number;
  lastMs?: number;
  /** When inference made those two, where it is a process of its own: a little before they left here. */
  made?: { firstMs?: number; lastMs?: number };
  /** Content events that left. */
  events: number;
  /** How many times longer than drawn its gaps were, since inference was busy; undefined: as drawn. */
  slowdown?: number;
  outcome: 'done' | 'client_abort' | 'server_error' | 'drain';
  /** Pauses that the profile drew: after them the next event left at `atMs`. */
  stalls: { atMs: number; stallMs: number }[];
}

/** One request that is over: enough to make its spans now or later. It holds nothing of the connection. Times are milliseconds on the server's clock. */
export interface TraceRecord {
  traceId: string;
  /** The caller's span, of the same trace. */
  parentSpanId?: string;
  /** The caller's span of another trace: this server starts its own. */
  link?: { traceId: string; spanId: string };
  /** Head-sampled: by the caller, or by this server's ratio. */
  sampled: boolean;
  /** Undefined: refused at the door, before it was known or while it was not served. */
  operation?: Operation;
  /** As it came: HEAD where the operation is a GET. */
  method: string;
  /** The host that was asked for, with its port where it came with one. */
  host?: string;
  requestId: string;
  /** Empty: refused at the door. */
  requestKey: string;
  /** The `baggage` header, or the part of it that names the run. */
  baggage?: string;
  /** Path without its query. */
  path: string;
  /** Of the response; undefined: the client went before there was one. */
  status?: number;
  startMs: number;
  endMs: number;
  queuedMs: number;
  hops: readonly HopRecord[];
  /** Answered with 500 or more, drawn to fail, without a response, or cut off by this server. */
  failed: boolean;
  stream?: StreamFacts;
}

/** Why spans were emitted. */
export type KeptBecause = 'sampled' | 'failed' | 'slow' | 'asked';

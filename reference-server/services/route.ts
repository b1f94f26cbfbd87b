import type { Kysely, Transaction } from 'kysely';
import type { TSchema } from 'typebox';
import type { DataAccount } from '../data-account.ts';
import type { EventStream, Exchange, Reply } from '../exchange.ts';
import type { InferencePlace } from '../inference/slots.ts';
import type { DataPolicies } from '../policies.ts';
import type { Change } from '../store/replication/changes.ts';
import type { Tables } from '../store/tables.ts';

/** What is behind a service. Each call is a hop: it is recorded, and waits its share of the draw once a request. */
export interface Backends {
  /** A query on the primary that writes nothing for a user: that is what `write` is for. `name` goes into the hop record (`select conversations`). */
  store<T>(exchange: Exchange, name: string, query: (db: Kysely<Tables>) => Promise<T>): Promise<T>;
  /** What decides whether a request may be run, from the primary. It is the service's own work: no hop, and no share of the draw is spent on it. */
  rolesOf<T>(exchange: Exchange, query: (db: Kysely<Tables>) => Promise<T>): Promise<T>;
  /**
   * A transaction on the primary, which is done once for an idempotency key. Whatever it does to rows that the replica has (conversations, messages, artifacts, and projects that are deleted) it
   * adds to `changes`, in the order in which it is to happen there.
   */
  write<T>(exchange: Exchange, name: string, work: (transaction: Transaction<Tables>, changes: Change[]) => Promise<T>): Promise<T>;
  /** A read of those rows, from where the request's `consistency` and the policy send it. @param conversationUuid whose state it tells, where it is one's */
  read<T>(exchange: Exchange, name: string, query: (db: Kysely<Tables>) => Promise<T>, conversationUuid?: string): Promise<T>;
  /** In force. */
  policies(): Readonly<DataPolicies>;
  /** Ground truth of what becomes of prompts. */
  readonly account: DataAccount;
  /** Read-through cache; `load` runs on a miss. Values are what JSON can say; undefined is not kept. */
  cache<T>(exchange: Exchange, key: string, load: () => Promise<T>): Promise<T>;
  /** After a write of what `key` is made of, and before its answer. */
  dropCached(exchange: Exchange, key: string): Promise<void>;
  /** A place in inference, kept until a completion takes it or it is given up. Throws 503 `overloaded` when none is free: before anything is stored. */
  inferencePlace(): InferencePlace | Promise<InferencePlace>;
  /** A streamed completion on its drawn schedule. */
  inference(exchange: Exchange, completion: CompletionRequest, place: InferencePlace): EventStream;
  /** Calls back once, when the exchange's whole draw is over on the server's clock; never at once. */
  whenDue(exchange: Exchange, callback: () => void): { cancel(): void };
  /** Work that the request queued and committed, due to end so long from now: the queue looks for it, and it shows in the trace as it is meant to be. */
  job(exchange: Exchange, name: string, durationMs: number): void;
  /** Wall clock. */
  now(): Date;
  /** UUIDv7 at the wall clock. */
  newUuid(): string;
}

export interface CompletionRequest {
  conversationUuid: string;
  promptUuid: string;
  answerUuid: string;
  model: string;
  promptChars: number;
  /**
   * Called before `message_stop` leaves (`end_turn`), or with what was sent so far when the stream ended early. The stream's end waits for it, and tells
   * the consistency token that it resolves with.
   */
  onEnd(answer: { text: string; stopReason: 'end_turn' | 'client_abort' | 'server_error' | 'drain' }): Promise<string | undefined>;
}

/** One operation as a service serves it. */
export interface Route {
  /** Name in `scenarios/operations.ts`. */
  operation: string;
  summary: string;
  schema: {
    params?: TSchema;
    querystring?: TSchema;
    body?: TSchema;
    /** Media type of the request body where it is not JSON. */
    consumes?: string;
    response: Record<number, TSchema>;
  };
  /** Reached without a session. Default false. */
  anonymous?: boolean;
  handle(exchange: Exchange, backends: Backends): Promise<Reply>;
}

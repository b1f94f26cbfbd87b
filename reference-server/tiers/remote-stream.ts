import type { EventSink, EventStream, Exchange, HttpError } from '../exchange.ts';
import { error as errorEvent } from '../inference/events.ts';
import type { DeadlineClock } from '../latency/deadline-clock.ts';
import type { Account, InnerAccount } from './account.ts';
import type { Caller } from './caller.ts';
import { type FrameType, frameTypes, readEvents } from './frames.ts';

/** JSON of the frames of a stream. */
export interface StreamHead {
  headers?: Record<string, string>;
  account: Account;
}
export interface Trailer {
  account: Account;
  /** False: it was stopped, and its end is not to be written. */
  ended: boolean;
}
export interface Answer {
  text: string;
  stopReason: 'end_turn' | 'client_abort' | 'server_error' | 'drain';
}

export interface StreamParts {
  exchange: Exchange;
  callId: string;
  account: InnerAccount;
  caller: Caller;
  clock: DeadlineClock;
  paced: boolean;
  /** Stores an answer that the stream waits for before it ends. */
  store?(answer: Answer): Promise<string | undefined>;
  /** The tier has gone in the middle of the stream, after so many content events. */
  onBroken?(contentEvents: number): Promise<void>;
  onFault(error: unknown): void;
}

export type AbortReason = 'client_abort' | 'server_error' | 'drain';

/** After an abort the rest of the records are waited for so long. */
const settleMs = 4_000;

/**
 * The caller's end of a stream that another tier makes: hands each event on at once, and the words "stop" and "stored" back.
 * Nobody waits for a slow reader, as in one process: a completion keeps its schedule, and whoever lets too much pile up is cut off where it piles up.
 */
export class RemoteStream implements EventStream {
  readonly paced: boolean;
  readonly #parts: StreamParts;
  #sink: EventSink | undefined;
  /** What came before the stream was started. */
  #early: { type: FrameType; payload: Buffer }[] = [];
  #earlyEnd: { fault: HttpError | undefined } | undefined;
  #headers: Record<string, string> | undefined;
  #contentEvents = 0;
  #over = false;
  #stopped = false;
  #onSettled: (() => void) | undefined;
  #giveUp: () => void = () => undefined;

  constructor(parts: StreamParts) {
    this.#parts = parts;
    this.paced = parts.paced;
  }

  /** What ends the call itself, when nothing comes of an abort. */
  set giveUp(giveUp: () => void) {
    this.#giveUp = giveUp;
  }

  /** Known when the first event is. */
  headersAtHead = (): Record<string, string> => this.#headers ?? {};

  start(sink: EventSink): { abort(reason: AbortReason): void; settled: Promise<void> } {
    this.#sink = sink;
    const settled = new Promise<void>((resolve) => {
      this.#onSettled = resolve;
    });
    for (const { type, payload } of this.#early) this.#take(sink, type, payload);
    this.#early = [];
    if (this.#earlyEnd) this.onEnd(this.#earlyEnd.fault);
    return { abort: (reason) => this.#abort(reason), settled };
  }

  onFrame(type: FrameType, payload: Buffer): void {
    if (this.#sink) this.#take(this.#sink, type, payload);
    else this.#early.push({ type, payload: Buffer.from(payload) });
  }

  /** The call is over; with a fault when its answer is not whole. */
  onEnd(fault: HttpError | undefined): void {
    if (!this.#sink) {
      this.#earlyEnd = { fault };
      return;
    }
    if (this.#over) return;
    this.#over = true;
    const { account, clock, onBroken, onFault } = this.#parts;
    account.broken(clock.now());
    const message = fault?.message ?? 'the stream ended before its time';
    const close = (): void => {
      if (!this.#stopped) {
        this.#sink?.write(errorEvent('api_error', message));
        this.#sink?.end();
      }
      this.#onSettled?.();
    };
    if (onBroken) void onBroken(this.#contentEvents).catch(onFault).finally(close);
    else close();
  }

  #take(sink: EventSink, type: FrameType, payload: Buffer): void {
    if (this.#over) return;
    const { account, clock, store } = this.#parts;
    if (type === frameTypes.events) {
      const { contentEvents, events } = readEvents(payload);
      this.#contentEvents += contentEvents;
      if (!this.#stopped) sink.write(events, contentEvents);
    } else if (type === frameTypes.streamHead) {
      const head = JSON.parse(payload.toString('utf8')) as StreamHead;
      this.#headers = head.headers;
      account.merge(head.account, clock.now());
    } else if (type === frameTypes.answer && store) {
      this.#store(store, JSON.parse(payload.toString('utf8')) as Answer);
    } else if (type === frameTypes.trailer) {
      const trailer = JSON.parse(payload.toString('utf8')) as Trailer;
      this.#over = true;
      account.merge(trailer.account, clock.now());
      if (trailer.ended && !this.#stopped) sink.end();
      this.#onSettled?.();
    }
  }

  #store(store: (answer: Answer) => Promise<string | undefined>, answer: Answer): void {
    const { caller, callId, onFault } = this.#parts;
    const tell = (failed: boolean, token?: string): void =>
      void caller.post('/stored', { id: callId, failed, ...(token !== undefined && { token }) }).catch(onFault);
    store(answer).then(
      (token) => tell(false, token),
      (error: unknown) => {
        onFault(error);
        tell(true);
      },
    );
  }

  #abort(reason: AbortReason): void {
    if (this.#over) return;
    // A stream that is drained, or fails, still says so to its client.
    if (reason === 'client_abort') this.#stopped = true;
    const { caller, callId, clock } = this.#parts;
    // A tier that is gone has told so by the connection of the stream itself.
    caller.post('/abort', { id: callId, reason }).catch(() => undefined);
    const timer = setTimeout(() => {
      this.#over = true;
      this.#parts.account.broken(clock.now());
      this.#giveUp();
      this.#onSettled?.();
    }, settleMs);
    timer.unref();
    // Resolved twice is resolved once.
    const settle = this.#onSettled;
    this.#onSettled = () => {
      clearTimeout(timer);
      settle?.();
    };
  }
}

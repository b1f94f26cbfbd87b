/** One response read as an event stream: scanned, timed, judged complete or not. */
import { terminalEvent } from '../../../scenarios/sse-dialects.ts';
import type { EventKind } from '../../../scenarios/sse-dialects.ts';
import { readStreamStart, type StreamStart } from '../../../scenarios/stream-start.ts';
import type { StreamDialect } from '../../../scenarios/types.ts';
import type { Truth } from '../../sample.ts';
import { StreamDecoder } from './body-decoder.ts';
import type { DecodeListener } from './body-decoder.ts';
import { truthOfEvent } from './server-timing.ts';
import { SseScanner } from './sse-scanner.ts';
import type { SseListener } from './sse-scanner.ts';
import { StreamMeter } from './stream-meter.ts';

export interface StreamOwner {
  /** Once, after end(): undefined when the stream is complete, else why not. */
  onStreamEnd(error: string | undefined): void;
  /** Once, when `abortAfterEvents` content events have come. */
  onEnoughEvents(): void;
}

export class StreamRun implements SseListener, DecodeListener {
  readonly meter = new StreamMeter();
  truth: Truth | undefined;
  start: StreamStart = {};
  /** Data of the event that closed it; undefined until then. */
  endData: string | undefined;
  readonly #owner: StreamOwner;
  readonly #dialect: StreamDialect;
  readonly #abortAfterEvents: number | undefined;
  readonly #scanner: SseScanner;
  readonly #decoder: StreamDecoder | undefined;
  #error: string | undefined;
  #endedMs = 0;
  #stopped = false;

  /** Throws for a content coding that it cannot read. */
  constructor(owner: StreamOwner, dialect: StreamDialect, encoding: string | undefined, abortAfterEvents: number | undefined) {
    this.#owner = owner;
    this.#dialect = dialect;
    this.#abortAfterEvents = abortAfterEvents;
    this.#scanner = new SseScanner(dialect, this);
    this.#decoder = encoding === undefined || encoding === 'identity' ? undefined : new StreamDecoder(encoding, this);
  }

  push(chunk: Buffer, atMs: number): void {
    if (this.#decoder) this.#decoder.push(chunk, atMs);
    else this.#scanner.push(chunk, atMs);
  }

  end(atMs: number): void {
    this.#endedMs = atMs;
    if (this.#decoder) this.#decoder.end();
    else this.#finish();
  }

  stop(): void {
    this.#stopped = true;
    this.#decoder?.stop();
  }

  onDecoded(bytes: Buffer, atMs: number): void {
    if (!this.#stopped) this.#scanner.push(bytes, atMs);
  }

  onFinished(error: Error | undefined): void {
    if (this.#stopped) return;
    if (error) this.#owner.onStreamEnd(`the stream could not be decoded: ${error.message}`);
    else this.#finish();
  }

  onEvent(kind: EventKind, data: string, atMs: number): void {
    if (this.#stopped) return;
    switch (kind) {
      case 'content':
        this.meter.onContent(atMs);
        if (this.meter.contentEvents === this.#abortAfterEvents) this.#owner.onEnoughEvents();
        return;
      case 'start':
        this.start = readStreamStart(data);
        return;
      case 'end':
        this.endData = data;
        return;
      case 'error':
        this.#error ??= `the stream reported an error: ${data.slice(0, 200)}`;
        return;
      case 'truth':
        this.truth = truthOfEvent(data) ?? this.truth;
        return;
      case 'other':
        return;
    }
  }

  #finish(): void {
    this.#scanner.finish(this.#endedMs);
    const terminal = terminalEvent[this.#dialect];
    if (this.#error === undefined && terminal !== undefined && this.endData === undefined) {
      this.#error = `the stream ended without ${terminal}, after ${this.meter.contentEvents} content events`;
    }
    this.#owner.onStreamEnd(this.#error);
  }
}

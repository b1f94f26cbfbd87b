import type { EventSink, EventStream } from '../../exchange.ts';

type Events = Parameters<EventSink['write']>[0];
type AbortReason = Parameters<ReturnType<EventStream['start']>['abort']>[0];

export interface SharedStreamParts {
  /** Its whole text, once it has ended. */
  onEnded(text: string): void;
  /** While nobody reads it and it goes on: who stops the server ends it. Returns what takes that back. */
  unread(stream: { abort(): void }): () => void;
}

/**
 * A stream that several clients read: each from its beginning. It goes on to its end when they go, so that whoever comes again with the same key finds the
 * whole answer; only the server ends it before.
 */
export class SharedStream {
  readonly #stream: EventStream;
  readonly #parts: SharedStreamParts;
  readonly #sent: { events: Events; contentEvents: number | undefined }[] = [];
  readonly #readers = new Set<EventSink>();
  #handle: ReturnType<EventStream['start']> | undefined;
  #hasEnded = false;
  #readAgain: (() => void) | undefined;

  constructor(stream: EventStream, parts: SharedStreamParts) {
    this.#stream = stream;
    this.#parts = parts;
  }

  /** For the client whose request it is. */
  first(): EventStream {
    return { paced: this.#stream.paced === true, start: (sink) => ({ ...this.#read(sink), ...(this.#handle?.settled && { settled: this.#handle.settled }) }) };
  }

  /** For a client that joins: what was sent so far comes at once. */
  another(): EventStream {
    return { start: (sink) => this.#read(sink) };
  }

  #read(sink: EventSink): { abort(reason: AbortReason): void } {
    for (const { events, contentEvents } of this.#sent) sink.write(events, contentEvents);
    if (this.#hasEnded) {
      sink.end();
      return { abort: () => undefined };
    }
    this.#readers.add(sink);
    this.#readAgain?.();
    this.#readAgain = undefined;
    this.#handle ??= this.#stream.start({
      write: (events, contentEvents) => this.#write(events, contentEvents),
      onDrain: (callback) => setImmediate(callback),
      end: () => this.#end(),
    });
    return { abort: (reason) => this.#leave(sink, reason) };
  }

  #write(events: Events, contentEvents: number | undefined): boolean {
    // Bytes may be of a buffer that is used again.
    this.#sent.push({ events: typeof events === 'string' ? events : Buffer.from(events), contentEvents });
    for (const reader of this.#readers) reader.write(events, contentEvents);
    return true;
  }

  #end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#readAgain?.();
    for (const reader of this.#readers) reader.end();
    this.#readers.clear();
    this.#parts.onEnded(this.#sent.map(({ events }) => events.toString()).join(''));
  }

  #leave(sink: EventSink, reason: AbortReason): void {
    if (this.#hasEnded) return;
    if (reason !== 'client_abort') {
      this.#handle?.abort(reason);
      return;
    }
    this.#readers.delete(sink);
    if (this.#readers.size === 0) this.#readAgain ??= this.#parts.unread({ abort: () => this.#handle?.abort('drain') });
  }
}

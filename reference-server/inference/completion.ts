import { keyedRandom } from '../../scenarios/random.ts';
import { truthEvent } from '../../scenarios/names.ts';
import type { EventSink, EventStream, Exchange, HopRecord } from '../exchange.ts';
import type { DeadlineClock, DeadlineTimer } from '../latency/deadline-clock.ts';
import type { StreamDraw } from '../latency/draw.ts';
import { inferenceSlowdown, type LatencyProfile } from '../latency/profile.ts';
import type { CompletionRequest } from '../services/route.ts';
import { corpusText } from './corpus.ts';
import * as events from './events.ts';
import { inferenceSlots } from './slots.ts';
import { streamTruth } from './truth.ts';

export interface InferenceParts {
  clock: DeadlineClock;
  profile(): LatencyProfile;
  /** Every content event's lateness, for the server's own account. */
  onEvent(latenessMs: number): void;
  onStream(outcome: 'opened' | 'completed' | 'client_abort' | 'server_error' | 'drain'): void;
}

export interface Inference {
  start(exchange: Exchange, completion: CompletionRequest): EventStream;
  /** Streams under way. */
  readonly active: number;
}

type EndReason = 'client_abort' | 'server_error' | 'drain';

/** Streamed completions on their drawn schedule: every event leaves at arrival + its offset on the one deadline clock, so that delays do not add up. */
export function inference(parts: InferenceParts): Inference {
  const slots = inferenceSlots(parts.profile);
  let active = 0;
  return {
    get active() {
      return active;
    },
    start(exchange, completion) {
      const draw = exchange.draw.stream;
      if (!draw) throw new Error(`${exchange.operation.name} has no stream in the latency profile`);
      return {
        start(sink) {
          const stream = new Completion(exchange, completion, draw, sink, parts);
          active += 1;
          parts.onStream('opened');
          void slots
            .take()
            .then((slot) => stream.run(slot.capacity ? inferenceSlowdown(slot.capacity, slot.busy) : 1).finally(slot.release))
            .catch(() => stream.refuse())
            .finally(() => {
              active -= 1;
              parts.onStream(stream.outcome);
            });
          return { abort: (reason) => stream.abort(reason) };
        },
      };
    },
  };
}

class Completion {
  outcome: 'completed' | EndReason = 'completed';
  readonly #exchange: Exchange;
  readonly #completion: CompletionRequest;
  readonly #draw: StreamDraw;
  readonly #sink: EventSink;
  readonly #parts: InferenceParts;
  readonly #record: HopRecord;
  readonly #actualMs: Float64Array;
  readonly #intendedMs: Float64Array;
  readonly #textOffset: number;
  /** Events that wait for the first content event. */
  #held = '';
  #next = 0;
  #chars = 0;
  #timer: DeadlineTimer | undefined;
  #finish: (() => void) | undefined;
  #ended = false;

  constructor(exchange: Exchange, completion: CompletionRequest, draw: StreamDraw, sink: EventSink, parts: InferenceParts) {
    this.#exchange = exchange;
    this.#completion = completion;
    this.#draw = draw;
    this.#sink = sink;
    this.#parts = parts;
    this.#actualMs = new Float64Array(draw.eventsMs.length);
    this.#intendedMs = draw.eventsMs;
    this.#textOffset = Math.floor(keyedRandom(exchange.key, 'text')() * 1_000);
    this.#record = {
      hop: 'inference',
      name: completion.model,
      startMs: parts.clock.now(),
      endMs: Number.NaN,
      intendedMs: exchange.draw.sharesMs.inference,
      outcome: 'ok',
    };
    exchange.hops.push(this.#record);
  }

  /** Resolves when the stream has ended, however it did. `slowdown`: gaps are so many times longer. */
  async run(slowdown: number): Promise<void> {
    const { clock } = this.#parts;
    this.#exchange.queuedMs += Math.max(0, clock.now() - this.#record.startMs);
    if (slowdown !== 1) this.#stretch(slowdown);
    if (this.#ended) return;
    if (this.#parts.profile().operations[this.#exchange.operation.name]?.stream?.flushHeaders === 'at once') {
      this.#sink.write(events.messageStart(this.#exchange, this.#completion) + events.ping);
    } else {
      // Then the first byte is the first event, as the analysis saw it.
      this.#held = events.messageStart(this.#exchange, this.#completion);
    }
    await new Promise<void>((resolve) => {
      this.#finish = resolve;
      this.#schedule();
    });
    this.#record.endMs = clock.now();
    this.#record.outcome = this.outcome === 'completed' ? 'ok' : 'aborted';
    await this.#close();
  }

  refuse(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.outcome = 'server_error';
    this.#sink.write(events.error('overloaded_error', 'every inference slot is busy and the queue is full'));
    this.#sink.end();
  }

  abort(reason: EndReason): void {
    if (this.#ended) return;
    this.#ended = true;
    this.outcome = reason;
    this.#timer?.cancel();
    this.#finish?.();
  }

  #stretch(slowdown: number): void {
    const first = this.#intendedMs[0] ?? 0;
    for (let i = 1; i < this.#intendedMs.length; i += 1) this.#intendedMs[i] = first + ((this.#intendedMs[i] as number) - first) * slowdown;
  }

  #dueMs(index: number): number {
    const exchange = this.#exchange;
    return exchange.arrivedMs + (this.#intendedMs[index] as number) + exchange.queuedMs + (exchange.workAdded ? exchange.workMs : 0);
  }

  #schedule(): void {
    this.#timer = this.#parts.clock.at(this.#dueMs(this.#next), this.#fire);
  }

  readonly #fire = (): void => {
    if (this.#ended) return;
    const index = this.#next;
    const chars = this.#draw.eventChars[index] ?? 0;
    const event = events.delta(corpusText(this.#textOffset + this.#chars, chars));
    this.#sink.write(index === 0 ? this.#held + events.contentBlockStart + event : event);
    const nowMs = this.#parts.clock.now();
    this.#actualMs[index] = nowMs - this.#exchange.arrivedMs;
    this.#parts.onEvent(nowMs - this.#dueMs(index));
    this.#chars += chars;
    this.#next += 1;
    if (this.#next < this.#intendedMs.length) this.#schedule();
    else this.#finish?.();
  };

  async #close(): Promise<void> {
    const stopReason = this.outcome === 'completed' ? 'end_turn' : this.outcome;
    try {
      await this.#completion.onEnd({ text: corpusText(this.#textOffset, this.#chars), stopReason });
    } catch {
      this.outcome = 'server_error';
    }
    if (this.#ended && this.outcome === 'client_abort') return;
    this.#ended = true;
    let closing = this.outcome === 'server_error' ? events.error('api_error', 'the answer could not be stored') : events.ending(stopReason, this.#next);
    if (this.#exchange.headers['x-plumbline-truth'] === '1') {
      closing += `event: ${truthEvent}\ndata: ${JSON.stringify(streamTruth(this.#exchange, this.#intendedMs, this.#actualMs, this.#next))}\n\n`;
    }
    this.#sink.write(closing);
    this.#sink.end();
  }
}

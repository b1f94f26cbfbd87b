import { headers as headerNames } from '../../scenarios/names.ts';
import { type EventSink, type EventStream, type Exchange, type HopRecord, HttpError } from '../exchange.ts';
import type { DeadlineClock, DeadlineTimer } from '../latency/deadline-clock.ts';
import type { StreamDraw } from '../latency/draw.ts';
import { type FlushHeaders, inferenceSlowdown, type LatencyProfile } from '../latency/profile.ts';
import type { CompletionRequest } from '../services/route.ts';
import type { Slowness } from '../slowness.ts';
import type { PoolLoad } from '../telemetry/metrics-gauges.ts';
import type { StreamFacts } from '../telemetry/trace-record.ts';
import { answerOffset, corpusText } from './corpus.ts';
import * as events from './events.ts';
import { type InferencePlace, inferenceSlots, type Slot } from './slots.ts';
import { slowedMs, truthEventOf } from './truth.ts';

export interface InferenceParts {
  clock: DeadlineClock;
  profile(): LatencyProfile;
  /** No event leaves before this time, on the clock. */
  stalledUntilMs(): number;
  /** Every content event's lateness, for the server's own account; from the second on with the time since the one before it. */
  onEvent(latenessMs: number, exchange: Exchange, gapMs: number | undefined): void;
  onStream(outcome: 'opened' | StreamOutcome): void;
  /** An answer could not be stored: for the log. Its client is told that it could not, not why. */
  onFault(error: unknown): void;
}

/** What services call, in this process or in another. */
export interface InferenceBackend {
  /** Keeps a place for one stream. Throws 503 `overloaded` when every slot is busy and the queue is full. */
  keepPlace(): InferencePlace | Promise<InferencePlace>;
  /** The stream takes the place when it starts. */
  start(exchange: Exchange, completion: CompletionRequest, place: InferencePlace): EventStream;
}

export interface Inference extends InferenceBackend {
  keepPlace(): InferencePlace;
  /** Streams under way. */
  readonly active: number;
  /** Of its slots. */
  load(): PoolLoad;
}

type EndReason = 'client_abort' | 'server_error' | 'drain';
type StreamOutcome = 'completed' | EndReason;

/** Between two pings while nothing else leaves. Our choice: the analysis gives none. */
const pingMs = 5_000;

/** Streamed completions on their drawn schedule: every event leaves at arrival + its offset on the one deadline clock, so that delays do not add up. */
export function inference(parts: InferenceParts): Inference {
  const slots = inferenceSlots(parts.profile, () => parts.clock.now());
  let active = 0;
  return {
    get active() {
      return active;
    },
    load: () => slots.load(),
    keepPlace() {
      if (slots.full()) throw new HttpError(503, 'overloaded', 'every inference slot is busy and its queue is full; try again later');
      return slots.keep();
    },
    start(exchange, completion, place) {
      const draw = exchange.draw.stream;
      if (!draw) throw new Error(`${exchange.operation.name} has no stream in the latency profile`);
      const flushHeaders = parts.profile().operations[exchange.operation.name]?.stream?.flushHeaders ?? 'with first event';
      return {
        paced: true,
        start(sink) {
          active += 1;
          parts.onStream('opened');
          const stream = new Completion(exchange, completion, draw, sink, parts, flushHeaders, (outcome) => {
            active -= 1;
            parts.onStream(outcome);
          });
          stream.begin(place);
          return stream;
        },
      };
    },
  };
}

/** One stream. It holds no promise while it waits for an event: thousands of them would be what the garbage collector moves. */
class Completion {
  #outcome: StreamOutcome = 'completed';
  readonly #exchange: Exchange;
  readonly #completion: CompletionRequest;
  readonly #draw: StreamDraw;
  readonly #sink: EventSink;
  readonly #parts: InferenceParts;
  readonly #flushHeaders: FlushHeaders;
  readonly #record: HopRecord;
  readonly #facts: StreamFacts;
  readonly #actualMs: Float64Array;
  readonly #textOffset: number;
  readonly #onDone: (outcome: StreamOutcome) => void;
  #slot: Slot | undefined;
  #leaveQueue: (() => void) | undefined;
  /** What the draw's offsets count from: arrival, and what came on top of it before the stream. */
  #originMs = 0;
  #slowdown = 1;
  /** Made on purpose. */
  #stall: ReturnType<Slowness['stallOf']>;
  #next = 0;
  #chars = 0;
  #timer: DeadlineTimer | undefined;
  #ended = false;

  constructor(
    exchange: Exchange,
    completion: CompletionRequest,
    draw: StreamDraw,
    sink: EventSink,
    parts: InferenceParts,
    flushHeaders: FlushHeaders,
    onDone: (outcome: StreamOutcome) => void,
  ) {
    this.#onDone = onDone;
    this.#exchange = exchange;
    this.#completion = completion;
    this.#draw = draw;
    this.#sink = sink;
    this.#parts = parts;
    this.#flushHeaders = flushHeaders;
    this.#actualMs = new Float64Array(draw.eventsMs.length);
    this.#textOffset = answerOffset(exchange.key);
    this.#record = {
      hop: 'inference',
      name: completion.model,
      startMs: parts.clock.now(),
      endMs: Number.NaN,
      intendedMs: exchange.draw.sharesMs.inference,
      outcome: 'ok',
    };
    exchange.hops.push(this.#record);
    this.#facts = { model: completion.model, events: 0, outcome: 'done', stalls: [] };
    exchange.streamed = this.#facts;
  }

  /** Starts with the first free slot. */
  begin(place: InferencePlace): void {
    this.#leaveQueue = place.take(this.#run);
  }

  /** Does nothing to a stream that has ended. */
  abort(reason: EndReason): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#outcome = reason;
    this.#timer?.cancel();
    this.#leaveQueue?.();
    this.#finish();
  }

  readonly #run = (slot: Slot): void => {
    const exchange = this.#exchange;
    this.#slot = slot;
    exchange.queuedMs += slot.waitedMs;
    if (slot.capacity) this.#slowdown = inferenceSlowdown(slot.capacity, slot.busy);
    if (this.#slowdown !== 1) this.#facts.slowdown = this.#slowdown;
    this.#originMs = exchange.arrivedMs + exchange.queuedMs + (exchange.workAdded ? exchange.workMs : 0) + (exchange.slowness?.take('inference') ?? 0);
    this.#stall = exchange.slowness?.stallOf(this.#draw.eventsMs.length);
    if (this.#flushHeaders === 'at once') {
      this.#facts.openedMs = this.#parts.clock.now();
      this.#sink.write(events.messageStart(exchange, this.#completion) + events.ping);
    }
    this.#schedule(this.#parts.clock.now());
  };

  /** After the last event, or in place of the next one. */
  #finish(): void {
    this.#record.endMs = this.#parts.clock.now();
    this.#record.outcome = this.#outcome === 'completed' ? 'ok' : 'aborted';
    this.#tell();
    void this.#close().finally(() => this.#done());
  }

  /** What the trace shows of the stream. */
  #tell(): void {
    const facts = this.#facts;
    const { arrivedMs } = this.#exchange;
    facts.events = this.#next;
    if (this.#outcome !== 'completed') facts.outcome = this.#outcome;
    if (this.#next === 0) return;
    facts.firstMs = arrivedMs + (this.#actualMs[0] as number);
    facts.lastMs = arrivedMs + (this.#actualMs[this.#next - 1] as number);
    facts.openedMs ??= facts.firstMs;
    for (const index of this.#draw.stalledEvents) {
      if (index >= this.#next) break;
      const atMs = this.#actualMs[index] as number;
      facts.stalls.push({ atMs: arrivedMs + atMs, stallMs: atMs - (this.#actualMs[index - 1] as number) });
    }
  }

  #done(): void {
    this.#slot?.release();
    this.#onDone(this.#outcome);
  }

  /** A loaded inference is slow: what comes on top of the draw by the given event. */
  #slowedMs(index: number): number {
    return slowedMs(this.#draw, index, this.#slowdown);
  }

  #dueMs(index: number): number {
    const stallMs = this.#stall && index >= this.#stall.event ? this.#stall.stallMs : 0;
    return this.#originMs + (this.#draw.eventsMs[index] as number) + this.#slowedMs(index) + stallMs;
  }

  #schedule(nowMs: number): void {
    const dueMs = this.#dueMs(this.#next);
    const { clock } = this.#parts;
    const waits = this.#next > 0 || this.#flushHeaders === 'at once';
    if (waits && dueMs - nowMs > pingMs) this.#timer = clock.at(nowMs + pingMs, this.#ping);
    else this.#timer = clock.at(dueMs, this.#fire);
  }

  readonly #ping = (): void => {
    if (this.#ended) return;
    this.#sink.write(events.ping);
    this.#schedule(this.#parts.clock.now());
  };

  readonly #fire = (): void => {
    if (this.#ended) return;
    const { clock } = this.#parts;
    const stalledUntilMs = this.#parts.stalledUntilMs();
    const nowMs = clock.now();
    if (stalledUntilMs > nowMs) {
      this.#timer = clock.at(stalledUntilMs, this.#fire);
      return;
    }
    const { eventsMs } = this.#draw;
    const from = this.#next;
    let text = from === 0 ? this.#opening() : '';
    // Events that a busy server has let fall due together leave in one write, so that it catches up.
    do text += this.#takeEvent(nowMs);
    while (this.#next < eventsMs.length && this.#dueMs(this.#next) <= nowMs);
    this.#sink.write(text, this.#next - from);
    if (this.#next < eventsMs.length) this.#schedule(nowMs);
    else this.#finish();
  };

  /** The next event's bytes; it counts as sent now. */
  #takeEvent(nowMs: number): string {
    const index = this.#next;
    const chars = this.#draw.eventChars[index] as number;
    const event = events.delta(corpusText(this.#textOffset + this.#chars, chars));
    this.#actualMs[index] = nowMs - this.#exchange.arrivedMs;
    const gapMs = index === 0 ? undefined : nowMs - this.#exchange.arrivedMs - (this.#actualMs[index - 1] as number);
    this.#parts.onEvent(nowMs - this.#dueMs(index), this.#exchange, gapMs);
    this.#chars += chars;
    this.#next += 1;
    return event;
  }

  #opening(): string {
    return (this.#flushHeaders === 'at once' ? '' : events.messageStart(this.#exchange, this.#completion)) + events.contentBlockStart;
  }

  async #close(): Promise<void> {
    const stopReason = this.#outcome === 'completed' ? 'end_turn' : this.#outcome;
    let token: string | undefined;
    try {
      token = await this.#completion.onEnd({ text: corpusText(this.#textOffset, this.#chars), stopReason });
    } catch (error) {
      this.#parts.onFault(error);
      this.#outcome = 'server_error';
      this.#facts.outcome = 'server_error';
    }
    // The client is gone, or went while the answer was stored: the answer stands, nobody reads the rest.
    if (this.#outcome === 'client_abort') return;
    this.#ended = true;
    let closing = this.#outcome === 'server_error' ? events.error('api_error', 'the answer could not be stored') : events.ending(stopReason, this.#next, token);
    if (this.#next === 0 && this.#flushHeaders === 'with first event') closing = this.#opening() + closing;
    if (this.#exchange.headers[headerNames.truth] === '1') {
      if (this.#next > 0) this.#exchange.queuedMs += this.#slowedMs(this.#next - 1);
      closing += truthEventOf(this.#exchange, this.#draw.eventsMs, this.#actualMs, this.#next);
    }
    this.#sink.write(closing);
    this.#sink.end();
  }
}

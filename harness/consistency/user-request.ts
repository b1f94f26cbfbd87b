/** One request of a study's user over the native driver's connections: its sample, its text, and when it was acknowledged. */
import type { StreamDialect } from '../../scenarios/types.ts';
import { headers as headerNames } from '../../scenarios/names.ts';
import { decodeBody } from '../drive/native/body-decoder.ts';
import { joinTrace } from '../drive/native/new-sample.ts';
import { truthOfServerTiming } from '../drive/native/server-timing.ts';
import { StreamRun } from '../drive/native/stream-run.ts';
import type { Carrier, WireExchange, WireHeaders, WireRequest } from '../drive/native/wire.ts';
import type { RunClock } from '../drive/driver.ts';
import type { Sample } from '../sample.ts';

/** `ok`: a status that was expected. `refused`: any other. `none`: no whole answer came. `left`: the user went away. */
export type AnswerKind = 'ok' | 'refused' | 'none' | 'left';

export interface Answer {
  kind: AnswerKind;
  status?: number;
  headers: Readonly<Record<string, string>>;
  setCookie: readonly string[];
  /** Of a plain response. */
  text: string;
  /** Of a stream's answer. */
  messageId?: string;
  /** Data of the event that closed a stream. */
  endData?: string;
}

/** How a server refuses a write that is behind the times. */
export const conflictStatus = 409;

export interface UserRequestParts {
  clock: RunClock;
  sample: Sample;
  request: WireRequest;
  stream: StreamDialect | undefined;
  isExpected: (status: number) => boolean;
  onSettled: (request: UserRequest) => void;
}

export class UserRequest implements WireExchange {
  readonly request: WireRequest;
  readonly origin: string;
  readonly sample: Sample;
  carrier: Carrier | undefined;
  /** Resolves with the head of an expected response; with undefined when none came, or another one. */
  readonly acknowledged: Promise<WireHeaders | undefined>;
  readonly answered: Promise<Answer>;
  readonly #parts: UserRequestParts;
  readonly #head = Promise.withResolvers<WireHeaders | undefined>();
  readonly #done = Promise.withResolvers<Answer>();
  readonly #chunks: Buffer[] = [];
  #given: WireHeaders | undefined;
  #stream: StreamRun | undefined;
  #settled = false;

  constructor(parts: UserRequestParts) {
    this.#parts = parts;
    this.request = parts.request;
    this.sample = parts.sample;
    this.origin = parts.sample.origin;
    this.acknowledged = this.#head.promise;
    this.answered = this.#done.promise;
  }

  /** The user goes away, as one who refreshes the page: the connection is let go of. Nothing when the answer is there. */
  leave(): void {
    this.#abandon('left', 'aborted', undefined);
  }

  giveUp(timeoutMs: number): void {
    this.#abandon('none', 'timeout', `not ended within ${timeoutMs} ms`);
  }

  onStart(reusedConnection: boolean): void {
    this.sample.sentAtMs = this.#parts.clock.now();
    this.sample.reusedConnection = reusedConnection;
  }

  onConnected(connectMs: number): void {
    this.sample.connectMs = connectMs;
    this.sample.reusedConnection = false;
  }

  onHeaders(head: WireHeaders): void {
    if (this.#settled) return;
    const { sample } = this;
    const { clock, stream, isExpected } = this.#parts;
    this.#given = head;
    sample.headersAtMs = clock.now();
    sample.firstByteAtMs = sample.headersAtMs;
    sample.status = head.status;
    sample.bytes = 0;
    const encoding = head.headers['content-encoding'];
    if (encoding !== undefined) sample.encoding = encoding;
    const requestId = head.headers[headerNames.requestId] ?? head.headers['x-request-id'];
    if (requestId !== undefined) sample.requestId = requestId;
    joinTrace(sample, head.headers[headerNames.traceId]);
    const truth = truthOfServerTiming(head.headers[headerNames.serverTiming] ?? '');
    if (truth) sample.truth = truth;
    if (!isExpected(head.status)) return;
    if (stream) {
      try {
        this.#stream = new StreamRun(this, stream, encoding, undefined);
      } catch (error) {
        this.#abandon('none', 'failed', messageOf(error));
        return;
      }
    }
    this.#head.resolve(head);
  }

  onData(chunk: Buffer): void {
    if (this.#settled) return;
    this.sample.bytes = (this.sample.bytes ?? 0) + chunk.length;
    if (this.#stream) this.#stream.push(chunk, this.#parts.clock.now());
    // Lent for the call: a copy stays.
    else this.#chunks.push(Buffer.from(chunk));
  }

  onEnd(): void {
    if (this.#settled) return;
    this.sample.endedAtMs = this.#parts.clock.now();
    if (this.#stream) this.#stream.end(this.sample.endedAtMs);
    else this.#conclude();
  }

  onStreamEnd(error: string | undefined): void {
    if (error === undefined) this.#settle('ok', 'ok', undefined);
    else this.#settle('none', 'failed', error);
  }

  onEnoughEvents(): void {
    // No limit was given.
  }

  onError(error: Error): void {
    const code = 'code' in error && typeof error.code === 'string' ? ` (${error.code})` : '';
    this.#settle('none', 'failed', `connection failed: ${error.message || error.name}${code}`);
  }

  #conclude(): void {
    const status = this.#given?.status;
    if (status === undefined) this.#settle('none', 'failed', 'ended without a response');
    else if (this.#parts.isExpected(status)) this.#settle('ok', 'ok', undefined);
    else if (status === conflictStatus) {
      // An answer that a study asks for, and no fault: counted under a name of its own, so that it is no quick success either.
      this.sample.operation += ' (refused)';
      this.#settle('refused', 'ok', undefined);
    } else this.#settle('refused', 'failed', `status ${status}: ${JSON.stringify(this.#text().slice(0, 200))}`);
  }

  #abandon(kind: AnswerKind, outcome: Sample['outcome'], error: string | undefined): void {
    if (this.#settled) return;
    this.carrier?.cancel(this);
    this.#settle(kind, outcome, error);
  }

  #settle(kind: AnswerKind, outcome: Sample['outcome'], error: string | undefined): void {
    if (this.#settled) return;
    this.#settled = true;
    const { sample } = this;
    sample.outcome = outcome;
    if (error !== undefined) sample.error = error.replace(/\s+/g, ' ').slice(0, 500);
    sample.endedAtMs ??= this.#parts.clock.now();
    if (this.#stream) this.#describe(this.#stream);
    this.#head.resolve(undefined);
    const messageId = this.#stream?.start.messageId;
    const endData = this.#stream?.endData;
    this.#done.resolve({
      kind,
      ...(sample.status !== undefined && { status: sample.status }),
      headers: this.#given?.headers ?? {},
      setCookie: this.#given?.setCookie ?? [],
      text: kind === 'ok' || kind === 'refused' ? this.#text() : '',
      ...(messageId !== undefined && { messageId }),
      ...(endData !== undefined && { endData }),
    });
    this.#parts.onSettled(this);
  }

  #describe(stream: StreamRun): void {
    stream.stop();
    const { sample } = this;
    const { meter, start, truth } = stream;
    if (truth) sample.truth = { ...sample.truth, ...truth };
    joinTrace(sample, start.traceId, start.sampled);
    if (start.requestId !== undefined) sample.requestId = start.requestId;
    sample.contentEvents = meter.contentEvents;
    if (meter.contentEvents === 0) return;
    sample.firstContentAtMs = meter.firstContentAtMs;
    sample.lastContentAtMs = meter.lastContentAtMs;
    if (meter.contentEvents < 2) return;
    sample.maxGapMs = meter.maxGapMs;
    sample.gapsUs = meter.gapsUs();
  }

  /** Empty where it cannot be decoded. */
  #text(): string {
    try {
      return decodeBody(Buffer.concat(this.#chunks), this.sample.encoding).toString('utf8');
    } catch {
      return '';
    }
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

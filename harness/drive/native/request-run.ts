/** One request of a journey, from the moment it is due to its sample. */
import { headers as headerNames } from '../../../scenarios/names.ts';
import { keyedRandom } from '../../../scenarios/random.ts';
import { buildRequest, captured, isExpected, requestVariables, traceContext } from '../../../scenarios/request.ts';
import type { Variables } from '../../../scenarios/request.ts';
import type { Outcome, Sample } from '../../sample.ts';
import { decodeBody } from './body-decoder.ts';
import type { Timed } from './deadlines.ts';
import type { JourneyRun } from './journey-run.ts';
import type { PreparedRequest, PreparedStep } from './prepared.ts';
import { truthOfServerTiming } from './server-timing.ts';
import { joinTrace, newSample } from './new-sample.ts';
import { StreamRun } from './stream-run.ts';
import type { Carrier, WireExchange, WireHeaders, WireRequest } from './wire.ts';

const eventTimesShare = 0.02;
const plainEncodings = 'zstd, br, gzip';
/** Bytes of an unexpected response that are kept for its error line. */
const excerptBytes = 2_048;

export class RequestRun implements WireExchange, Timed {
  readonly journey: JourneyRun;
  readonly step: PreparedStep;
  readonly sample: Sample;
  readonly origin: string;
  request!: WireRequest;
  carrier: Carrier | undefined;
  deadlineMs = 0;
  previousTimed: Timed | undefined;
  nextTimed: Timed | undefined;
  /** Variables that this request's captures found. */
  found: Record<string, string> | undefined;
  readonly #prepared: PreparedRequest;
  readonly #intendedMs: number;
  #issuedMs = 0;
  #parked = false;
  #settled = false;
  #head: WireHeaders | undefined;
  #stream: StreamRun | undefined;
  #keptBytes = 0;
  #keepLimit = 0;
  #kept: Buffer[] | undefined;

  constructor(journey: JourneyRun, step: PreparedStep, prepared: PreparedRequest, intendedMs: number, parentStep: string | undefined) {
    this.journey = journey;
    this.step = step;
    this.#prepared = prepared;
    this.#intendedMs = intendedMs;
    const { resolved } = prepared;
    this.origin = resolved.origin;
    this.sample = newSample(journey, step, resolved, intendedMs, parentStep);
  }

  /** Builds the request and hands it to the pool. A request that cannot be built has failed without being sent. */
  issue(): void {
    const { journey, sample } = this;
    const { leg } = journey;
    this.#issuedMs = leg.clock.now();
    const variables = requestVariables(journey.variables, leg.seed, leg.scenario.name, journey.id, this.step.id);
    sample.requestKey = variables['key'] ?? '';
    try {
      this.request = this.#build(variables);
    } catch (error) {
      this.#settle('failed', messageOf(error));
      return;
    }
    leg.deadlines.add(this);
    journey.pool.send(this);
    // Not sent within the call: it waits for a connection.
    this.#parked = sample.sentAtMs === undefined;
  }

  #build(variables: Variables): WireRequest {
    const { leg } = this.journey;
    const { resolved, baggage } = this.#prepared;
    const built = buildRequest(resolved, leg.scenario, variables);
    const { headers } = built;
    const trace = traceContext(leg.runId, 'native', this.sample.requestKey, leg.traceSampleRatio);
    this.sample.traceId = trace.traceId;
    this.sample.clientSpanId = trace.spanId;
    this.sample.sampled = trace.sampled;
    headers[headerNames.traceparent] = trace.traceparent;
    headers[headerNames.baggage] = baggage;
    headers['accept-encoding'] ??= resolved.stream ? 'identity' : plainEncodings;
    headers['user-agent'] ??= 'plumbline';
    return { method: built.method, path: built.path, host: built.host ?? leg.targetHost, headers, body: built.body };
  }

  onStart(reusedConnection: boolean): void {
    const { sample } = this;
    const nowMs = this.journey.leg.clock.now();
    this.journey.leg.counts.sent += 1;
    sample.sentAtMs = nowMs;
    sample.reusedConnection = reusedConnection;
    if (this.#parked) sample.queuedMs = nowMs - this.#issuedMs;
  }

  onConnected(connectMs: number): void {
    this.sample.connectMs = connectMs;
    this.sample.reusedConnection = false;
    this.journey.connections += 1;
  }

  onHeaders(head: WireHeaders): void {
    if (this.#settled) return;
    const { sample } = this;
    const { headers } = head;
    const { leg } = this.journey;
    const nowMs = leg.clock.now();
    this.#head = head;
    sample.headersAtMs = nowMs;
    // The status line is the first byte; a server that sends it early shows here and not in the first content.
    sample.firstByteAtMs = nowMs;
    sample.status = head.status;
    sample.protocol = leg.protocol;
    sample.bytes = 0;
    const encoding = headers['content-encoding'];
    if (encoding !== undefined) sample.encoding = encoding;
    const cacheStatus = headers['cf-cache-status'] ?? headers['x-cache'];
    if (cacheStatus !== undefined) sample.cacheStatus = cacheStatus;
    const requestId = headers[headerNames.requestId] ?? headers['x-request-id'];
    if (requestId !== undefined) sample.requestId = requestId;
    joinTrace(sample, headers[headerNames.traceId]);
    const timing = headers[headerNames.serverTiming];
    if (timing !== undefined) {
      const truth = truthOfServerTiming(timing);
      if (truth) sample.truth = truth;
    }
    const { resolved } = this.#prepared;
    if (!isExpected(resolved.step, head.status)) {
      this.#keepLimit = excerptBytes;
    } else if (resolved.stream) {
      try {
        this.#stream = new StreamRun(this, resolved.stream, encoding, resolved.step.abortAfterEvents);
      } catch (error) {
        this.#fail(messageOf(error));
        return;
      }
      // A capture may want a stream's body as well; it is text, so nothing would be found: keep to headers and cookies there.
    } else if (this.#prepared.needsBody) {
      this.#keepLimit = Number.POSITIVE_INFINITY;
    }
  }

  onData(chunk: Buffer): void {
    if (this.#settled) return;
    const { sample } = this;
    sample.bytes = (sample.bytes ?? 0) + chunk.length;
    if (this.#stream) {
      this.#stream.push(chunk, this.journey.leg.clock.now());
    } else if (this.#keptBytes < this.#keepLimit) {
      this.#kept ??= [];
      // Lent for the call: a copy stays.
      this.#kept.push(Buffer.from(chunk));
      this.#keptBytes += chunk.length;
    }
  }

  onEnd(): void {
    if (this.#settled) return;
    this.sample.endedAtMs = this.journey.leg.clock.now();
    if (this.#stream) this.#stream.end(this.sample.endedAtMs);
    else this.#conclude();
  }

  /** The stream has been read to its end, or has failed. */
  onStreamEnd(error: string | undefined): void {
    if (this.#settled) return;
    if (error !== undefined) this.#settle('failed', error);
    else this.#conclude();
  }

  /** As many content events as the scenario wanted: the client goes. */
  onEnoughEvents(): void {
    this.#abandon('aborted', undefined);
  }

  onError(error: Error): void {
    if (this.#settled) return;
    const code = 'code' in error && typeof error.code === 'string' ? ` (${error.code})` : '';
    const when = this.sample.status === undefined ? 'before the response' : `after ${this.sample.bytes ?? 0} bytes of the response`;
    this.#settle('failed', `connection failed ${when}: ${error.message || error.name}${code}`);
  }

  onTimeout(): void {
    const { leg } = this.journey;
    const seen =
      this.sample.sentAtMs === undefined
        ? 'no connection was free'
        : this.sample.status === undefined
          ? 'no response headers'
          : `${this.sample.bytes ?? 0} bytes of the response`;
    this.#abandon('timeout', `not ended within ${leg.timeoutMs} ms: ${seen}`);
  }

  /** The run is stopped. */
  abort(): void {
    this.#abandon('aborted', undefined);
  }

  #fail(error: string): void {
    this.#abandon('failed', error);
  }

  #abandon(outcome: Outcome, error: string | undefined): void {
    if (this.#settled) return;
    this.carrier?.cancel(this);
    this.#settle(outcome, error);
  }

  #conclude(): void {
    const head = this.#head;
    const { step } = this.#prepared.resolved;
    if (!head) {
      this.#settle('failed', 'ended without a response');
      return;
    }
    if (!isExpected(step, head.status)) {
      const wanted = step.expectStatus ? step.expectStatus.join(' or ') : '200 to 299, or 304';
      this.#settle('failed', `status ${head.status}, expected ${wanted}: ${this.#excerpt()}`);
      return;
    }
    if (this.#prepared.hasCaptures) {
      try {
        this.found = captured(step, { headers: head.headers, setCookie: head.setCookie, body: this.#json() });
      } catch (error) {
        this.#settle('failed', messageOf(error));
        return;
      }
    }
    this.#settle('ok', undefined);
  }

  #settle(outcome: Outcome, error: string | undefined): void {
    if (this.#settled) return;
    this.#settled = true;
    const { sample, journey } = this;
    const { leg } = journey;
    sample.outcome = outcome;
    if (error !== undefined) sample.error = oneLine(error);
    sample.endedAtMs ??= leg.clock.now();
    if (this.#stream) this.#describeStream(this.#stream);
    if (this.deadlineMs > 0) leg.deadlines.remove(this);
    journey.onRequestEnd(this);
  }

  #describeStream(stream: StreamRun): void {
    stream.stop();
    const { sample } = this;
    const { leg } = this.journey;
    const { meter } = stream;
    if (stream.truth) {
      sample.truth = sample.truth ? { ...sample.truth, ...stream.truth } : stream.truth;
    }
    joinTrace(sample, stream.start.traceId, stream.start.sampled);
    if (stream.start.requestId !== undefined) sample.requestId = stream.start.requestId;
    sample.contentEvents = meter.contentEvents;
    if (meter.contentEvents === 0) return;
    sample.firstContentAtMs = meter.firstContentAtMs;
    sample.lastContentAtMs = meter.lastContentAtMs;
    if (meter.contentEvents > 1) {
      sample.maxGapMs = meter.maxGapMs;
      sample.gapsUs = meter.gapsUs();
    }
    const latencyMs = (sample.endedAtMs ?? 0) - (leg.isOpen ? this.#intendedMs : (sample.sentAtMs ?? 0));
    const isSlow = leg.slowestStreams.offer(latencyMs);
    if (isSlow || leg.isEarlyStream() || keyedRandom(leg.seed, sample.requestKey, 'event-times')() < eventTimesShare) sample.eventTimesMs = meter.eventTimesMs;
  }

  #excerpt(): string {
    const bytes = Buffer.concat(this.#kept ?? []);
    try {
      return JSON.stringify(decodeBody(bytes, this.sample.encoding).toString('utf8').slice(0, 200));
    } catch {
      return `${bytes.length} bytes encoded as ${this.sample.encoding ?? 'identity'}`;
    }
  }

  #json(): unknown {
    if (!this.#kept) return undefined;
    const bytes = decodeBody(Buffer.concat(this.#kept), this.sample.encoding);
    try {
      return JSON.parse(bytes.toString('utf8'));
    } catch {
      return undefined;
    }
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function oneLine(text: string): string {
  return text.replace(/\s*[\r\n]+\s*/g, ' ').slice(0, 500);
}

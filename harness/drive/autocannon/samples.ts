/** From an answer on one of autocannon's connections to a sample. Pure. */
import { headers as headerNames } from '../../../scenarios/names.ts';
import { captured, isExpected, type Variables } from '../../../scenarios/request.ts';
import { readStream } from '../../../scenarios/stream-body.ts';
import type { SpreadRequest } from '../../../scenarios/autocannon/spread.ts';
import type { Phase, Sample } from '../../sample.ts';
import { joinTrace } from '../native/new-sample.ts';
import { truthOfEvent, truthOfServerTiming } from '../native/server-timing.ts';
import type { Answer, Loss, Timing } from './connection.ts';

export interface SentRequest extends SpreadRequest {
  traceId: string;
  clientSpanId: string;
  sampled: boolean;
}

export function baseSample(scenario: string, request: SpreadRequest, phase: Phase): Sample {
  const { resolved } = request;
  const sample: Sample = {
    kind: 'request',
    scenario,
    driver: 'autocannon',
    phase,
    journeyId: request.arrival,
    journey: request.journey,
    step: resolved.step.id,
    operation: resolved.operation,
    method: resolved.method,
    pathTemplate: resolved.pathTemplate,
    origin: resolved.origin,
    requestKey: request.key,
    outcome: 'ok',
  };
  if (resolved.latencyClass !== undefined) sample.latencyClass = resolved.latencyClass;
  if (request.parentStep !== undefined) sample.parentStep = request.parentStep;
  return sample;
}

function timed(sample: Sample, request: SentRequest, timing: Timing): Sample {
  const whole: Sample = {
    ...sample,
    sentAtMs: timing.sentAtMs,
    endedAtMs: timing.endedAtMs,
    reusedConnection: timing.reusedConnection,
    traceId: request.traceId,
    clientSpanId: request.clientSpanId,
    sampled: request.sampled,
  };
  if (timing.headersAtMs !== undefined) {
    whole.headersAtMs = timing.headersAtMs;
    whole.firstByteAtMs = timing.headersAtMs;
  }
  return whole;
}

export function lostSample(base: Sample, request: SentRequest, loss: Loss): Sample {
  const sample = timed(base, request, loss);
  sample.outcome = loss.kind;
  if (loss.error !== undefined) sample.error = loss.error;
  return sample;
}

/** The sample, and the variables that the step's captures found. */
export function answeredSample(base: Sample, request: SentRequest, answer: Answer): { sample: Sample; found: Variables } {
  const sample = timed(base, request, answer);
  const { resolved } = request;
  const { headers } = answer;
  sample.status = answer.status;
  sample.protocol = 'http/1.1';
  const encoding = headers['content-encoding'];
  if (encoding !== undefined) sample.encoding = encoding;
  const length = headers['content-length'];
  if (length !== undefined) sample.bytes = Number(length);
  else if (encoding === undefined) sample.bytes = Buffer.byteLength(answer.body);
  const cacheStatus = headers['cf-cache-status'] ?? headers['x-cache'];
  if (cacheStatus !== undefined) sample.cacheStatus = cacheStatus;
  const requestId = headers[headerNames.requestId] ?? headers['x-request-id'];
  if (requestId !== undefined) sample.requestId = requestId;
  joinTrace(sample, headers[headerNames.traceId]);
  const timing = headers[headerNames.serverTiming];
  const truth = timing === undefined ? undefined : truthOfServerTiming(timing);
  if (truth) sample.truth = truth;

  if (!isExpected(resolved.step, answer.status)) {
    const wanted = resolved.step.expectStatus?.join(' or ') ?? '200 to 299, or 304';
    const excerpt = encoding === undefined ? JSON.stringify(answer.body.slice(0, 200)) : `a body encoded as ${encoding}`;
    return failed(sample, `status ${answer.status}, expected ${wanted}: ${excerpt}`);
  }
  if (resolved.stream) {
    const stream = readStream(resolved.stream, answer.body);
    sample.contentEvents = stream.contentEvents;
    joinTrace(sample, stream.start?.traceId, stream.start?.sampled);
    const event = stream.truth === undefined ? undefined : truthOfEvent(stream.truth);
    if (event) sample.truth = { ...sample.truth, ...event };
    if (stream.failure !== undefined) return failed(sample, stream.failure);
  }
  try {
    return { sample, found: captured(resolved.step, { headers, setCookie: answer.setCookie, body: readsBody(request) ? parsed(answer.body) : undefined }) };
  } catch (error) {
    return failed(sample, error instanceof Error ? error.message : String(error));
  }
}

/** A capture wants the body: it must come unencoded. */
export function readsBody(request: SpreadRequest): boolean {
  return Object.values(request.resolved.step.capture ?? {}).some((where) => where.startsWith('body.'));
}

function failed(sample: Sample, error: string): { sample: Sample; found: Variables } {
  return { sample: { ...sample, outcome: 'failed', error: error.replace(/\s*[\r\n]+\s*/g, ' ').slice(0, 500) }, found: {} };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** One request of a journey through k6: what is sent, and what is told about the answer. */
import http, { type BatchRequest, type Response } from 'k6/http';
import { baggageKeys, headers as headerNames } from '../names.ts';
import {
  type BuiltRequest,
  buildRequest,
  type CaptureSource,
  captured,
  isExpected,
  requestKey,
  type ResolvedStep,
  traceContext,
  type Variables,
} from '../request.ts';
import { keyedRandom, seededUuid } from '../random.ts';
import type { Scenario } from '../types.ts';
import { type RequestRecord, requestTags } from './record.ts';
import type { LegSettings } from './settings.ts';
import { readStream } from '../stream-body.ts';
import type { StreamStart } from '../stream-start.ts';

export interface Place {
  scenario: Scenario;
  settings: LegSettings;
  arrival: number;
  journey: string;
  phase: 'warm-up' | 'measured';
  /** When k6 began the load, wall clock. */
  beganAtEpochMs: number;
}

export interface Prepared {
  resolved: ResolvedStep;
  key: string;
  /** As sent; absent: none was. */
  traceId?: string;
  request: BatchRequest;
}

/** As `requestVariables`, but the uuid is made only where it is used: in k6's interpreter it takes 60 us. */
function withRequest(variables: Variables, key: string, arrival: number): Variables {
  return {
    ...variables,
    key,
    seq: String(arrival),
    get uuid() {
      return seededUuid(keyedRandom(key, 'uuid'));
    },
  };
}

/** Throws when a variable is missing. */
export function prepare(resolved: ResolvedStep, variables: Variables, place: Place): Prepared {
  const { scenario, settings, arrival } = place;
  const key = requestKey(settings.seed, scenario.name, arrival, resolved.step.id);
  const all = withRequest(variables, key, arrival);
  const built = buildRequest(resolved, scenario, all);
  const trace = traceContext(settings.runId, 'k6', key, settings.traceSampleRatio);
  built.headers[headerNames.traceparent] = trace.traceparent;
  built.headers[headerNames.baggage] = [
    [baggageKeys.run, settings.runId],
    [baggageKeys.scenario, scenario.name],
    [baggageKeys.step, resolved.step.id],
  ]
    .map(([name, value]) => `${name}=${encodeURIComponent(value ?? '')}`)
    .join(',');
  // What the native driver accepts, so that the server has the same work to do; streams unencoded.
  built.headers['accept-encoding'] ??= resolved.stream ? 'identity' : 'zstd, br, gzip';
  const tags: Record<string, string> = {
    // k6 would make the URL the name, and a time series of each.
    name: resolved.operation,
    [requestTags.operation]: resolved.operation,
    [requestTags.journey]: place.journey,
    [requestTags.journeyId]: String(arrival),
    [requestTags.step]: resolved.step.id,
    [requestTags.key]: key,
    [requestTags.phase]: place.phase,
  };
  if (resolved.latencyClass) tags[requestTags.latencyClass] = resolved.latencyClass;
  return { resolved, key, traceId: trace.traceId, request: toK6(built, resolved, settings, tags) };
}

/** Redirects are answers, not to be followed; cookies are the scenario's to send, so the jar is empty. */
export function toK6(built: BuiltRequest, resolved: ResolvedStep, settings: LegSettings, tags: Record<string, string>): BatchRequest {
  const headers = built.host === undefined ? built.headers : { ...built.headers, host: built.host };
  return {
    method: built.method,
    url: `${settings.targetUrl}${built.path}`,
    body: built.body ?? null,
    params: {
      headers,
      tags,
      timeout: settings.timeoutMs,
      redirects: 0,
      responseType: resolved.stream || readsBody(resolved) ? 'text' : 'none',
      jar: new http.CookieJar(),
    },
  };
}

function readsBody(resolved: ResolvedStep): boolean {
  return Object.values(resolved.step.capture ?? {}).some((where) => where.startsWith('body.'));
}

/** What the answer was, and the variables it gave. `ok` is false when it is not what the step expects. */
export function told(
  prepared: Prepared,
  response: Response,
  place: Place,
  parentStep: string | undefined,
): { record: RequestRecord; variables: Variables; ok: boolean } {
  const { resolved } = prepared;
  const headers = lowerCase(response.headers);
  const { timings } = response;
  const record: RequestRecord = {
    key: prepared.key,
    arrival: place.arrival,
    journey: place.journey,
    step: resolved.step.id,
    phase: place.phase,
    beganAtEpochMs: place.beganAtEpochMs,
    timings: {
      duration: timings.duration,
      blocked: timings.blocked,
      connecting: timings.connecting,
      tls: timings.tls_handshaking,
      receiving: timings.receiving,
    },
  };
  if (parentStep !== undefined) record.parentStep = parentStep;
  if (response.status !== 0) record.status = response.status;
  if (response.proto) record.protocol = response.proto;
  if (response.status === 0) {
    record.error = response.error;
    record.errorCode = response.error_code;
    return { record, variables: {}, ok: false };
  }
  copy(record, 'serverTiming', headers[headerNames.serverTiming]);
  copy(record, 'requestId', headers[headerNames.requestId] ?? headers['x-request-id']);
  const traceId = headers[headerNames.traceId];
  if (traceId !== undefined) tellTrace(record, prepared, { traceId });
  copy(record, 'encoding', headers['content-encoding']);
  copy(record, 'cacheStatus', headers['cf-cache-status'] ?? headers['x-cache']);
  copy(record, 'contentLength', headers['content-length']);
  if (!isExpected(resolved.step, response.status)) {
    const expected = resolved.step.expectStatus?.join(' or ') ?? '200 to 299, or 304';
    record.failure = `status ${response.status}, expected ${expected}`;
    return { record, variables: {}, ok: false };
  }
  // A body cut short has a status and an error.
  if (response.error) {
    record.error = response.error;
    record.errorCode = response.error_code;
    return { record, variables: {}, ok: false };
  }
  if (resolved.stream) {
    const stream = readStream(resolved.stream, response.body ?? '');
    record.contentEvents = stream.contentEvents;
    copy(record, 'truth', stream.truth);
    tellTrace(record, prepared, stream.start ?? {});
    if (stream.failure !== undefined) {
      record.failure = stream.failure;
      return { record, variables: {}, ok: false };
    }
  }
  try {
    return { record, variables: captured(resolved.step, captureSource(resolved, response, headers)), ok: true };
  } catch (error) {
    record.failure = error instanceof Error ? error.message : String(error);
    return { record, variables: {}, ok: false };
  }
}

/** The server's trace, where it is not the one that was sent. The later word counts. */
function tellTrace(record: RequestRecord, prepared: Prepared, { traceId, sampled }: StreamStart): void {
  if (traceId === undefined || prepared.traceId === undefined || traceId === prepared.traceId) return;
  record.traceId = traceId;
  if (sampled !== undefined) record.sampled = sampled;
}

function copy<K extends 'serverTiming' | 'requestId' | 'encoding' | 'cacheStatus' | 'contentLength' | 'truth'>(
  record: RequestRecord,
  name: K,
  value: string | undefined,
): void {
  if (value !== undefined) record[name] = value;
}

function lowerCase(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

function captureSource(resolved: ResolvedStep, response: Response, headers: Record<string, string>): CaptureSource {
  const setCookie = Object.values(response.cookies).flatMap((cookies) => cookies.map((cookie) => `${cookie.name}=${cookie.value}`));
  let body: unknown;
  if (readsBody(resolved) && response.body !== null) {
    try {
      body = JSON.parse(response.body);
    } catch {
      body = undefined;
    }
  }
  return { headers, setCookie, body };
}

/** The driver's own spans of a request, out of its sample: what it was waiting for, from the intended send time on. Pure. */
import { clientEvents, serviceNames, spanAttributes as at } from '../../scenarios/names.ts';
import { hexDigits, keyedRandom } from '../../scenarios/random.ts';
import type { Sample } from '../sample.ts';
import type { Attributes, FlatSpan } from './flat-span.ts';

/** Waits below this are not worth a span. */
const leastPartMs = 0.05;

/**
 * The client's span, whose id the request carried, and children for the time until it was sent and for connection set-up. It lasts as long as the report's latency.
 * None for a request that was never sent, or whose driver cannot tell the span's id.
 * @param epochMs the wall clock at the run's start
 * @param targetUrl what was driven
 */
export function clientSpans(sample: Sample, runId: string, epochMs: number, targetUrl: string): FlatSpan[] {
  const { clientSpanId, sentAtMs, endedAtMs } = sample;
  const traceId = sample.sentTraceId ?? sample.traceId;
  if (traceId === undefined || clientSpanId === undefined || sentAtMs === undefined || endedAtMs === undefined) return [];
  const fromMs = Math.min(sample.intendedAtMs ?? sentAtMs, sentAtMs);
  const events: FlatSpan['events'] = [];
  const event = (name: string, atMs: number | undefined): void => {
    if (atMs !== undefined) events.push({ name, atMs: epochMs + atMs, attributes: {} });
  };
  event(clientEvents.sent, sentAtMs);
  event(clientEvents.headers, sample.headersAtMs);
  event(clientEvents.firstByte, sample.firstByteAtMs);
  event(clientEvents.firstContent, sample.firstContentAtMs);
  event(clientEvents.lastContent, sample.lastContentAtMs);
  event(clientEvents.end, endedAtMs);
  const failed = sample.outcome === 'failed' || sample.outcome === 'timeout';
  const span: FlatSpan = {
    traceId,
    spanId: clientSpanId,
    service: serviceNames.driver,
    name: `${sample.method} ${sample.pathTemplate}`,
    kind: 'client',
    startMs: epochMs + fromMs,
    endMs: epochMs + endedAtMs,
    attributes: { ...attributesOf(sample, runId), ...placeOf(targetUrl, sample.pathTemplate) },
    events,
    links: [],
    ...(failed && { status: 'error' as const }),
  };
  const part = (name: string, startMs: number, endMs: number): FlatSpan[] =>
    endMs - startMs < leastPartMs
      ? []
      : [
          {
            traceId,
            spanId: hexDigits(keyedRandom(clientSpanId, name), 16),
            parentSpanId: clientSpanId,
            service: serviceNames.driver,
            name,
            kind: 'internal',
            startMs: epochMs + startMs,
            endMs: epochMs + endMs,
            attributes: {},
            events: [],
            links: [],
          },
        ];
  return [span, ...part('wait to be sent', fromMs, sentAtMs), ...part('connect', sentAtMs, sentAtMs + (sample.connectMs ?? 0))];
}

/** Where the request went. Ids stand in the URL as their names, and its query is left out: a sample does not have them. */
function placeOf(targetUrl: string, pathTemplate: string): Attributes {
  const { origin, protocol, hostname, port } = new URL(targetUrl);
  return {
    [at.fullUrl]: `${origin}${pathTemplate}`,
    [at.serverAddress]: hostname.replace(/^\[|\]$/g, ''),
    [at.serverPort]: port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port),
  };
}

function attributesOf(sample: Sample, runId: string): Attributes {
  const { status, latencyClass, requestId, truth, outcome } = sample;
  return {
    [at.method]: sample.method,
    [at.route]: sample.pathTemplate,
    ...(status !== undefined && { [at.status]: status }),
    [at.operation]: sample.operation,
    ...(latencyClass !== undefined && { [at.latencyClass]: latencyClass }),
    [at.requestKey]: sample.requestKey,
    ...(requestId !== undefined && { [at.requestId]: requestId }),
    [at.run]: runId,
    [at.scenario]: sample.scenario,
    [at.step]: sample.step,
    ...(truth?.intendedMs !== undefined && { [at.intendedMs]: truth.intendedMs }),
    ...(sample.contentEvents !== undefined && { [at.stream]: true }),
    ...(sample.sentTraceId !== undefined && sample.traceId !== undefined && { [at.serverTrace]: sample.traceId }),
    ...(outcome !== 'ok' && { [at.errorType]: outcome }),
  };
}

import type { MetricName } from '../results/run-file.ts';
import type { Sample } from '../sample.ts';

/** The metrics with one value a request, in the order of `measure`'s output. `gap` has many a request and is tallied apart. */
export const requestMetrics = [
  'latency',
  'serviceTime',
  'exchangeTime',
  'scheduleLag',
  'queued',
  'connect',
  'headers',
  'ttfb',
  'ttft',
  'tpot',
  'maxGap',
  'total',
  'residual',
  'lateness',
  'measurementError',
  'intended',
  'actual',
] as const satisfies readonly MetricName[];

const at = Object.fromEntries(requestMetrics.map((name, index) => [name, index])) as Record<(typeof requestMetrics)[number], number>;
export const indexOf: Readonly<Record<(typeof requestMetrics)[number], number>> = at;

const none = Number.NaN;

/**
 * What one request says for each metric, milliseconds, NaN where it says nothing. Fills `out` (length of `requestMetrics`), and returns a bit mask
 * (1 << index) of the values that a timeout cut off: the true value is at least that.
 *
 * Which requests count:
 * - `ok`: everything.
 * - `timeout`: latency, serviceTime, exchangeTime and total up to when the client gave up (`timeoutMs` after sending where the driver does not say), and the first
 *   byte, headers and first content likewise when they had not come. So a request that timed out always counts as a slow one. All flagged as censored.
 *   Residual and measurement error need the end of the response, and are left out.
 * - `failed`: only what happened before the answer (lag, waiting, connecting). A refusal in 1 ms must not make a server look fast, nor is a failure's time a
 *   latency; failures are judged by errorRatio and goodput.
 * - `aborted`: what came before the client went (headers, first byte, first content, gaps), not the time to an end that never was.
 * - `dropped`: nothing. It was never sent; it is counted, and makes the run invalid.
 *
 * latency, headers, ttfb, ttft and total count from the intended send time, else from sent. serviceTime = end - sent. scheduleLag = sent - intended - queued.
 * tpot = (last content - first content) / (content events - 1). total = latency, of streams only. lateness = actual - intended - queued of the truth.
 * connect = TCP and TLS set-up of a connection opened for the request. exchangeTime = end - sent - connect: what compares with the server's times, which count from
 * the arrival of the request on it. residual = exchangeTime - intended, measurementError = exchangeTime - actual. Where the driver cannot time it, it stays inside all three.
 */
export function measure(sample: Sample, timeoutMs: number, out: Float64Array): number {
  out.fill(none);
  const { outcome, sentAtMs, intendedAtMs, truth } = sample;
  if (outcome === 'dropped') return 0;
  const fromMs = intendedAtMs ?? sentAtMs;
  if (fromMs === undefined) return 0;
  if (sentAtMs !== undefined && intendedAtMs !== undefined) out[at.scheduleLag] = sentAtMs - intendedAtMs - (sample.queuedMs ?? 0);
  if (sample.queuedMs !== undefined) out[at.queued] = sample.queuedMs;
  if (sample.connectMs !== undefined) out[at.connect] = sample.connectMs;
  if (outcome === 'failed') return 0;

  if (sample.headersAtMs !== undefined) out[at.headers] = sample.headersAtMs - fromMs;
  if (sample.firstByteAtMs !== undefined) out[at.ttfb] = sample.firstByteAtMs - fromMs;
  if (sample.firstContentAtMs !== undefined) {
    out[at.ttft] = sample.firstContentAtMs - fromMs;
    const events = sample.contentEvents ?? 0;
    if (events > 1 && sample.lastContentAtMs !== undefined) out[at.tpot] = (sample.lastContentAtMs - sample.firstContentAtMs) / (events - 1);
  }
  if (sample.maxGapMs !== undefined && (sample.contentEvents ?? 0) > 1) out[at.maxGap] = sample.maxGapMs;
  if (outcome === 'aborted') return 0;

  const stream = isStream(sample);
  const timedOut = outcome === 'timeout';
  const endedAtMs = sample.endedAtMs ?? (timedOut ? (sentAtMs ?? fromMs) + timeoutMs : none);
  out[at.latency] = endedAtMs - fromMs;
  const serviceMs = sentAtMs === undefined ? none : endedAtMs - sentAtMs;
  const exchangeMs = serviceMs - (sample.connectMs ?? 0);
  out[at.serviceTime] = serviceMs;
  out[at.exchangeTime] = exchangeMs;
  if (stream) out[at.total] = endedAtMs - fromMs;
  if (timedOut) {
    let mask = (1 << at.latency) | (1 << at.serviceTime) | (1 << at.exchangeTime) | (stream ? 1 << at.total : 0);
    for (const index of stream ? [at.headers, at.ttfb, at.ttft] : [at.headers, at.ttfb]) {
      if (!Number.isNaN(out[index])) continue;
      out[index] = endedAtMs - fromMs;
      mask |= 1 << index;
    }
    return mask;
  }
  if (truth !== undefined) measureTruth(truth, exchangeMs, out);
  return 0;
}

/** @param exchangeMs from when the connection was there to the end; NaN when it was never sent */
function measureTruth(truth: NonNullable<Sample['truth']>, exchangeMs: number, out: Float64Array): void {
  const { intendedMs, actualMs } = truth;
  if (intendedMs !== undefined) {
    out[at.intended] = intendedMs;
    out[at.residual] = exchangeMs - intendedMs;
    if (actualMs !== undefined) out[at.lateness] = actualMs - intendedMs - (truth.queuedMs ?? 0);
  }
  if (actualMs !== undefined) {
    out[at.actual] = actualMs;
    out[at.measurementError] = exchangeMs - actualMs;
  }
}

/** A driver that times content events sets `contentEvents` on every stream, 0 included; where it does not, a first content time tells. */
export function isStream(sample: Sample): boolean {
  return sample.contentEvents !== undefined || sample.firstContentAtMs !== undefined;
}

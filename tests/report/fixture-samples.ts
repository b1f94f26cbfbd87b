import type { DriverName, HopTiming, Sample } from '../../harness/sample.ts';
import { operationsByName } from '../../scenarios/operations.ts';

interface Made {
  random: () => number;
  operation: string;
  phase: Sample['phase'];
  intendedAtMs: number;
  queuedMs: number;
  lagMs: number;
  slowerMs: number;
  scenario: string;
  driver: DriverName;
  journeyId: number;
  journey: string;
  step: string;
  parentStep?: string;
  connectMs: number;
}

const spans: Record<string, [number, number]> = { static: [8, 60], metadata: [50, 150], crud: [200, 700] };

/** Hops wrap one another: edge 0 to the end, lb inside it, and so on. */
function hopsOf(totalMs: number, last: string): HopTiming[] {
  return ['edge', 'lb', 'mesh', 'service', last].map((hop, index) => ({
    hop,
    startMs: index * totalMs * 0.05,
    durationMs: totalMs * (1 - index * 0.09),
    intendedMs: totalMs / 5,
  }));
}

export function madeRequest({ random, operation, intendedAtMs, queuedMs, lagMs, slowerMs, connectMs, ...rest }: Made): Sample {
  const known = operationsByName.get(operation);
  const latencyClass = known?.latencyClass ?? 'crud';
  const [from, to] = spans[latencyClass] ?? [200, 700];
  const intendedMs = from + (to - from) * random() ** 1.6;
  const actualMs = intendedMs + slowerMs + random() ** 8 * 6;
  const sentAtMs = intendedAtMs + queuedMs + lagMs;
  const endedAtMs = sentAtMs + connectMs + actualMs + 0.3 + random() ** 6 * 4;
  const id = Math.floor(random() * 2 ** 32)
    .toString(16)
    .padStart(8, '0');
  return {
    kind: 'request',
    ...rest,
    operation,
    latencyClass,
    method: known?.method ?? 'GET',
    pathTemplate: known?.path ?? '/',
    origin: known?.origin ?? 'app',
    requestKey: `${rest.journeyId}:${rest.step}`,
    intendedAtMs,
    sentAtMs,
    queuedMs,
    ...(connectMs > 0 ? { connectMs, reusedConnection: false } : { reusedConnection: true }),
    headersAtMs: endedAtMs - 3,
    firstByteAtMs: endedAtMs - Math.min(20, actualMs * 0.2),
    endedAtMs,
    status: 200,
    outcome: 'ok',
    bytes: known?.responseBytes ?? 900,
    encoding: latencyClass === 'static' ? 'br' : 'zstd',
    ...(latencyClass === 'static' && { cacheStatus: 'HIT' }),
    protocol: 'h2',
    traceId: `4bf92f3577b34da6a3ce929d${id}`,
    sampled: random() < 0.05,
    requestId: `req_${id}`,
    truth: { intendedMs, actualMs, queuedMs: 0, hops: hopsOf(actualMs, known?.backend === 'cache' ? 'cache' : 'store') },
  };
}

/** A stream of 36 events over some 3.5 s after a first event at about 1 s; every 100th is left by its client, every 90th fails. */
export function madeStream({
  random,
  index,
  intendedAtMs,
  phase,
  driver,
  slowerMs,
  events,
}: {
  random: () => number;
  index: number;
  intendedAtMs: number;
  phase: Sample['phase'];
  driver: DriverName;
  slowerMs: number;
  events: boolean;
}): Sample {
  const lagMs = random() * 0.8;
  const sentAtMs = intendedAtMs + lagMs;
  const firstMs = 850 + random() * 320;
  const intended = [firstMs];
  for (let i = 1; i < 36; i += 1) intended.push((intended[i - 1] ?? 0) + 40 + random() * 100 + (random() < 0.01 ? 250 : 0));
  const actual = intended.map((ms) => ms + slowerMs + random() ** 6 * 8);
  const seen = actual.map((ms) => sentAtMs + ms + 0.4 + random() ** 4 * 3);
  const count = index % 100 === 50 ? 12 : 36;
  const times = seen.slice(0, count);
  const endedAtMs = (times.at(-1) ?? sentAtMs) + 0.2;
  const gaps = times.slice(1).map((time, i) => time - (times[i] ?? 0));
  const failed = index % 90 === 45;
  const id = (index * 7919).toString(16).padStart(8, '0');
  const intendedMs = intended.at(-1) ?? 0;
  const base: Sample = {
    kind: 'request',
    scenario: 'sse',
    driver,
    phase,
    journeyId: index,
    journey: 'sse',
    step: 's0',
    operation: 'chat.completion',
    latencyClass: 'completion',
    method: 'POST',
    pathTemplate: '/api/organizations/{org_uuid}/chat_conversations/{conversation_uuid}/completion',
    origin: 'app',
    requestKey: `${index}:s0`,
    sentAtMs,
    endedAtMs,
    status: failed ? 529 : 200,
    outcome: failed ? 'failed' : count < 36 ? 'aborted' : 'ok',
    bytes: 6_000,
    encoding: 'br',
    protocol: 'h2',
    headersAtMs: sentAtMs + 12,
    firstByteAtMs: sentAtMs + 12.4,
    requestId: `req_${id}`,
    traceId: `0af7651916cd43dd8448eb21${id}`,
    sampled: index % 20 === 0,
    ...(failed && { error: 'status 529, expected 200: overloaded_error' }),
  };
  if (!events) return base;
  return {
    ...base,
    intendedAtMs,
    firstContentAtMs: times[0] ?? sentAtMs,
    lastContentAtMs: times.at(-1) ?? sentAtMs,
    contentEvents: count,
    maxGapMs: Math.max(...gaps),
    gapsUs: gaps.map((gap) => [Math.round(gap * 1_000), 1]),
    eventTimesMs: times,
    truth: {
      intendedMs,
      actualMs: actual.at(-1) ?? 0,
      intendedFirstMs: firstMs,
      actualFirstMs: actual[0] ?? 0,
      queuedMs: 0,
      hops: [
        { hop: 'edge', startMs: 0, durationMs: intendedMs },
        { hop: 'lb', startMs: 1, durationMs: intendedMs - 2 },
        { hop: 'mesh', startMs: 2, durationMs: intendedMs - 4 },
        { hop: 'service', startMs: 5, durationMs: intendedMs - 10 },
        { hop: 'inference', startMs: 60, durationMs: intendedMs - 80 },
      ],
      events: { intendedMs: intended, actualMs: actual },
    },
  };
}

/** A collector that does not answer for a long time, and more sampled requests than the queue has room for: nobody is held up, what is lost is told, and nothing points to it. */
import http from 'node:http';
import { expect, it } from 'vitest';
import { controlClient } from '../../harness/control-client.ts';
import { emitAsked } from '../../harness/telemetry/server-traces.ts';
import { metricNames as names } from '../../scenarios/names.ts';
import { ask, signIn, start, until } from '../server/frame.ts';
import { accepting, type Behaviour, startCollector } from './collector.ts';
import { metricLines, metricValue } from './metric-lines.ts';
import { caller, exporting, healthOf } from './traced.ts';

const room = 20_480;
/** Each has 5 spans at least: more than there is room for. */
const requests = 4_800;
const atOnce = 32;

/** Sampled requests, one after another on each of some connections. The trace id of each, in the order of their answers. */
async function load(url: string, path: string, cookie: string): Promise<{ traceIds: string[]; statuses: Set<number | undefined> }> {
  const agent = new http.Agent({ keepAlive: true, maxSockets: atOnce });
  const traceIds: string[] = [];
  const statuses = new Set<number | undefined>();
  let sent = 0;
  const one = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const { traceId, headers } = caller(true);
      sent += 1;
      http
        .get(`${url}${path}`, { agent, headers: { cookie, ...headers } }, (response) => {
          statuses.add(response.statusCode);
          response.on('end', () => {
            traceIds.push(traceId);
            resolve();
          });
          response.resume();
        })
        .on('error', reject);
    });
  const connection = async (): Promise<void> => {
    while (sent < requests) await one();
  };
  await Promise.all(Array.from({ length: atOnce }, connection));
  agent.destroy();
  return { traceIds, statuses };
}

it('spans that find no room are counted, told, and void what would rely on them', async () => {
  const waiting: http.ServerResponse[] = [];
  let behave: Behaviour = (response) => void waiting.push(response);
  const collector = await startCollector((response) => behave(response));
  const timeoutBefore = process.env['OTEL_EXPORTER_OTLP_TIMEOUT'];
  // No export fails while the queue fills: what is dropped is dropped for want of room alone.
  process.env['OTEL_EXPORTER_OTLP_TIMEOUT'] = '120000';
  const server = await start({ otlp: collector.url, traceRatio: 0 });
  try {
    await exporting(server);
    const control = controlClient(server.controlUrl);
    const before = await control.traceHealth();
    const { cookie, org } = await signIn(server.url);
    const { traceIds, statuses } = await load(server.url, `/api/organizations/${org}/projects`, cookie);
    expect([...statuses]).toEqual([200]);
    const full = await healthOf(server);
    expect(full).toMatchObject({ exported: 0, failedExports: 0 });
    expect(full.queued).toBeLessThanOrEqual(room);
    expect(full.queued).toBeGreaterThan(room - 10);
    // All spans of a request go, or none.
    expect(full.dropped + full.queued).toBeGreaterThanOrEqual(requests * 5);
    expect(full.dropped + full.queued).toBeLessThanOrEqual(requests * 6 + 20);
    // They wait for room as records, all of those that found none.
    expect(full.held).toBeGreaterThan(full.dropped / 6);

    const text = (await ask(server.url, '/metrics', { headers: { accept: 'application/openmetrics-text' } })).body.toString();
    const lines = metricLines(text);
    expect(metricValue(lines, names.spansDropped, {})).toBe(full.dropped);
    expect(metricValue(lines, names.spansQueued, {})).toBe(full.queued);
    // Nothing points to a trace that did not leave: neither the count of those that are kept, nor an exemplar.
    const kept = metricValue(lines, names.tracesKept, { reason: 'sampled' });
    expect(kept).toBeLessThan(requests);
    const exemplars = new Set(lines.flatMap(({ exemplar }) => exemplar?.traceId ?? []));
    const lost = traceIds.slice(-300);
    expect(lost.filter((traceId) => exemplars.has(traceId))).toEqual([]);

    // Whoever asks is told that they are not there, and a run that its traces are not complete.
    const asked = lost.slice(0, 20);
    expect((await control.keepTraces(asked)).missing).toEqual(asked);

    // The collector comes back: what waits is sent, and those that were held on to leave whole when they are asked for.
    behave = accepting;
    for (const response of waiting) accepting(response);
    await until(async () => (await healthOf(server)).queued === 0, 'what waits is sent', 60_000);
    const outcome = await emitAsked(control, before, asked, []);
    expect(outcome.notes).toEqual([]);
    const health = await healthOf(server);
    // Those of the twenty that were asked for in vain were lost once more.
    expect(health.dropped).toBeGreaterThanOrEqual(full.dropped + asked.length * 5);
    expect(outcome.dropped).toBe(health.dropped);
    expect(health.exported).toBeGreaterThanOrEqual(full.queued + asked.length * 5);
    expect((await control.keepTraces(asked)).missing).toEqual([]);
  } finally {
    if (timeoutBefore === undefined) delete process.env['OTEL_EXPORTER_OTLP_TIMEOUT'];
    else process.env['OTEL_EXPORTER_OTLP_TIMEOUT'] = timeoutBefore;
    await server.stop();
    await collector.stop();
  }
}, 180_000);

import { readdir } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { grafanaLink } from '../../harness/report/grafana-link.ts';
import { runMetrics } from '../../harness/telemetry/metrics.ts';
import { startMetricsEndpoint } from '../../harness/telemetry/metrics-endpoint.ts';
import { latencyBuckets } from '../../scenarios/buckets.ts';
import { metricNames, runMetricNames as names } from '../../scenarios/names.ts';
import sse from '../../scenarios/sse.ts';
import { sample as makeSample } from '../record/make-sample.ts';
import { until } from '../server/frame.ts';
import { emptyFolder, plumbline } from '../support/cli.ts';
import { legOf, planOf } from '../support/driven.ts';
import { onlyWrittenRun } from '../support/runs.ts';
import { bucketsOf, histogramQuantile, type MetricLine, metricLines, metricValue } from './metric-lines.ts';

const live = { phase: 'measured', ratePerSecond: 1, inFlight: 3, scheduled: 12, sent: 10, ended: 7, ok: 7, errors: 0, dropped: 0, errorRatio: 0 } as const;

async function linesOf(metrics: ReturnType<typeof runMetrics>, format: 'openmetrics' | 'prometheus' = 'openmetrics'): Promise<MetricLine[]> {
  let text = '';
  for await (const piece of metrics.text(format)) text += piece;
  return metricLines(text);
}

describe('what a run tells', () => {
  const leg = legOf('native', sse, 'sse.ts', { warmupMs: 1_000, durationMs: 4_000 });
  const own = { run: 'run-1', scenario: 'sse', driver: 'native' };

  it('its phases begin when the plan has them begin, and one of them is on', async () => {
    let nowMs = 1_700_000_000_000;
    const metrics = runMetrics(() => nowMs);
    metrics.start(leg, planOf('http://127.0.0.1:1', leg));
    const phases = async (): Promise<Record<string, number>> =>
      Object.fromEntries((await linesOf(metrics)).flatMap(({ name, labels, value }) => (name === names.phase ? [[labels['phase'], value]] : [])));
    expect(await phases()).toEqual({ 'warm-up': 1 });
    metrics.update(leg, live, 1_250);
    expect(await phases()).toEqual({ 'warm-up': 0, measured: 1 });
    metrics.update(leg, live, 5_250);
    expect(await phases()).toEqual({ 'warm-up': 0, measured: 0, drain: 1 });
    nowMs += 6_500;
    metrics.end(leg);
    expect(await phases()).toEqual({ 'warm-up': 0, measured: 0, drain: 0, ended: 1 });
    const lines = await linesOf(metrics);
    const starts = ['warm-up', 'measured', 'drain', 'ended'].map((phase) => metricValue(lines, names.phaseStart, { ...own, phase }));
    expect(starts).toEqual([1_700_000_000, 1_700_000_001, 1_700_000_005, 1_700_000_006.5]);
  });

  it('has every phase of a leg whose last answers came between two updates, and none that a stopped one did not get to', async () => {
    const begun = 1_700_000_000_000;
    const startsOf = async (endedAfterMs: number): Promise<unknown> => {
      let nowMs = begun;
      const metrics = runMetrics(() => nowMs);
      metrics.start(leg, planOf('http://127.0.0.1:1', leg));
      metrics.update(leg, live, 900);
      nowMs += endedAfterMs;
      metrics.end(leg);
      const lines = (await linesOf(metrics)).filter(({ name }) => name === names.phaseStart);
      return Object.fromEntries(lines.map(({ labels, value }) => [labels['phase'], value - begun / 1_000]));
    };
    expect(await startsOf(5_125)).toEqual({ 'warm-up': 0, measured: 1, drain: 5, ended: 5.125 });
    expect(await startsOf(3_000)).toEqual({ 'warm-up': 0, measured: 1, ended: 3 });
    expect(await startsOf(500)).toEqual({ 'warm-up': 0, ended: 0.5 });
  });

  it('requests by outcome and phase, latency as the report counts it, exemplars of sampled traces', async () => {
    const metrics = runMetrics();
    metrics.start(leg, planOf('http://127.0.0.1:1', leg));
    metrics.update(leg, live, 2_000);
    const traceId = '0af7651916cd43dd8448eb211c80319c';
    const ok = { operation: 'account.read', intendedAtMs: 100, sentAtMs: 102, endedAtMs: 235 };
    metrics.sample(leg, makeSample({ ...ok, traceId, sampled: true }));
    metrics.sample(leg, makeSample({ ...ok, traceId: 'f'.repeat(32), sampled: false, phase: 'warm-up' }));
    metrics.sample(leg, makeSample({ ...ok, outcome: 'failed' }));
    metrics.sample(leg, makeSample({ operation: 'account.read', intendedAtMs: 100, outcome: 'dropped' }));
    const lines = await linesOf(metrics);
    const count = (phase: string, outcome: string) => metricValue(lines, names.requests, { ...own, phase, outcome });
    expect([count('measured', 'ok'), count('measured', 'failed'), count('measured', 'dropped'), count('warm-up', 'ok')]).toEqual([1, 1, 1, 1]);
    expect([names.offered, names.sent, names.ended, names.inFlight].map((name) => metricValue(lines, name, own))).toEqual([12, 10, 3, 3]);
    const measured = { ...own, phase: 'measured', operation: 'account.read' };
    // 135 ms from the intended send time; a refusal is no latency.
    expect(metricValue(lines, `${names.latency}_count`, measured)).toBe(1);
    expect(metricValue(lines, `${names.latency}_sum`, measured)).toBeCloseTo(0.135, 9);
    expect(histogramQuantile(1, bucketsOf(lines, names.latency, measured))).toBe(0.135);
    expect(bucketsOf(lines, names.latency, measured).map(([bound]) => bound)).toEqual([...latencyBuckets, Number.POSITIVE_INFINITY]);
    expect(metricValue(lines, `${names.scheduleLag}_bucket`, { ...own, phase: 'measured', le: '0.001' })).toBe(0);
    expect(metricValue(lines, `${names.scheduleLag}_bucket`, { ...own, phase: 'measured', le: '0.002' })).toBe(2);
    expect(lines.flatMap(({ exemplar }) => (exemplar ? [exemplar.traceId] : []))).toEqual([traceId]);
  });

  it('at its end has everything that was due, though the driver last spoke earlier', async () => {
    const metrics = runMetrics();
    metrics.start(leg, planOf('http://127.0.0.1:1', leg));
    metrics.update(leg, live, 2_000);
    for (let index = 0; index < 15; index += 1) metrics.sample(leg, makeSample({ outcome: index === 0 ? 'dropped' : 'ok' }));
    metrics.end(leg);
    const lines = await linesOf(metrics);
    expect([names.offered, names.sent, names.ended, names.inFlight].map((name) => metricValue(lines, name, own))).toEqual([15, 14, 14, 0]);
  });

  it('of many runs only the last two have series', async () => {
    const metrics = runMetrics();
    for (let run = 1; run <= 5; run += 1) {
      const step = { ...leg };
      metrics.start(step, planOf('http://127.0.0.1:1', step, { runId: `run-${run}` }));
      metrics.sample(step, makeSample({}));
      metrics.end(step);
    }
    expect([...new Set((await linesOf(metrics)).map(({ labels }) => labels['run']))].sort()).toEqual(['run-4', 'run-5']);
  });
});

describe('the endpoint', () => {
  const text = async function* (): AsyncGenerator<string> {
    yield 'x 1\n';
  };

  it('answers /metrics and nothing else, and is gone when stopped', async () => {
    const endpoint = await startMetricsEndpoint(text, 0, '127.0.0.1');
    expect(await (await fetch(endpoint.url)).text()).toBe('x 1\n');
    expect((await fetch(endpoint.url.replace('/metrics', '/'))).status).toBe(404);
    expect((await fetch(endpoint.url, { method: 'POST' })).status).toBe(404);
    await endpoint.stop();
    await expect(fetch(endpoint.url)).rejects.toThrow('fetch failed');
  });

  it('lingers until a scrape that began since has been answered, the time is over, or it is told to stop', async () => {
    const endpoint = await startMetricsEndpoint(text, 0, '127.0.0.1');
    const { signal } = new AbortController();
    await fetch(endpoint.url);
    const fromMs = performance.now();
    await endpoint.scraped(300, signal);
    expect(performance.now() - fromMs).toBeGreaterThan(290);
    const lingering = endpoint.scraped(60_000, signal);
    await fetch(endpoint.url);
    await lingering;
    await endpoint.scraped(60_000, AbortSignal.abort());
    await endpoint.stop();
  });
});

it('a link to Grafana carries the run and its time, below whatever path Grafana is served', () => {
  const run = { runId: '20261123-a b', startedAt: '2026-11-23T14:00:00.000Z', durationMs: 60_000.4 };
  const startMs = Date.parse(run.startedAt);
  const query = `from=${startMs - 5_000}&to=${startMs + 65_001}&var-run=20261123-a+b`;
  expect(grafanaLink('http://127.0.0.1:3000', run)).toBe(`http://127.0.0.1:3000/d/plumbline-run/?${query}`);
  expect(grafanaLink('https://example.com/grafana/', run)).toBe(`https://example.com/grafana/d/plumbline-run/?${query}`);
});

describe('plumbline run', () => {
  let folder: Awaited<ReturnType<typeof emptyFolder>>;
  beforeEach(async () => {
    folder = await emptyFolder();
  });
  afterEach(() => folder.remove());

  const run = (...flags: string[]) =>
    plumbline(['run', 'sse', '--profile', 'fast', '--rate', '20', '--duration', '2s', '--warmup', '1s', ...flags], folder.path);

  it('serves metrics while it lasts, and its last scrape has what run.json has', async () => {
    const port = await freePort();
    let last: MetricLine[] = [];
    let scrapes = 0;
    const watching = new AbortController();
    const watch = (async () => {
      while (!watching.signal.aborted) {
        await new Promise((resolve) => setTimeout(resolve, 200));
        const text = await fetch(`http://127.0.0.1:${port}/metrics`).then(
          (response) => response.text(),
          () => '',
        );
        if (text === '') continue;
        last = metricLines(text);
        scrapes += 1;
      }
    })();
    const result = await run('--metrics-port', String(port), '--metrics-linger', '30', '--grafana', 'http://127.0.0.1:1');
    watching.abort();
    await watch;
    const written = await onlyWrittenRun(`${folder.path}/results`);
    expect(result.stdout).toContain(`metrics: http://127.0.0.1:${port}/metrics`);
    expect(result.stdout).toMatch(new RegExp(`grafana: http://127.0.0.1:1/d/plumbline-run/\\?from=\\d{13}&to=\\d{13}&var-run=${written.run.runId}`));
    expect(scrapes).toBeGreaterThan(3);
    const own = { run: written.run.runId, scenario: 'sse', driver: 'native' };
    expect(metricValue(last, names.phase, { ...own, phase: 'ended' })).toBe(1);
    const counts = written.run.legs[0]?.totals.counts;
    expect(metricValue(last, names.requests, { ...own, phase: 'measured', outcome: 'ok' })).toBe(counts?.ok);
    const latency = written.run.legs[0]?.all.latency;
    const shown = histogramQuantile(0.5, bucketsOf(last, names.latency, { ...own, phase: 'measured' })) * 1_000;
    const median = latency?.quantiles.find(({ q }) => q === 0.5)?.ms ?? Number.NaN;
    expect(Math.abs(shown / median - 1)).toBeLessThan(0.1);
    // The names of the two sides differ, the boundaries do not.
    expect(names.latency).not.toBe(metricNames.requestDuration);
  });

  it('whose report is written waits for one more scrape, and ends with it', async () => {
    const port = await freePort();
    const running = run('--metrics-port', String(port), '--metrics-linger', '40');
    const results = `${folder.path}/results`;
    const isWritten = async (): Promise<boolean> => (await readdir(results, { recursive: true }).catch(() => [])).some((file) => file.endsWith('report.html'));
    await until(isWritten, 'the report is written', 40_000);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    const scrapedMs = performance.now();
    const lines = metricLines(await (await fetch(`http://127.0.0.1:${port}/metrics`)).text());
    expect(lines.some(({ name, labels, value }) => name === names.phase && labels['phase'] === 'ended' && value === 1)).toBe(true);
    await running;
    expect(performance.now() - scrapedMs).toBeLessThan(20_000);
  });

  it.each([
    [['--metrics-port', '70000'], /--metrics-port: 70000 is over 65535/],
    [['--metrics-port', 'x'], /--metrics-port/],
    [['--metrics-linger', '9999'], /--metrics-linger: 9999 is over 3600 seconds/],
    [['--grafana', 'grafana:3000'], /--grafana: "grafana:3000" is not an http\(s\) URL/],
  ])('%j is refused before anything is started', async (flags, message) => {
    const result = await run(...flags);
    expect(result.code).toBe(2);
    expect(result.stderr).toMatch(message);
  });

  it('a port that is taken is told with what to do', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as AddressInfo;
    const result = await run('--metrics-port', String(port));
    taken.close();
    expect(result.code).toBe(2);
    expect(result.stderr).toMatch(/--metrics-port: cannot listen on 127\.0\.0\.1:\d+ \(.*EADDRINUSE.*\); 0 takes a free port/);
  });
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

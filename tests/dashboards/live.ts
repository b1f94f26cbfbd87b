/** What the boards are proven on: a real server, collector, Jaeger and Prometheus, and two real runs of the harness. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TimeRange } from '../../harness/dash/board/time-range.ts';
import { startServerProcess, type ServerProcess } from '../../harness/server-process.ts';
import { runMetricNames } from '../../scenarios/names.ts';
import { freePorts, type RunningCollector, startCollector, startJaeger, until } from '../stack/parts.ts';
import { plumbline } from '../support/cli.ts';
import { type WrittenRun, writtenRuns } from '../support/runs.ts';
import { requireTool } from '../support/tools.ts';
import { type LivePrometheus, startLivePrometheus } from './live-prometheus.ts';

/** Programs that the live tests need; undefined where one is missing, which the closing list then names. */
export function liveTools(): { otelcol: string; jaeger: string; prometheus: string } | undefined {
  const [otelcol, jaeger, prometheus] = [requireTool('otelcol'), requireTool('jaeger'), requireTool('prometheus')];
  return otelcol === undefined || jaeger === undefined || prometheus === undefined ? undefined : { otelcol, jaeger, prometheus };
}

/** Server, collector, Jaeger and Prometheus around it, and a way to run the harness against them. */
export interface LiveParts {
  server: ServerProcess;
  collector: RunningCollector;
  /** Base URL of Jaeger's query API. */
  jaeger: string;
  prometheus: LivePrometheus;
  /** `plumbline run` with these arguments, on the live server, scraped and traced; its results. */
  run(...args: string[]): Promise<WrittenRun>;
  stop(): Promise<void>;
}

/** Longer than a stream with its stalls; the server sends all spans of a request at its end. */
const decisionWait = '4s';
const tracesAfterMs = 8_000;

/** @param profile a name or a file; default: the one of the board tests, with bounds, errors and stalls */
export async function startParts(
  tools: NonNullable<ReturnType<typeof liveTools>>,
  profile = fileURLToPath(new URL('live.profile.yaml', import.meta.url)),
): Promise<LiveParts> {
  const stops: (() => Promise<unknown>)[] = [];
  const stop = async (): Promise<void> => {
    for (const each of stops.toReversed()) await each();
  };
  try {
    const results = await mkdtemp(join(tmpdir(), 'plumbline-live-'));
    stops.push(() => rm(results, { recursive: true, force: true }));
    const jaeger = await startJaeger(tools.jaeger);
    stops.push(jaeger.stop);
    const collector = await startCollector(tools.otelcol, jaeger.otlp, { COLLECTOR_DECISION_WAIT: decisionWait });
    stops.push(collector.stop);
    const server = await startServerProcess({ profile, seed: 1, flags: ['--otlp', collector.otlp] });
    stops.push(server.stop);
    const [metricsPort = 0] = await freePorts(1);
    const prometheus = await startLivePrometheus(tools.prometheus, {
      server: [{ target: new URL(server.url).host, labels: { tier: 'all' } }],
      driver: [{ target: `127.0.0.1:${metricsPort}` }],
      spans: [{ target: collector.spanMetrics }],
      collector: [{ target: collector.ownMetrics }],
    });
    stops.push(prometheus.stop);
    // Between two runs nobody listens there: the port is kept from others in the meantime by nothing but chance, as with every free port.
    const run = async (...args: string[]): Promise<WrittenRun> => {
      const before = new Set((await writtenRuns(results).catch(() => [])).map(({ directory }) => directory));
      const common = ['--target', server.url, '--control', server.controlUrl, '--otlp', collector.otlp, '--metrics-port', String(metricsPort)];
      const result = await plumbline(['run', ...args, ...common, '--metrics-linger', '10', '--out', results], results);
      const written = (await writtenRuns(results).catch(() => [])).find(({ directory }) => !before.has(directory));
      if (!written) throw new Error(`plumbline run ${args.join(' ')} ended with ${result.code} and wrote nothing:\n${result.stdout}\n${result.stderr}`);
      await until(`the end of ${written.run.runId} was scraped`, async () => {
        const [seen] = await prometheus.instant(`last_over_time(${runMetricNames.verdict}{run="${written.run.runId}"}[5m])`);
        return seen;
      });
      return written;
    };
    await until('the first scrape of the server', async () => ((await prometheus.instant('up{job="server"}'))[0]?.value === 1 ? true : undefined));
    return { server, collector, jaeger: jaeger.query, prometheus, run, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

export interface Live extends LiveParts {
  /** All scenarios at once, for a minute. */
  main: WrittenRun;
  /** A short one before it, to compare with. */
  base: WrittenRun;
  /** Both runs and some seconds around them. */
  range: TimeRange;
}

/** The parts, and both runs. */
export async function startLive(tools: NonNullable<ReturnType<typeof liveTools>>): Promise<Live> {
  const parts = await startParts(tools);
  try {
    const fromMs = Date.now() - 5_000;
    const base = await parts.run('crud', 'sse', '--duration', '10s', '--warmup', '2s', '--seed', '2');
    const main = await parts.run('page-load', 'sse', 'crud', 'chat-session', '--duration', '60s', '--warmup', '4s');
    // Now the verdict is there and the load is only just gone: what boards show of this moment, they show. Traces come when the collector has decided.
    const toMs = Date.now();
    await new Promise((resolve) => setTimeout(resolve, tracesAfterMs));
    return { ...parts, main, base, range: { fromMs, toMs } };
  } catch (error) {
    await parts.stop();
    throw error;
  }
}

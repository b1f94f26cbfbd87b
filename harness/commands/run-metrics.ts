import type { Command } from 'commander';
import { readConfig } from '../config.ts';
import type { LegView } from '../drive/drive-leg.ts';
import { parseWhole } from '../plan/durations.ts';
import { type RunMetrics, runMetrics } from '../telemetry/metrics.ts';
import { startMetricsEndpoint } from '../telemetry/metrics-endpoint.ts';
import { UsageError } from '../usage-error.ts';

export interface MetricsFlags {
  metricsPort?: string;
  metricsHost: string;
  metricsLinger: string;
  grafana?: string;
}

export interface OpenMetrics {
  /** Of its `/metrics`. */
  url: string;
  /** Resolves after a scrape from now on, or when the time is over. */
  scraped(withinMs: number): Promise<void>;
  view: LegView & Pick<RunMetrics, 'judged'>;
  /** Waits for a last scrape, at most as long as the flags say; then the run's series end. */
  close(): Promise<void>;
}

const defaultLingerSeconds = 5;
const longestLingerSeconds = 3_600;
const highestPort = 65_535;

export function metricsFlags(command: Command): Command {
  return command
    .option('--metrics-port <port>', "serve the harness' own /metrics while the run lasts; 0 takes a free port (default: off)")
    .option('--metrics-host <address>', 'address of it; 0.0.0.0 for a Prometheus in a container', '127.0.0.1')
    .option('--metrics-linger <seconds>', 'after the end wait for one more scrape, at most so long', String(defaultLingerSeconds))
    .option('--grafana <url>', 'when the run has ended, annotate it there and print a link to it (or GRAFANA_URL; GRAFANA_TOKEN for the annotations)');
}

export interface MetricsSettings {
  /** Undefined: no endpoint. */
  port?: number;
  host: string;
  lingerMs: number;
  grafanaUrl?: string;
}

/** Throws UsageError for what is wrong, before anything is opened. */
export function readMetricsFlags(flags: MetricsFlags): MetricsSettings {
  const lingerSeconds = parseWhole(flags.metricsLinger, '--metrics-linger');
  if (lingerSeconds > longestLingerSeconds) throw new UsageError('bad_linger', `--metrics-linger: ${lingerSeconds} is over ${longestLingerSeconds} seconds`);
  const port = flags.metricsPort === undefined ? undefined : parseWhole(flags.metricsPort, '--metrics-port');
  if (port !== undefined && port > highestPort) throw new UsageError('bad_port', `--metrics-port: ${port} is over ${highestPort}`);
  const grafanaUrl = grafanaOf(flags);
  return { host: flags.metricsHost, lingerMs: lingerSeconds * 1_000, ...(port !== undefined && { port }), ...(grafanaUrl !== undefined && { grafanaUrl }) };
}

/** Undefined without `--metrics-port`. Throws UsageError when it is taken. */
export async function openMetrics({ port, host, lingerMs }: MetricsSettings): Promise<OpenMetrics | undefined> {
  if (port === undefined) return undefined;
  const metrics = runMetrics();
  const endpoint = await startMetricsEndpoint(metrics.text, port, host).catch((error: Error) => {
    throw new UsageError('metrics_port', `--metrics-port: cannot listen on ${host}:${port} (${error.message}); 0 takes a free port`);
  });
  console.log(`metrics: ${endpoint.url}`);
  let started = false;
  return {
    url: endpoint.url,
    scraped: (withinMs) => endpoint.scraped(withinMs, new AbortController().signal),
    view: {
      ...metrics,
      start(leg, plan) {
        started = true;
        metrics.start(leg, plan);
      },
    },
    async close() {
      // Where nothing was driven there is nothing to see.
      if (!started) return endpoint.stop();
      const now = new AbortController();
      const stop = (): void => now.abort();
      process.once('SIGINT', stop);
      process.once('SIGTERM', stop);
      await endpoint.scraped(lingerMs, now.signal);
      process.off('SIGINT', stop);
      process.off('SIGTERM', stop);
      await endpoint.stop();
    },
  };
}

/** Where Grafana is, if anybody said. */
function grafanaOf({ grafana = readConfig().grafanaUrl }: Pick<MetricsFlags, 'grafana'>): string | undefined {
  if (grafana === undefined) return undefined;
  if (/^https?:\/\/./.test(grafana) && URL.canParse(grafana)) return grafana;
  throw new UsageError('bad_grafana', `--grafana: "${grafana}" is not an http(s) URL, such as http://127.0.0.1:3000`);
}

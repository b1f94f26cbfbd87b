import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { until } from '../server/frame.ts';
import { emptyFolder } from '../support/cli.ts';

export interface Prometheus {
  /** Base URL. */
  url: string;
  /** Of an instant query: labels and value of each series. */
  query(expression: string): Promise<{ metric: Record<string, string>; value: number }[]>;
  /** Labels of each alert that fires. */
  firing(): Promise<Record<string, string>[]>;
  /** Trace ids of the exemplars of the last minute. */
  exemplars(selector: string): Promise<string[]>;
}

export interface PrometheusSetup {
  /** Base URL of a server: job `server`. */
  target?: string;
  /** Base URL of a run's own metrics: job `driver`. */
  driver?: string;
  ruleFiles?: readonly string[];
}

/** Runs a Prometheus of its own with exemplar storage and the receiver of remote writes, scraping its targets once a second. */
export async function withPrometheus(
  program: string,
  { target, driver, ruleFiles = [] }: PrometheusSetup,
  use: (prometheus: Prometheus) => Promise<void>,
): Promise<void> {
  const folder = await emptyFolder();
  const jobs = Object.entries({ server: target, driver }).flatMap(([job_name, url]) =>
    url === undefined ? [] : [{ job_name, static_configs: [{ targets: [new URL(url).host] }] }],
  );
  // JSON is YAML.
  const config = JSON.stringify({ global: { scrape_interval: '1s', scrape_timeout: '1s' }, rule_files: ruleFiles, scrape_configs: jobs });
  const file = join(folder.path, 'prometheus.yml');
  await writeFile(file, config);
  const url = `http://127.0.0.1:${await freePort()}`;
  const flags = [`--config.file=${file}`, `--storage.tsdb.path=${join(folder.path, 'data')}`, `--web.listen-address=${new URL(url).host}`];
  const child = spawn(program, [...flags, '--enable-feature=exemplar-storage', '--web.enable-remote-write-receiver', '--log.level=warn'], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  try {
    await until(() => isReady(`${url}/-/ready`, child), 'Prometheus is ready', 30_000);
    const get = async (path: string, parameters: Record<string, string>): Promise<unknown> => {
      const answer = (await (await fetch(`${url}/api/v1/${path}?${new URLSearchParams(parameters)}`)).json()) as {
        status: string;
        error?: string;
        data: unknown;
      };
      if (answer.status !== 'success') throw new Error(`${path}: ${answer.error}`);
      return answer.data;
    };
    await use({
      url,
      async query(expression) {
        const { result } = (await get('query', { query: expression })) as { result: { metric: Record<string, string>; value: [number, string] }[] };
        return result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }));
      },
      async firing() {
        const { alerts } = (await get('alerts', {})) as { alerts: { labels: Record<string, string>; state: 'pending' | 'firing' }[] };
        return alerts.filter(({ state }) => state === 'firing').map(({ labels }) => labels);
      },
      async exemplars(selector) {
        const nowSeconds = Date.now() / 1_000;
        const series = (await get('query_exemplars', { query: selector, start: String(nowSeconds - 60), end: String(nowSeconds + 1) })) as {
          exemplars: { labels: { trace_id: string } }[];
        }[];
        return series.flatMap(({ exemplars }) => exemplars.map(({ labels }) => labels.trace_id));
      },
    });
  } finally {
    child.kill('SIGTERM');
    if (child.exitCode === null) await once(child, 'exit');
    await folder.remove();
  }
}

async function isReady(url: string, child: ChildProcess): Promise<boolean> {
  if (child.exitCode !== null) throw new Error(`Prometheus ended with ${child.exitCode}`);
  return fetch(url).then(
    ({ ok }) => ok,
    () => false,
  );
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

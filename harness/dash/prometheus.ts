import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { dashPlaces, ruleFiles } from './places.ts';
import { isProcess, readDashState } from './running-dash.ts';

/** How often everything is scraped: a run of a minute must show. */
export const scrapeMs = 1_000;
/** Kept between starts, and no more than this. */
const retention = { time: '30d', size: '2GB' };
const readyWithinMs = 60_000;
const stopWithinMs = 15_000;

export interface LocalPrometheus {
  url: string;
  pid: number;
  /** Resolves with its last words when it ends by itself. */
  ended: Promise<string>;
  /** Writes what it holds to the disk and ends. */
  stop(): Promise<void>;
}

/**
 * Starts a Prometheus on a free port of loopback: data below `results/.dash/`, exemplars kept, rules of the checkout, targets as runs register them, remote write taken.
 * Throws with its own words when it does not get ready.
 * @param program its path
 */
export async function startPrometheus(program: string, resultsRoot: string, signal: AbortSignal): Promise<LocalPrometheus> {
  const places = dashPlaces(resolve(resultsRoot));
  await endLeftOver(resultsRoot);
  await mkdir(places.targets, { recursive: true });
  const port = await freePort();
  const config = join(places.folder, 'prometheus.yml');
  await writeFile(config, configText(places.targets, port));
  const flags = [
    `--config.file=${config}`,
    `--storage.tsdb.path=${places.data}`,
    `--storage.tsdb.retention.time=${retention.time}`,
    `--storage.tsdb.retention.size=${retention.size}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--enable-feature=exemplar-storage',
    '--web.enable-remote-write-receiver',
    '--log.level=warn',
  ];
  // In a group of its own: a Ctrl-C of the terminal is ours to pass on.
  const child = spawn(program, flags, { stdio: ['ignore', 'ignore', 'pipe'], detached: true, cwd: dirname(config) });
  let words = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (words = (words + text).slice(-4_000)));
  const ended = new Promise<string>((done) => {
    child.once('error', (error) => done(error.message));
    child.once('exit', (code, killed) => done(words.trim() || `it ended with ${killed ?? `code ${code}`}`));
  });
  const prometheus = { url: `http://127.0.0.1:${port}`, pid: child.pid ?? 0, ended, stop: () => end(child) };
  try {
    await ready(prometheus.url, ended, signal);
    return prometheus;
  } catch (error) {
    await end(child);
    throw error;
  }
}

function configText(targets: string, port: number): string {
  const files = JSON.stringify(join(targets, '*.json'));
  const rules = globSync(ruleFiles).length === 0 ? '' : `rule_files: [${JSON.stringify(ruleFiles)}]\n`;
  return `# Written by plumbline dash at each start.
global: {scrape_interval: ${scrapeMs / 1_000}s, scrape_timeout: ${scrapeMs / 1_000}s, evaluation_interval: ${scrapeMs / 1_000}s}
storage: {exemplars: {max_exemplars: 200000}}
${rules}scrape_configs:
  # Servers and drivers of runs, as they register: job and path are labels of theirs. Certificates are a development server's own.
  - job_name: runs
    file_sd_configs: [{files: [${files}], refresh_interval: 5s}]
    tls_config: {insecure_skip_verify: true}
  - job_name: prometheus
    scrape_interval: 5s
    static_configs: [{targets: ['127.0.0.1:${port}']}]
`;
}

async function ready(url: string, ended: Promise<string>, signal: AbortSignal): Promise<void> {
  const giveUp = AbortSignal.any([signal, AbortSignal.timeout(readyWithinMs)]);
  let lastWords: string | undefined;
  void ended.then((words) => (lastWords = words));
  while (!giveUp.aborted) {
    if (lastWords !== undefined) throw new Error(lastWords);
    const isReady = await fetch(`${url}/-/ready`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isReady) return;
    await wait(100, undefined, { signal: giveUp }).catch(() => undefined);
  }
  throw new Error(signal.aborted ? 'stopped' : `it was not ready within ${readyWithinMs / 1_000} s`);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), stopWithinMs);
  await exited;
  clearTimeout(timer);
}

/** The Prometheus of a dash that was killed goes on, and holds the data: it is ended, when it is sure that it is that one. */
async function endLeftOver(resultsRoot: string): Promise<void> {
  const left = readDashState(resultsRoot);
  if (!left?.prometheus || isProcess(left.pid) || !isProcess(left.prometheus.pid)) return;
  const { url, pid } = left.prometheus;
  const flags = await fetch(`${url}/api/v1/status/flags`, { signal: AbortSignal.timeout(2_000) }).then(
    (response) => response.json() as Promise<{ data?: Record<string, string> }>,
    () => undefined,
  );
  if (flags?.data?.['storage.tsdb.path'] !== dashPlaces(resolve(resultsRoot)).data) return;
  process.kill(pid, 'SIGTERM');
  for (let waited = 0; waited < stopWithinMs && isProcess(pid); waited += 100) await wait(100);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

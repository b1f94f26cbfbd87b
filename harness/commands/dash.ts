import { Option } from 'commander';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { readConfig } from '../config.ts';
import { readBoards } from '../dash/board-files.ts';
import { generatedBoards } from '../dash/places.ts';
import { type LocalPrometheus, startPrometheus } from '../dash/prometheus.ts';
import { removeDashState, runningDash, sweepTargets, writeDashState } from '../dash/running-dash.ts';
import { type DashServer, startDashServer } from '../dash/server/http.ts';
import { parseWhole } from '../plan/durations.ts';
import { findProgram, tools } from '../tools.ts';
import { UsageError } from '../usage-error.ts';
import { type AddCommand, example } from './command.ts';
import { resultsRoot } from './run-directory.ts';

interface DashFlags {
  port: string;
  prometheus?: string;
  jaeger?: string;
  results: string;
  boards: string;
  open?: boolean;
}

const highestPort = 65_535;
const sweepEveryMs = 2_000;

export const addDash: AddCommand = (program, exit) => {
  program
    .command('dash')
    .description('the dashboards on a local page, without Grafana: starts Prometheus where there is one; runs beside it are seen live')
    .option('--port <port>', 'of the page, on loopback; 0 takes a free one', '3080')
    .option('--prometheus <url>', 'a Prometheus that is up (of `plumbline up`: http://127.0.0.1:9090) instead of one of its own')
    .option('--jaeger <url>', 'where to look for traces that are not in the results')
    .option('--results <folder>', 'where runs lie, and below it in .dash/ what Prometheus keeps', resultsRoot)
    .addOption(new Option('--boards <folder>', "boards (Grafana's dashboard JSON)").default(generatedBoards, 'those of the package'))
    .option('--open', 'open the page in the browser')
    .addHelpText(
      'after',
      example('plumbline dash            # then, in another terminal: plumbline run page-load\nplumbline dash --prometheus http://127.0.0.1:9090 --open'),
    )
    .action(async (flags: DashFlags) => {
      const port = parseWhole(flags.port, '--port');
      if (port > highestPort) throw new UsageError('bad_port', `--port: ${port} is over ${highestPort}`);
      const given = flags.prometheus === undefined ? undefined : httpUrl(flags.prometheus, '--prometheus');
      const jaeger = flags.jaeger === undefined ? undefined : httpUrl(flags.jaeger, '--jaeger');
      await checkBoards(flags.boards);
      await checkResults(flags.results);
      if (given !== undefined) await checkPrometheus(given);
      exit(await dash(flags, { port, ...(given !== undefined && { given }), ...(jaeger !== undefined && { jaeger }) }));
    });
};

/** Until Ctrl-C. */
async function dash(flags: DashFlags, { port, given, jaeger }: { port: number; given?: string; jaeger?: string }): Promise<number> {
  const stopped = new AbortController();
  const stop = (): void => stopped.abort();
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  let own: LocalPrometheus | undefined;
  let server: DashServer | undefined;
  let sweep: NodeJS.Timeout | undefined;
  try {
    const program = given === undefined ? findProgram(['prometheus'], readConfig().path) : undefined;
    if (program !== undefined) own = await startOwn(program, flags.results, stopped.signal);
    if (stopped.signal.aborted) return 0;
    const without = `no Prometheus was found, so there is only the view of finished runs; get it: ${tools.find(({ name }) => name === 'prometheus')?.get}, or give --prometheus <url>`;
    server = await startDashServer(
      {
        boardsFolder: flags.boards,
        resultsRoot: flags.results,
        prometheusUrl: () => given ?? own?.url,
        withoutPrometheus: without,
        ...(jaeger !== undefined && { jaegerUrl: jaeger }),
      },
      port,
    ).catch((error: Error) => {
      throw new UsageError('port_taken', `--port: cannot listen on 127.0.0.1:${port} (${error.message}); 0 takes a free port`);
    });
    await writeDashState(flags.results, { url: server.url, pid: process.pid, ...(own && { prometheus: { url: own.url, pid: own.pid } }) });
    await sweepTargets(flags.results);
    sweep = setInterval(() => void sweepTargets(flags.results), sweepEveryMs);
    console.log(`dash: ${server.url}`);
    if (given !== undefined) console.log(`prometheus: ${given}`);
    else if (own) console.log(`prometheus: ${own.url} (its own; runs and demos beside it are scraped while they last)`);
    else console.log(without);
    console.log('Ctrl-C ends it');
    if (flags.open) openInBrowser(server.url);
    return await endOf(stopped.signal, own);
  } finally {
    clearInterval(sweep);
    if (server) await removeDashState(flags.results);
    await server?.stop();
    await own?.stop();
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
  }
}

async function startOwn(program: string, results: string, signal: AbortSignal): Promise<LocalPrometheus | undefined> {
  try {
    return await startPrometheus(program, results, signal);
  } catch (error) {
    if (signal.aborted) return undefined;
    throw new UsageError('no_prometheus', `Prometheus (${program}) did not start: ${error instanceof Error ? error.message : String(error)}`);
  }
}

async function endOf(signal: AbortSignal, own: LocalPrometheus | undefined): Promise<number> {
  const stopped = signal.aborted ? Promise.resolve() : once(signal, 'abort').then(() => undefined);
  const words = await Promise.race([stopped, ...(own ? [own.ended] : [])]);
  if (words === undefined || signal.aborted) return 0;
  console.error(`Prometheus ended by itself: ${words}`);
  return 1;
}

function httpUrl(text: string, flag: string): string {
  if (!/^https?:\/\/./.test(text) || !URL.canParse(text))
    throw new UsageError('bad_url', `${flag}: "${text}" is not an http(s) URL, such as http://127.0.0.1:9090`);
  return text.replace(/\/+$/, '');
}

async function checkBoards(folder: string): Promise<void> {
  if (!existsSync(folder)) throw new UsageError('no_boards', `--boards: there is no folder "${folder}"; give one with Grafana's dashboard JSON`);
  const { boards, broken } = await readBoards(folder);
  if (boards.length > 0) return;
  const why = broken.map(({ file, reason }) => `; ${file}: ${reason}`).join('');
  throw new UsageError('no_boards', `--boards: no board in "${folder}"${why}`);
}

async function checkResults(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true }).catch((error: Error) => {
    throw new UsageError('bad_results', `--results: "${folder}" cannot be used (${error.message}); give a folder that is there or can be made`);
  });
  const other = await runningDash(folder);
  if (other) throw new UsageError('dash_runs', `a dash runs on ${folder} already: ${other.url} (process ${other.pid}); use that, or give another --results`);
}

async function checkPrometheus(url: string): Promise<void> {
  const answer = await fetch(`${url}/api/v1/query?query=1`, { signal: AbortSignal.timeout(5_000) }).then(
    (response) => (response.ok ? undefined : `status ${response.status}`),
    (error: Error) => (error.cause instanceof Error ? error.cause.message : error.message),
  );
  if (answer !== undefined) throw new UsageError('no_prometheus', `--prometheus: no Prometheus answers at ${url} (${answer}); is it up?`);
}

function openInBrowser(url: string): void {
  const opener = process.platform === 'darwin' ? 'open' : process.platform === 'win32' ? 'explorer' : 'xdg-open';
  const child = spawn(opener, [url], { stdio: 'ignore', detached: true });
  child.on('error', () => console.log(`--open: ${opener} is not here; open ${url} yourself`));
  child.unref();
}

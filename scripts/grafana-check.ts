/**
 * `npm run grafana:check -- --grafana http://127.0.0.1:3000`: the boards in a real Grafana. It provisions them over the HTTP API, runs every panel through
 * `/api/ds/query`, takes a picture of each board and writes results/grafana-check/report.md.
 * Exit codes: 0 nothing failed, 99 something did, 1 Grafana could not be had, 2 wrong usage.
 */
import { parseArgs } from 'node:util';
import { durationMs, parseRange } from '../harness/dash/board/time-range.ts';
import { findProgram } from '../harness/tools.ts';
import { GrafanaError } from './grafana/api.ts';
import { checkGrafana, type CheckOptions } from './grafana/check.ts';

const usage = `Usage: npm run grafana:check -- --grafana <url> [options]

  --grafana <url>      Grafana, with the path that it is served under (or GRAFANA_URL)
  --token <token>      of a service account with the role Admin (or GRAFANA_TOKEN)
  --prometheus <url>   where Grafana finds Prometheus: makes the data source "prometheus" where there is none
  --tempo <url>        the same of Tempo
  --from, --to <time>  time shown (default now-1h, now)
  --scrape <time>      how often Prometheus scrapes (default 1s)
  --timeout <time>     for each request (default 15s)
  --settle <time>      how long a page may take to draw itself (default 20s)
  --out <folder>       of report.md and the pictures (default results/grafana-check)

Example: npm run grafana:check -- --grafana http://127.0.0.1:3000 --from now-15m`;

class UsageError extends Error {}

function optionsOf(argv: readonly string[], env: NodeJS.ProcessEnv): CheckOptions {
  const text = { type: 'string' } as const;
  let values: Record<string, string | undefined>;
  try {
    const options = { grafana: text, token: text, prometheus: text, tempo: text, from: text, to: text, scrape: text, timeout: text, settle: text, out: text };
    ({ values } = parseArgs({ args: [...argv], options }));
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
  const url = values['grafana'] ?? env['GRAFANA_URL'];
  if (url === undefined || url === '') throw new UsageError('no Grafana: give --grafana or GRAFANA_URL');
  const token = values['token'] ?? env['GRAFANA_TOKEN'];
  const [from, to] = [values['from'] ?? 'now-1h', values['to'] ?? 'now'];
  const range = parseRange({ from, to }, Date.now());
  if (!range) throw new UsageError(`--from ${from} --to ${to}: expected times such as now-1h and now, or milliseconds, the first before the second`);
  const chromiumPath = findProgram(['chromium', 'chromium-browser', 'google-chrome'], env['PATH'] ?? '');
  return {
    access: {
      url: webAddress('--grafana', url),
      timeoutMs: duration('--timeout', values['timeout'] ?? '15s'),
      ...(token !== undefined && token !== '' && { token }),
    },
    range,
    scrapeMs: duration('--scrape', values['scrape'] ?? '1s'),
    settleMs: duration('--settle', values['settle'] ?? '20s'),
    out: values['out'] ?? 'results/grafana-check',
    ...(values['prometheus'] !== undefined && { prometheusUrl: webAddress('--prometheus', values['prometheus']) }),
    ...(values['tempo'] !== undefined && { tempoUrl: webAddress('--tempo', values['tempo']) }),
    ...(chromiumPath !== undefined && { chromiumPath }),
  };
}

function webAddress(flag: string, text: string): string {
  if (!/^https?:\/\//.test(text) || !URL.canParse(text)) throw new UsageError(`${flag} ${text}: expected an address such as http://127.0.0.1:3000`);
  return text;
}

function duration(flag: string, text: string): number {
  const ms = durationMs(text);
  if (ms === undefined || ms <= 0) throw new UsageError(`${flag} ${text}: expected a time such as 15s`);
  return ms;
}

async function main(): Promise<number> {
  try {
    const options = optionsOf(process.argv.slice(2), process.env);
    if (options.chromiumPath === undefined) console.error('no Chromium on the PATH: no pictures will be taken');
    const { version, panels, failures, reportFile } = await checkGrafana(options);
    for (const failure of failures) console.error(`failed: ${failure}`);
    console.log(`Grafana ${version}: ${panels.length} panels and annotations run, ${failures.length} failed; ${reportFile}`);
    return failures.length === 0 ? 0 : 99;
  } catch (error) {
    if (error instanceof UsageError) console.error(`${error.message}\n\n${usage}`);
    else if (error instanceof GrafanaError) console.error(error.message);
    else throw error;
    return error instanceof UsageError ? 2 : 1;
  }
}

process.exitCode = await main();

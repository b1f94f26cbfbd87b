/** A real Prometheus with the project's own configuration and rules, its targets moved to where they run in a test; and what boards ask it. */
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import type { PanelQuery } from '../../harness/dash/board/panel-queries.ts';
import type { Labels, PrometheusData } from '../../harness/dash/board/series.ts';
import type { TimeRange } from '../../harness/dash/board/time-range.ts';
import type { VariableAnswer, VariableQuestion } from '../../harness/dash/board/variables.ts';
import { freePorts, type Program, root, startProgram } from '../stack/parts.ts';

export interface Exemplar {
  /** Of the series that it stands at; `le` is its bucket. */
  series: Labels;
  labels: Labels;
  value: number;
  atMs: number;
}

export type LivePrometheus = PrometheusClient & Program;

export interface PrometheusClient {
  url: string;
  /** One query of a panel. Throws with Prometheus' own words and the query. */
  ask(query: PanelQuery): Promise<PrometheusData>;
  exemplars(expr: string, range: TimeRange): Promise<Exemplar[]>;
  variable(question: VariableQuestion, range: TimeRange): Promise<VariableAnswer>;
  /** Instant, now or at a time: labels and value of each series. */
  instant(expr: string, atMs?: number): Promise<{ labels: Labels; value: number }[]>;
  /** Any path below `/api/v1/`. */
  api(path: string, parameters: Record<string, string>): Promise<unknown>;
}

/** `host:port` by the jobs of prometheus/prometheus.yml; of a job that is not named there is no target. */
export type Targets = Partial<Record<'server' | 'driver' | 'spans' | 'collector', readonly { target: string; labels?: Record<string, string> }[]>>;

export async function startLivePrometheus(file: string, targets: Targets): Promise<LivePrometheus> {
  const folder = await mkdtemp(join(tmpdir(), 'plumbline-prometheus-'));
  const [port = 0] = await freePorts(1);
  const configFile = join(folder, 'prometheus.yml');
  await writeFile(configFile, configFor(targets, port));
  const url = `http://127.0.0.1:${port}`;
  const program = await startProgram(
    file,
    [
      `--config.file=${configFile}`,
      `--storage.tsdb.path=${folder}/data`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--enable-feature=exemplar-storage',
      '--log.level=warn',
    ],
    {},
    `${url}/-/ready`,
  );
  return {
    ...clientOf(url),
    async stop() {
      await program.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Of a Prometheus that runs. */
export function clientOf(url: string): PrometheusClient {
  const api = (path: string, parameters: Record<string, string>): Promise<unknown> => askApi(url, path, parameters);
  return {
    url,
    api,
    ask: (query) => api(...requestOf(query)) as Promise<PrometheusData>,
    async exemplars(expr, range) {
      const found = (await api('query_exemplars', { query: expr, ...endsOf(range) })) as {
        seriesLabels: Labels;
        exemplars: { labels: Labels; value: string; timestamp: number }[];
      }[];
      return found.flatMap(({ seriesLabels, exemplars }) =>
        exemplars.map(({ labels, value, timestamp }) => ({ series: seriesLabels, labels, value: Number(value), atMs: timestamp * 1_000 })),
      );
    },
    variable: (question, range) => variableAnswer(api, question, range),
    async instant(expr, atMs) {
      const data = (await api('query', { query: expr, ...(atMs !== undefined && { time: String(atMs / 1_000) }) })) as {
        result: { metric: Labels; value: [number, string] }[];
      };
      return data.result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
    },
  };
}

interface ScrapeConfig {
  job_name: string;
  static_configs: { targets: string[]; labels?: Record<string, string> }[];
}

/** The file as it is, with these targets; a job that it does not have here is an error, so that none is forgotten. */
function configFor(targets: Targets, port: number): string {
  const config = parse(readFileSync(join(root, 'prometheus/prometheus.yml'), 'utf8')) as { scrape_configs: ScrapeConfig[]; rule_files?: string[] };
  const known: Record<string, readonly { target: string; labels?: Record<string, string> }[]> = { ...targets, prometheus: [{ target: `127.0.0.1:${port}` }] };
  for (const name of Object.keys(known))
    if (!config.scrape_configs.some(({ job_name }) => job_name === name)) throw new Error(`prometheus.yml has no job "${name}"`);
  for (const job of config.scrape_configs) {
    job.static_configs = (known[job.job_name] ?? []).map(({ target, labels }) => ({ targets: [target], ...(labels && { labels }) }));
  }
  const rules = join(root, 'prometheus/rules');
  if (existsSync(rules)) config.rule_files = [join(rules, '*.yml')];
  return stringify(config);
}

function requestOf({ kind, expr, startSeconds, endSeconds, stepSeconds }: PanelQuery): [path: string, parameters: Record<string, string>] {
  if (kind === 'instant') return ['query', { query: expr, time: String(endSeconds) }];
  const ends = { query: expr, start: String(startSeconds), end: String(endSeconds) };
  return kind === 'exemplars' ? ['query_exemplars', ends] : ['query_range', { ...ends, step: String(stepSeconds) }];
}

function endsOf({ fromMs, toMs }: TimeRange): { start: string; end: string } {
  return { start: String(fromMs / 1_000), end: String(toMs / 1_000) };
}

async function askApi(url: string, path: string, parameters: Record<string, string>): Promise<unknown> {
  const response = await fetch(`${url}/api/v1/${path}`, { method: 'POST', body: new URLSearchParams(parameters), signal: AbortSignal.timeout(30_000) });
  const answer = (await response.json()) as { status: string; error?: string; data: unknown };
  if (answer.status !== 'success') throw new Error(`Prometheus, ${path}: ${answer.error}\n  asked: ${JSON.stringify(parameters)}`);
  return answer.data;
}

/** Label values over series: those can be asked for by POST, and with a match or without it is one way. */
async function variableAnswer(api: LivePrometheus['api'], question: VariableQuestion, range: TimeRange): Promise<VariableAnswer> {
  const series = async (match: string): Promise<Labels[]> => (await api('series', { 'match[]': match, ...endsOf(range) })) as Labels[];
  switch (question.kind) {
    case 'labelValues': {
      const found = await series(question.match ?? `{${question.label}!=""}`);
      return [...new Set(found.flatMap((labels) => labels[question.label] ?? []))].sort();
    }
    case 'series':
      return (await series(question.match)).map((labels) => ({ labels }));
    case 'labelNames':
      return (await api('labels', endsOf(range))) as string[];
    case 'query': {
      const { result } = (await api('query', { query: question.expr, time: String(range.toMs / 1_000) })) as {
        result: { metric: Labels; value: [number, string] }[];
      };
      return result.map(({ metric, value }) => ({ labels: metric, value: value[1], atSeconds: value[0] }));
    }
  }
}

import type { Answer } from '../board/panel-answers.ts';
import type { PanelQuery } from '../board/panel-queries.ts';
import type { PrometheusData } from '../board/series.ts';
import type { TimeRange } from '../board/time-range.ts';
import type { DataSource, VariableAnswer, VariableQuestion } from '../board/variables.ts';
import type { SecondRow } from '../../results/run-file.ts';

/** As `/api/state` tells it. */
export interface Facts {
  prometheus: boolean;
  withoutPrometheus: string;
  scrapeMs: number;
  dataSources: DataSource[];
}

export interface BoardSummary {
  uid: string;
  title: string;
  description?: string;
  tags: string[];
}

export interface RunSummary {
  runId: string;
  startedAtMs: number;
  durationMs: number;
  verdict: string;
  legs: string[];
}

/** A second of a run, whatever its phase. */
export type RunRow = Omit<SecondRow, 'phase'>;

export interface RunSeries extends RunSummary {
  reasons: string[];
  series: { legId: string; rows: RunRow[] }[];
}

export interface TraceSummary {
  traceId: string;
  runId: string;
  name: string;
  service: string;
  startMs: number;
  durationMs: number;
  spans: number;
  failed: boolean;
}

/** A browser breaks off what is under way when any network of the machine comes or goes (a container started): it is asked for anew after so long. */
const againAfterMs = [100, 500, 1_500];

async function fetched(path: string, init: RequestInit): Promise<Response> {
  for (const waitMs of againAfterMs) {
    try {
      return await fetch(path, init);
    } catch (error) {
      if (init.signal?.aborted || !(error instanceof TypeError)) throw error;
      await new Promise((resolve) => setTimeout(resolve, waitMs));
    }
  }
  return fetch(path, init);
}

/** Throws with the server's own words. */
export async function getJson<T>(path: string, init: RequestInit = {}): Promise<T> {
  const response = await fetched(path, init);
  const answer = (await response.json().catch(() => undefined)) as { error?: string } | undefined;
  if (!response.ok || answer === undefined) throw new Error(answer?.error ?? `${response.status} ${response.statusText}`);
  return answer as T;
}

async function prometheus<T>(path: string, parameters: Record<string, string>, signal?: AbortSignal): Promise<T> {
  const init = { method: 'POST', body: new URLSearchParams(parameters), ...(signal && { signal }) };
  const answer = await getJson<{ status: string; error?: string; data: T }>(`/api/prometheus/api/v1/${path}`, init);
  if (answer.status !== 'success') throw new Error(answer.error ?? 'Prometheus gave no reason');
  return answer.data;
}

/** Asks what a panel's request says. */
export function askPrometheus({ kind, expr, startSeconds, endSeconds, stepSeconds }: PanelQuery, signal: AbortSignal): Promise<Answer['data']> {
  const span = { query: expr, start: String(startSeconds), end: String(endSeconds) };
  if (kind === 'exemplars') return prometheus('query_exemplars', span, signal);
  if (kind === 'instant') return prometheus('query', { query: expr, time: String(endSeconds) }, signal);
  return prometheus('query_range', { ...span, step: String(stepSeconds) }, signal);
}

/** Answers what a variable asks. */
export async function askVariable(question: VariableQuestion, { fromMs, toMs }: TimeRange): Promise<VariableAnswer> {
  const span = { start: String(fromMs / 1_000), end: String(toMs / 1_000) };
  const get = <T>(path: string, parameters: Record<string, string>): Promise<T> =>
    getJson<{ data: T }>(`/api/prometheus/api/v1/${path}?${new URLSearchParams(parameters)}`).then(({ data }) => data);
  switch (question.kind) {
    case 'labelValues':
      return get<string[]>(`label/${question.label}/values`, { ...span, ...(question.match !== undefined && { 'match[]': question.match }) });
    case 'labelNames':
      return get<string[]>('labels', { ...span, ...(question.match !== undefined && { 'match[]': question.match }) });
    case 'series':
      return (await get<Record<string, string>[]>('series', { ...span, 'match[]': question.match })).map((labels) => ({ labels }));
    case 'query': {
      const data = await prometheus<PrometheusData>('query', { query: question.expr, time: String(toMs / 1_000) });
      return data.resultType === 'vector' ? data.result.map(({ metric, value: [atSeconds, value] }) => ({ labels: metric, value, atSeconds })) : [];
    }
  }
}

/** The boards' queries by way of Grafana: `/api/ds/query`. */
import type { Board, Panel, Target } from '../../harness/dash/board/board.ts';
import { panelsOf } from '../../harness/dash/board/board.ts';
import { firstOf, interpolate, variableLookup } from '../../harness/dash/board/interpolate.ts';
import { annotationQuery, annotationsOf, panelQueries, panelRange } from '../../harness/dash/board/panel-queries.ts';
import type { TimeRange } from '../../harness/dash/board/time-range.ts';
import { type ResolvedVariable, resolveVariables, type VariableAnswer, type VariableQuestion } from '../../harness/dash/board/variables.ts';
import type { GrafanaApi } from './api.ts';

export interface QueryOptions {
  range: TimeRange;
  /** The data source's scrape interval. */
  scrapeMs: number;
}

/** A panel's width in pixels: so many points at most. */
const points = 1_000;

/** One query in the body of `/api/ds/query`. */
export interface DsQuery {
  refId: string;
  datasource: { type: string; uid: string };
  intervalMs: number;
  maxDataPoints: number;
  [property: string]: unknown;
}
export interface DsRequest {
  queries: DsQuery[];
  /** Milliseconds, as text. */
  from: string;
  to: string;
}

export interface PanelResult {
  board: string;
  panel: string;
  /** Absent: an annotation of the board. */
  id?: number;
  /** `empty`: answered, with no number; `drawn by the page`: has no query that a back end answers. */
  outcome: 'values' | 'empty' | 'failed' | 'drawn by the page';
  /** Numbers that came. */
  values: number;
  /** Why it failed. */
  reason?: string;
}

/** Options of the board's variables, asked of the data source through Grafana as its pages do. */
export function resolveThroughGrafana(api: GrafanaApi, board: Board, { range, scrapeMs }: QueryOptions): Promise<ResolvedVariable[]> {
  const dataSources = [{ uid: 'prometheus', name: 'Prometheus', type: 'prometheus' }];
  return resolveVariables(board.variables, { wanted: {}, range, scrapeMs, dataSources, ask: (question) => askVariable(api, question, range) });
}

async function askVariable(api: GrafanaApi, question: VariableQuestion, range: TimeRange): Promise<VariableAnswer> {
  if (question.kind === 'query') return await askQuery(api, question.expr, range);
  if (question.kind !== 'labelValues') throw new Error(`a variable asks for ${question.kind}: this check knows label_values and query_result`);
  const parameters = new URLSearchParams({ start: String(Math.floor(range.fromMs / 1_000)), end: String(Math.ceil(range.toMs / 1_000)) });
  if (question.match !== undefined) parameters.set('match[]', question.match);
  const { body } = await api.ask('GET', `/api/datasources/uid/prometheus/resources/api/v1/label/${question.label}/values?${parameters}`);
  const { data } = body as { data?: unknown };
  return Array.isArray(data) ? data.map(String) : [];
}

/** `query_result(...)`: an instant query like a panel's. */
async function askQuery(api: GrafanaApi, expr: string, range: TimeRange): Promise<VariableAnswer> {
  const query: DsQuery = { refId: 'V', datasource: { type: 'prometheus', uid: 'prometheus' }, intervalMs: 1_000, maxDataPoints: points, expr, instant: true };
  const { body } = await api.ask('POST', '/api/ds/query', { body: { queries: [query], from: String(range.fromMs), to: String(range.toMs) } });
  const { frames = [] } = (body as { results?: Record<string, DsResult> }).results?.['V'] ?? {};
  return frames.flatMap(({ schema, data }) => {
    const [times = [], values = []] = data?.values ?? [];
    const labels = schema?.fields?.[1]?.labels ?? {};
    return values.map((value, index) => ({ labels, value: String(value), atSeconds: Number(times[index]) / 1_000 }));
  });
}

/** What Grafana's page would send for a panel: variables filled in, `$__rate_interval` and the like left to Grafana. Undefined: nothing that a back end answers. */
export function requestOf(panel: Panel, variables: readonly ResolvedVariable[], options: QueryOptions): DsRequest | undefined {
  const range = panelRange(panel, options.range);
  const queries = panel.targets.filter(({ hide }) => !hide).flatMap((target) => queryOf(panel, target, variables, options) ?? []);
  return queries.length === 0 ? undefined : { queries, from: String(range.fromMs), to: String(range.toMs) };
}

function queryOf(panel: Panel, target: Target, variables: readonly ResolvedVariable[], { range, scrapeMs }: QueryOptions): DsQuery | undefined {
  const { refId, datasource = panel.datasource } = target;
  const glob = variableLookup(variables, 'glob');
  const uid = interpolate(datasource?.uid ?? '', glob);
  const step = panelQueries(panel, { variables, range, scrapeMs, points }).find((query) => query.refId === refId)?.stepSeconds;
  const common = {
    refId,
    datasource: { type: datasource?.type ?? '', uid },
    intervalMs: Math.round((step ?? 1) * 1_000),
    maxDataPoints: panel.maxDataPoints ?? points,
  };
  if (datasource?.type === 'tempo') {
    // The service map is made by Grafana's page out of Prometheus: its picture has it.
    if (target.queryType !== 'traceql') return undefined;
    return { ...common, queryType: 'traceql', query: interpolate(target.query ?? '', glob), limit: 20, tableType: 'traces' };
  }
  return {
    ...common,
    expr: interpolate(target.expr, firstOf(variableLookup(variables, 'promql'))),
    range: target.range,
    instant: target.instant,
    exemplar: target.exemplar,
    format: target.format,
    ...(target.legendFormat !== undefined && { legendFormat: target.legendFormat }),
    ...(target.interval !== undefined && { interval: target.interval }),
  };
}

/** Runs every panel and every annotation of a board once. */
export async function runPanels(api: GrafanaApi, board: Board, variables: readonly ResolvedVariable[], options: QueryOptions): Promise<PanelResult[]> {
  const results: PanelResult[] = [];
  for (const panel of panelsOf(board)) {
    if (panel.targets.length === 0) continue;
    const about = { board: board.uid, panel: panel.title, id: panel.id };
    const request = requestOf(panel, variables, options);
    if (!request) results.push({ ...about, outcome: 'drawn by the page', values: 0 });
    else results.push({ ...about, ...(await runOne(api, request)) });
  }
  for (const annotation of annotationsOf(board)) {
    const { stepSeconds } = annotationQuery(annotation, { variables, ...options, points });
    const uid = interpolate(annotation.datasource?.uid ?? '', variableLookup(variables, 'glob'));
    const expr = interpolate(annotation.expr, variableLookup(variables, 'promql'));
    const query = {
      refId: 'Anno',
      datasource: { type: 'prometheus', uid },
      intervalMs: Math.round(stepSeconds * 1_000),
      maxDataPoints: points,
      expr,
      range: true,
    };
    const request = { queries: [query], from: String(options.range.fromMs), to: String(options.range.toMs) };
    results.push({ board: board.uid, panel: `annotation "${annotation.name}"`, ...(await runOne(api, request)) });
  }
  return results;
}

interface DsResult {
  error?: string;
  status?: number;
  frames?: { schema?: { fields?: { type?: string; labels?: Record<string, string> }[] }; data?: { values?: unknown[][] } }[];
}

async function runOne(api: GrafanaApi, request: DsRequest): Promise<Pick<PanelResult, 'outcome' | 'values' | 'reason'>> {
  try {
    // 400 and 500 tell in their body which query failed, and why.
    const { status, body } = await api.ask('POST', '/api/ds/query', { body: request, expected: [400, 500] });
    const { results, message } = body as { results?: Record<string, DsResult>; message?: string };
    if (!results) return { outcome: 'failed', values: 0, reason: `answered ${status}: ${message ?? 'no results'}` };
    const faults = request.queries.flatMap(({ refId }) => {
      const result = results[refId];
      if (!result) return [`${refId}: no answer`];
      return result.error === undefined && (result.status ?? 200) < 300 ? [] : [`${refId}: ${result.error ?? `status ${result.status}`}`];
    });
    if (faults.length > 0) return { outcome: 'failed', values: 0, reason: faults.join('; ') };
    const values = Object.values(results).reduce((sum, result) => sum + finiteIn(result), 0);
    return { outcome: values > 0 ? 'values' : 'empty', values };
  } catch (error) {
    return { outcome: 'failed', values: 0, reason: error instanceof Error ? error.message : String(error) };
  }
}

/** Numbers in the data frames, times left out; of frames without numbers (traces), their rows. */
function finiteIn({ frames = [] }: DsResult): number {
  return frames.reduce((sum, { schema, data }) => {
    const fields = schema?.fields ?? [];
    const columns = data?.values ?? [];
    if (!fields.some(({ type }) => type === 'number')) return sum + (columns[0]?.length ?? 0);
    return (
      sum +
      fields.reduce((count, { type }, index) => count + (type === 'number' ? (columns[index] ?? []).filter((value) => Number.isFinite(value)).length : 0), 0)
    );
  }, 0);
}

import type { AnnotationQuery, Board, DataSourceRef, Panel, Target } from './board.ts';
import { stepLookup, timeLookup } from './builtins.ts';
import { type Chosen, firstOf, interpolate, type Lookup, variableLookup } from './interpolate.ts';
import { durationMs, stepMs, type TimeRange } from './time-range.ts';

/** What a board's queries depend on. */
export interface QueryContext {
  /** Every variable with what is chosen (see `resolveVariables`). */
  variables: readonly Chosen[];
  range: TimeRange;
  /** The data source's scrape interval, the shortest step that makes sense. */
  scrapeMs: number;
  /** Points that a panel has room for: its width in pixels. */
  points: number;
}

export type QueryKind = 'range' | 'instant' | 'exemplars' | 'heatmap';

/** One request to Prometheus. */
export interface PanelQuery {
  refId: string;
  /** `heatmap` is a range query that answers with buckets; `exemplars` goes to `query_exemplars`. */
  kind: QueryKind;
  /** PromQL, with nothing left to replace. */
  expr: string;
  /** Of range queries: their ends are multiples of the step, as Grafana sends them. An instant query is asked at `endSeconds`. */
  startSeconds: number;
  endSeconds: number;
  stepSeconds: number;
  /** Template of the series' names, `{{label}}` still in it; `''` or `__auto`: of the labels that tell them apart. */
  legend: string;
  format: Target['format'];
}

/** Prometheus answers at most so many points a series. */
const mostPoints = 11_000;

/** All requests of a panel, in the order of its targets. Hidden targets, and those for another data source (see `foreignTargets`), have none. */
export function panelQueries(panel: Panel, context: QueryContext): PanelQuery[] {
  const range = panelRange(panel, context.range);
  return panel.targets.flatMap((target) => {
    if (target.hide || target.expr.trim() === '' || !isPrometheus(target.datasource ?? panel.datasource)) return [];
    const { lookup, step } = stepsOf(panel, target, { ...context, range });
    const common = {
      refId: target.refId,
      expr: interpolate(target.expr, lookup),
      legend: interpolate(target.legendFormat ?? '', lookup),
      format: target.format,
      ...spanOf(range, step),
    };
    const isHeatmap = target.format === 'heatmap' && !target.instant;
    return [
      ...(target.range ? [{ ...common, kind: isHeatmap ? ('heatmap' as const) : ('range' as const) }] : []),
      ...(target.instant ? [{ ...common, kind: 'instant' as const, endSeconds: range.toMs / 1_000 }] : []),
      ...(target.exemplar && target.range ? [{ ...common, kind: 'exemplars' as const }] : []),
    ];
  });
}

/** Targets of a panel that Prometheus cannot answer (Tempo's), with their queries filled in. */
export function foreignTargets(panel: Panel, { variables, range }: Pick<QueryContext, 'variables' | 'range'>): Target[] {
  const lookup = firstOf(variableLookup(variables, 'glob'), timeLookup(range));
  return panel.targets
    .filter((target) => !target.hide && !isPrometheus(target.datasource ?? panel.datasource))
    .map((target) => ({ ...target, ...(target.query !== undefined && { query: interpolate(target.query, lookup) }) }));
}

/** The request for one annotation of a board; the title, text and tags are still templates of labels. */
export function annotationQuery(annotation: AnnotationQuery, context: QueryContext): PanelQuery {
  const shortest = annotation.step === undefined ? undefined : durationMs(interpolate(annotation.step, variableLookup(context.variables, 'glob')));
  const rangeMs = context.range.toMs - context.range.fromMs;
  const step = Math.max(shortest ?? stepMs(context.range, context.points, context.scrapeMs), rangeMs / mostPoints);
  const lookup = firstOf(variableLookup(context.variables, 'promql'), timeLookup(context.range), stepLookup({ intervalMs: step, scrapeMs: context.scrapeMs }));
  return {
    refId: annotation.name,
    kind: 'range',
    expr: interpolate(annotation.expr, lookup),
    legend: '',
    format: 'time_series',
    ...spanOf(context.range, Math.ceil(step)),
  };
}

/** The annotations that are on. */
export function annotationsOf({ annotations }: Board): AnnotationQuery[] {
  return annotations.filter(({ enable, datasource }) => enable && isPrometheus(datasource));
}

/** The window that a panel shows: the board's, or its own `timeFrom` up to the same end. */
export function panelRange({ timeFrom }: Panel, range: TimeRange): TimeRange {
  const own = timeFrom === undefined ? undefined : durationMs(timeFrom);
  return own === undefined ? range : { fromMs: range.toMs - own, toMs: range.toMs };
}

/** What a panel's title, links and texts may name. */
export function textLookup({ variables, range }: Pick<QueryContext, 'variables' | 'range'>): Lookup {
  return firstOf(variableLookup(variables, 'glob'), timeLookup(range));
}

function isPrometheus(source: DataSourceRef | undefined): boolean {
  if (source?.type !== undefined) return source.type === 'prometheus';
  return source?.uid === undefined || !/tempo|jaeger|loki|-- (?:Grafana|Dashboard) --|grafana/i.test(source.uid);
}

function stepsOf(panel: Panel, target: Target, { variables, range, scrapeMs, points }: QueryContext): { lookup: Lookup; step: number } {
  const names = variableLookup(variables, 'glob');
  const shortest = (text: string | undefined): number | undefined => (text === undefined ? undefined : durationMs(interpolate(text, names).replace(/^>/, '')));
  const ofTarget = shortest(target.interval);
  const least = Math.max(ofTarget ?? shortest(panel.interval) ?? scrapeMs, (range.toMs - range.fromMs) / mostPoints);
  const intervalMs = Math.ceil(stepMs(range, panel.maxDataPoints ?? points, least));
  return {
    step: intervalMs,
    lookup: firstOf(variableLookup(variables, 'promql'), timeLookup(range), stepLookup({ intervalMs, scrapeMs: ofTarget ?? scrapeMs })),
  };
}

function spanOf({ fromMs, toMs }: TimeRange, step: number): Pick<PanelQuery, 'startSeconds' | 'endSeconds' | 'stepSeconds'> {
  return { startSeconds: (Math.floor(fromMs / step) * step) / 1_000, endSeconds: (Math.floor(toMs / step) * step) / 1_000, stepSeconds: step / 1_000 };
}

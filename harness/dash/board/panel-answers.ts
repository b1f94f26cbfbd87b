import type { Panel } from './board.ts';
import { type Heatmap, heatmapOf } from './heatmap.ts';
import { type Exemplar, type ExemplarData, exemplarsOf } from './marks.ts';
import type { PanelQuery } from './panel-queries.ts';
import { type PrometheusData, type Series, seriesOf } from './series.ts';
import { type Table, tableOf } from './table.ts';
import { transform } from './transform.ts';

/** A request of a panel with what came back: `data` of Prometheus' answer. */
export interface Answer {
  query: PanelQuery;
  data: PrometheusData | ExemplarData;
}

/** What a panel draws. */
export interface PanelData {
  series: Series[];
  tables: Table[];
  heatmap?: Heatmap;
  exemplars: Exemplar[];
  /** One line each; the rest is drawn all the same. */
  faults: string[];
}

export function emptyData(faults: string[] = []): PanelData {
  return { series: [], tables: [], exemplars: [], faults };
}

/** The answers of a panel as its kind draws them, its transformations done. */
export function assemble(panel: Panel, answers: readonly Answer[]): PanelData {
  const data = emptyData();
  const isTable = ({ kind, format }: PanelQuery): boolean => kind === 'instant' && (format === 'table' || panel.type === 'table');
  const tableQueries = new Set(answers.filter(({ query }) => isTable(query)).map(({ query }) => query.refId));
  for (const { query, data: answered } of answers) {
    if (query.kind === 'exemplars') data.exemplars.push(...exemplarsOf(query.refId, answered as ExemplarData));
    else if (query.kind === 'heatmap') data.heatmap = heatmapOf(query, answered as PrometheusData);
    else if (isTable(query)) data.tables.push(tableOf(query, answered as PrometheusData, tableQueries.size === 1));
    else data.series.push(...seriesOf(query, answered as PrometheusData));
  }
  try {
    data.tables = transform(data.tables, panel.transformations);
  } catch (error) {
    data.faults.push(error instanceof Error ? error.message : String(error));
  }
  return data;
}

/** Nothing came back that could be drawn. */
export function isEmpty({ series, tables, heatmap }: PanelData): boolean {
  const hasPoint = series.some(({ values }) => values.some((value) => value !== null));
  const hasRow = tables.some(({ columns }) => (columns[0]?.values.length ?? 0) > 0);
  return !hasPoint && !hasRow && !(heatmap && heatmap.most > 0);
}

import type { PanelQuery } from './panel-queries.ts';
import { type Labels, numberFrom, type PrometheusData, samplesOf } from './series.ts';

export type Cell = number | string | null;

export interface Column {
  name: string;
  /** What it was called before a transformation named it anew: links still name it so, as in Grafana. */
  field?: string;
  type: 'time' | 'number' | 'string';
  refId: string;
  values: Cell[];
  labels?: Labels;
}

/** Columns of one length. */
export interface Table {
  refId: string;
  columns: Column[];
}

export const timeColumn = 'Time';

/** An instant answer as Grafana lays it out: the time, a column a label, the value (`Value #A` where several queries fill the panel). */
export function tableOf(query: PanelQuery, data: PrometheusData, isOnly: boolean): Table {
  const found = samplesOf(data);
  const labels = [...new Set(found.flatMap((each) => Object.keys(each.labels)))].sort();
  const rows = found.flatMap(({ labels: own, samples }) => samples.map(([at, text]) => ({ own, at, text })));
  const { refId } = query;
  return {
    refId,
    columns: [
      { name: timeColumn, type: 'time', refId, values: rows.map(({ at }) => at * 1_000) },
      ...labels.map((label): Column => ({ name: label, type: 'string', refId, values: rows.map(({ own }) => own[label] ?? null) })),
      { name: isOnly ? 'Value' : `Value #${refId}`, type: 'number', refId, values: rows.map(({ text }) => numberFrom(text)) },
    ],
  };
}

export function rowCount({ columns }: Table): number {
  return columns[0]?.values.length ?? 0;
}

/** A column of a table by its name, whose values stand for nothing where it is missing. */
export function columnOf({ columns }: Table, name: string): Column | undefined {
  return columns.find((column) => column.name === name);
}

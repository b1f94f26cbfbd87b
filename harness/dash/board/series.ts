import { interpolate } from './interpolate.ts';
import type { PanelQuery } from './panel-queries.ts';

export type Labels = Record<string, string>;

/** One series of an answer, on the times of its query: null where there is no point. */
export interface Series {
  refId: string;
  name: string;
  labels: Labels;
  timesMs: number[];
  values: (number | null)[];
}

/** As `query` and `query_range` answer (`data`). */
export type PrometheusData =
  | { resultType: 'matrix'; result: { metric: Labels; values: [number, string][] }[] }
  | { resultType: 'vector'; result: { metric: Labels; value: [number, string] }[] }
  | { resultType: 'scalar' | 'string'; result: [number, string] };

/** The series of one answer, named by the query's legend. */
export function seriesOf(query: PanelQuery, data: PrometheusData): Series[] {
  const found = samplesOf(data);
  const telling = query.legend === '' || query.legend === '__auto' ? tellingLabels(found.map(({ labels }) => labels)) : [];
  const times = data.resultType === 'matrix' ? gridOf(query) : undefined;
  return found.map(({ labels, samples }) => {
    const name = legendText(query, labels, telling);
    if (!times) return { refId: query.refId, name, labels, timesMs: samples.map(([at]) => at * 1_000), values: samples.map(([, value]) => numberFrom(value)) };
    const values = new Array<number | null>(times.length).fill(null);
    for (const [at, value] of samples) {
      const place = Math.round((at - query.startSeconds) / query.stepSeconds);
      if (place >= 0 && place < values.length) values[place] = numberFrom(value);
    }
    return { refId: query.refId, name, labels, timesMs: times, values };
  });
}

interface Sampled {
  labels: Labels;
  samples: [number, string][];
}

export function samplesOf(data: PrometheusData): Sampled[] {
  if (data.resultType === 'matrix') return data.result.map(({ metric, values }) => ({ labels: metric, samples: values }));
  if (data.resultType === 'vector') return data.result.map(({ metric, value }) => ({ labels: metric, samples: [value] }));
  return [{ labels: {}, samples: [data.result] }];
}

/** Prometheus writes numbers as text; what is no number is no point. */
export function numberFrom(text: string): number | null {
  if (text === '+Inf') return Infinity;
  if (text === '-Inf') return -Infinity;
  const value = Number(text);
  return Number.isNaN(value) ? null : value;
}

export function gridOf({ startSeconds, endSeconds, stepSeconds }: PanelQuery): number[] {
  const count = Math.floor((endSeconds - startSeconds) / stepSeconds + 1e-6) + 1;
  return Array.from({ length: Math.max(0, count) }, (_, index) => Math.round((startSeconds + index * stepSeconds) * 1_000));
}

/** `{{label}}` with its value. */
export function labelTemplate(text: string, labels: Labels): string {
  return text.replace(/\{\{\s*(.+?)\s*\}\}/g, (_, label: string) => labels[label] ?? '');
}

function legendText({ legend, expr }: PanelQuery, labels: Labels, telling: readonly string[]): string {
  if (legend !== '' && legend !== '__auto') return labelTemplate(legend, labels);
  if (legend === '__auto') {
    const values = telling.map((label) => labels[label] ?? '');
    if (values.length === 1 && values[0] !== '') return values[0] ?? '';
    if (values.length === 0 && Object.keys(labels).length === 0) return expr;
  }
  const shown = legend === '__auto' && telling.length > 0 ? telling : Object.keys(labels).filter((label) => label !== '__name__');
  const inner = shown.flatMap((label) => (labels[label] === undefined ? [] : [`${label}="${labels[label]}"`]));
  const metric = labels['__name__'] ?? '';
  return inner.length === 0 ? metric || expr : `${metric}{${inner.join(', ')}}`;
}

/** Labels whose values are not the same for all. */
function tellingLabels(all: readonly Labels[]): string[] {
  const names = [...new Set(all.flatMap((labels) => Object.keys(labels)))].filter((label) => label !== '__name__');
  return names.filter((label) => new Set(all.map((labels) => labels[label])).size > 1);
}

/** What a field's `displayName` and its links may name of a series: `__field.labels.x`, `__field.name`, `__series.name`, `__value.*`. */
export function displayName(template: string, series: Pick<Series, 'name' | 'labels' | 'refId'>): string {
  return interpolate(template, (name, { path }) => {
    if (name === '__series' || (name === '__field' && (path === 'name' || path === 'displayName'))) return series.name;
    if (name !== '__field') return undefined;
    const label = /^labels(?:\.(\w+)|\["(.+)"\])$/.exec(path ?? '');
    return label ? (series.labels[label[1] ?? label[2] ?? ''] ?? '') : undefined;
  });
}

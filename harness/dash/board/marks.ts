import type { AnnotationQuery } from './board.ts';
import type { PanelQuery } from './panel-queries.ts';
import { labelTemplate, numberFrom, type PrometheusData, samplesOf } from './series.ts';

/** What an annotation draws: a line at a time, or a region up to another. */
export interface Mark {
  name: string;
  fromMs: number;
  toMs?: number;
  title: string;
  text: string;
  tags: string[];
  color: string;
}

/** The marks of an annotation's answer: one a value where the value is the time, else a region for each time that the value was above 0 without a break. */
export function marksOf(annotation: AnnotationQuery, query: PanelQuery, data: PrometheusData): Mark[] {
  const { name, iconColor: color, titleFormat, textFormat, tagKeys = '', useValueForTime } = annotation;
  return samplesOf(data).flatMap(({ labels, samples }) => {
    const common = {
      name,
      color,
      title: titleFormat === undefined ? name : labelTemplate(titleFormat, labels),
      text: textFormat === undefined ? '' : labelTemplate(textFormat, labels),
      tags: tagKeys.split(',').flatMap((key) => labels[key.trim()] ?? []),
    };
    if (useValueForTime) {
      const times = new Set(samples.flatMap(([, value]) => Math.floor(numberFrom(value) ?? 0)));
      return [...times]
        .filter((fromMs) => fromMs >= query.startSeconds * 1_000 && fromMs <= (query.endSeconds + query.stepSeconds) * 1_000)
        .map((fromMs) => ({ ...common, fromMs }));
    }
    return regionsOf(samples, query.stepSeconds * 1_000).map(({ fromMs, toMs }) => ({ ...common, fromMs, ...(toMs > fromMs && { toMs }) }));
  });
}

function regionsOf(samples: readonly [number, string][], stepMs: number): { fromMs: number; toMs: number }[] {
  const regions: { fromMs: number; toMs: number }[] = [];
  for (const [at, value] of samples) {
    if ((numberFrom(value) ?? 0) <= 0) continue;
    const atMs = at * 1_000;
    const latest = regions.at(-1);
    if (latest && atMs - latest.toMs <= stepMs * 1.001) latest.toMs = atMs;
    else regions.push({ fromMs: atMs, toMs: atMs });
  }
  return regions;
}

export interface Exemplar {
  refId: string;
  atMs: number;
  value: number;
  labels: Record<string, string>;
  seriesLabels: Record<string, string>;
}

/** As `query_exemplars` answers (`data`). */
export type ExemplarData = readonly {
  seriesLabels: Record<string, string>;
  exemplars: { labels: Record<string, string>; value: string; timestamp: number }[];
}[];

export function exemplarsOf(refId: string, data: ExemplarData): Exemplar[] {
  return data.flatMap(({ seriesLabels, exemplars }) =>
    exemplars.flatMap(({ labels, value, timestamp }) => {
      const number = numberFrom(value);
      return number === null ? [] : [{ refId, atMs: timestamp * 1_000, value: number, labels, seriesLabels }];
    }),
  );
}

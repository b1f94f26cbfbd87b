import type { PanelQuery } from './panel-queries.ts';
import { gridOf, numberFrom, type PrometheusData, samplesOf } from './series.ts';

export interface Heatmap {
  timesMs: number[];
  /** From the lowest up. The first begins at -Infinity or at 0, the last may end at Infinity. */
  buckets: { low: number; high: number }[];
  /** counts[bucket][time]: how many fell into it; null: no answer at that time. */
  counts: (number | null)[][];
  /** The highest count. */
  most: number;
}

/** Prometheus' cumulative buckets (`le`) as counts of each bucket alone. Series of the same `le` are added. */
export function heatmapOf(query: PanelQuery, data: PrometheusData): Heatmap {
  const timesMs = gridOf(query);
  const cumulative = new Map<number, (number | null)[]>();
  for (const { labels, samples } of samplesOf(data)) {
    const le = numberFrom(labels['le'] ?? '');
    if (labels['le'] === undefined || le === null) continue;
    const row = cumulative.get(le) ?? new Array<number | null>(timesMs.length).fill(null);
    cumulative.set(le, row);
    for (const [at, text] of samples) {
      const place = Math.round((at - query.startSeconds) / query.stepSeconds);
      const value = numberFrom(text);
      if (place >= 0 && place < row.length && value !== null) row[place] = (row[place] ?? 0) + value;
    }
  }
  const bounds = [...cumulative.keys()].sort((a, b) => a - b);
  const counts = bounds.map((bound, index) => {
    const below = index === 0 ? undefined : cumulative.get(bounds[index - 1] ?? 0);
    // Buckets of one scrape may be read a moment apart: never fewer than none.
    return (cumulative.get(bound) ?? []).map((value, at) => (value === null ? null : Math.max(0, value - (below?.[at] ?? 0))));
  });
  const [first = 0] = bounds;
  return {
    timesMs,
    buckets: bounds.map((high, index) => ({ low: index === 0 ? (first > 0 ? 0 : -Infinity) : (bounds[index - 1] ?? 0), high })),
    counts,
    most: counts.reduce((most, row) => row.reduce<number>((high, value) => Math.max(high, value ?? 0), most), 0),
  };
}

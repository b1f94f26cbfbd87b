/** Reads metrics as Prometheus would. */

export interface MetricLine {
  name: string;
  labels: Record<string, string>;
  value: number;
  exemplar?: { traceId: string; value: number; atEpochSeconds: number };
}

const linePattern = /^(?<name>[a-zA-Z_:][\w:]*)(?:\{(?<labels>.*?)\})? (?<value>\S+)(?: # \{trace_id="(?<trace>[^"]*)"\} (?<seen>\S+) (?<at>\S+))?$/;

/** Throws on a line that is none. */
export function metricLines(text: string): MetricLine[] {
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const found = linePattern.exec(line)?.groups;
      if (!found) throw new Error(`not a metric: ${line}`);
      const labels = Object.fromEntries([...(found['labels'] ?? '').matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map((match) => [match[1], match[2]]));
      const value = found['value'] === '+Inf' ? Number.POSITIVE_INFINITY : Number(found['value']);
      const { trace, seen, at } = found;
      return {
        name: found['name'] ?? '',
        labels,
        value,
        ...(trace !== undefined && { exemplar: { traceId: trace, value: Number(seen), atEpochSeconds: Number(at) } }),
      };
    });
}

/** The one value with these labels at least; undefined where there is none, and an error where there are several. */
export function metricValue(lines: readonly MetricLine[], name: string, labels: Record<string, string> = {}): number | undefined {
  const found = lines.filter((line) => line.name === name && Object.entries(labels).every(([label, value]) => line.labels[label] === value));
  if (found.length > 1) throw new Error(`${found.length} series of ${name} ${JSON.stringify(labels)}`);
  return found[0]?.value;
}

/** Cumulative counts by upper bound, ascending, ending with +Inf. */
export type Buckets = readonly (readonly [upTo: number, count: number])[];

/** Prometheus' `histogram_quantile`: linear inside a bucket, the lowest from 0, above the highest bound that bound. */
export function histogramQuantile(q: number, buckets: Buckets): number {
  const total = buckets.at(-1)?.[1] ?? 0;
  const rank = q * total;
  const index = buckets.findIndex(([, count]) => count >= rank);
  if (index === buckets.length - 1) return buckets.at(-2)?.[0] ?? Number.NaN;
  const [upper, count] = buckets[index] as readonly [number, number];
  const [lower, before] = index === 0 ? ([0, 0] as const) : (buckets[index - 1] as readonly [number, number]);
  return lower + (upper - lower) * ((rank - before) / (count - before));
}

/** Of one series. */
export function bucketsOf(lines: readonly MetricLine[], name: string, labels: Record<string, string>): Buckets {
  return lines
    .filter((line) => line.name === `${name}_bucket` && Object.entries(labels).every(([label, value]) => line.labels[label] === value))
    .map((line) => [line.labels['le'] === '+Inf' ? Number.POSITIVE_INFINITY : Number(line.labels['le']), line.value] as const);
}

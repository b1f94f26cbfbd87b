/** Metrics as text, in both formats that Prometheus reads: its own, and OpenMetrics, which alone can carry exemplars. */

export type MetricFormat = 'prometheus' | 'openmetrics';

export const metricContentTypes: Readonly<Record<MetricFormat, string>> = {
  prometheus: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
};

/** One metric name and its series. */
export interface MetricFamily {
  readonly name: string;
  /** Whole lines; a block is made at once, and is small. */
  blocks(format: MetricFormat): Iterable<string> | Promise<Iterable<string>>;
}

/** As prom-client's `get()` tells a metric. */
export interface CollectedMetric {
  name: string;
  help: string;
  /** `counter`, `gauge`, `histogram`, `summary`. */
  type: unknown;
  values: readonly { value: number | string; labels: Partial<Record<string, string | number>>; metricName?: string }[];
}

export interface MetricTextOptions {
  /** Milliseconds, monotonic. */
  now(): number;
  /** After so long, or 32 KiB, without a pause one is taken. */
  pieceMs: number;
  /** Lets the event loop do something else. */
  pause(): Promise<unknown>;
  /** How long each piece took. */
  onPiece?(ms: number): void;
}

/** Whoever sends a piece puts it together and encodes it, which takes as long again as making it: the time alone does not bound that. */
const pieceChars = 32_768;

/** What an `accept` header asks for. Whoever has no preference gets Prometheus' own format. */
export function metricFormatOf(accept: string | undefined): MetricFormat {
  let openMetrics = 0;
  let text = 0;
  for (const part of accept?.split(',') ?? []) {
    const [type = '', ...parameters] = part.split(';').map((piece) => piece.trim().toLowerCase());
    const given = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
    const quality = given === undefined ? 1 : Number(given);
    if (type === 'application/openmetrics-text') openMetrics = Math.max(openMetrics, quality);
    else if (type === 'text/plain') text = Math.max(text, quality);
  }
  return openMetrics > 0 && openMetrics >= text ? 'openmetrics' : 'prometheus';
}

/** In pieces with pauses between them: a large answer does not hold up whatever else runs here. */
export async function* metricText(families: Iterable<MetricFamily>, format: MetricFormat, options: MetricTextOptions): AsyncGenerator<string> {
  const { now, pieceMs, pause, onPiece } = options;
  let piece = '';
  let sinceMs = now();
  for (const family of families) {
    for (const block of await family.blocks(format)) {
      piece += block;
      const tookMs = now() - sinceMs;
      if (tookMs < pieceMs && piece.length < pieceChars) continue;
      onPiece?.(tookMs);
      yield piece;
      piece = '';
      await pause();
      sinceMs = now();
    }
  }
  onPiece?.(now() - sinceMs);
  yield format === 'openmetrics' ? `${piece}# EOF\n` : piece;
}

/** A metric of prom-client. */
export function collectedFamily(name: string, get: () => Promise<CollectedMetric> | undefined): MetricFamily {
  return {
    name,
    async blocks(format) {
      const collected = await get();
      if (!collected) return [];
      const { help, type, values } = collected;
      const lines = values.map(({ metricName, labels, value }) => {
        const names = Object.keys(labels);
        const text = labelText(
          names,
          names.map((label) => labelValue(label, labels[label])),
        );
        return `${metricName ?? name}${text === '' ? '' : `{${text}}`} ${value}\n`;
      });
      return [head({ name, help, type: String(type) }, format) + lines.join('')];
    },
  };
}

/** The two lines before a metric's series. OpenMetrics names a counter without `_total`, its series with it. */
export function head({ name, help, type }: { name: string; help: string; type: string }, format: MetricFormat): string {
  const shown = format === 'openmetrics' && type === 'counter' ? name.replace(/_total$/, '') : name;
  return `# HELP ${shown} ${escaped(help, format === 'openmetrics')}\n# TYPE ${shown} ${type}\n`;
}

/** `a="b",c="d"`, or nothing. Labels whose value is empty are left out: to Prometheus that is the same. */
export function labelText(names: readonly string[], values: readonly string[]): string {
  return names
    .flatMap((name, index) => {
      const value = values[index] ?? '';
      return value === '' ? [] : [`${name}="${escaped(value, true)}"`];
    })
    .join(',');
}

function labelValue(label: string, value: string | number | undefined): string {
  if (label === 'le' && typeof value === 'number' && Number.isInteger(value)) return value.toFixed(1);
  return value === undefined ? '' : String(value);
}

function escaped(text: string, quotes: boolean): string {
  const plain = text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
  return quotes ? plain.replaceAll('"', '\\"') : plain;
}

/** The trace back end that a run's spans went to: where one trace opens. Pure. */
import type { RunFile, TraceBackend } from '../results/run-file.ts';
import type { Sample } from '../sample.ts';

/** Around a request: spans that a server adds later, and clocks that differ. */
const marginMs = 60_000;
const names: Readonly<Record<TraceBackend['kind'], string>> = { jaeger: 'Jaeger', 'grafana-tempo': 'Grafana', template: 'the trace back end' };

export function backendName({ kind }: TraceBackend): string {
  return names[kind] ?? names.template;
}

/** Undefined: it is a template that a trace can be put into. Else what is wrong with it. */
export function templateFault(url: string): string | undefined {
  if (!url.includes('{traceId}')) return 'has no {traceId}';
  return /^https?:\/\/./.test(url) && URL.canParse(url) ? undefined : 'is not an http(s) URL';
}

/** Undefined for a request without a trace, and for a back end that is none: run.json comes from anywhere. */
export function backendUrl(backend: TraceBackend, sample: Sample, { startedAt }: Pick<RunFile, 'startedAt'>): string | undefined {
  const { traceId } = sample;
  if (traceId === undefined || templateFault(backend.url) !== undefined) return undefined;
  const startMs = Date.parse(startedAt);
  const fromMs = sample.intendedAtMs ?? sample.sentAtMs ?? 0;
  const values: Record<string, string> = {
    traceId: encodeURIComponent(traceId),
    fromMs: String(Math.floor(startMs + fromMs - marginMs)),
    toMs: String(Math.ceil(startMs + (sample.endedAtMs ?? fromMs) + marginMs)),
  };
  return backend.url.replaceAll(/\{(traceId|fromMs|toMs)\}/g, (_, name: string) => values[name] ?? '');
}

export function jaegerBackend(origin: string): TraceBackend {
  return { kind: 'jaeger', url: `${origin}/trace/{traceId}` };
}

/** Grafana's explore view, by the data source `tempo` of grafana/provisioning. */
export function grafanaBackend(origin: string): TraceBackend {
  const query = { refId: 'A', datasource: { type: 'tempo', uid: 'tempo' }, queryType: 'traceql', query: '{traceId}' };
  const url = new URL('/explore', origin);
  url.searchParams.set('schemaVersion', '1');
  url.searchParams.set('panes', JSON.stringify({ trace: { datasource: 'tempo', queries: [query], range: { from: '{fromMs}', to: '{toMs}' } } }));
  return { kind: 'grafana-tempo', url: url.href.replaceAll(/%7B(traceId|fromMs|toMs)%7D/g, '{$1}') };
}

/** One line for each leg's slowest request with a trace. */
export function slowestTraceLines(run: Pick<RunFile, 'legs' | 'startedAt' | 'telemetry'>): string[] {
  const backend = run.telemetry?.backend;
  if (!backend) return [];
  return run.legs.flatMap(({ scenario, driver, slowest }) => {
    const sample = slowest.find(({ traceId }) => traceId !== undefined);
    const url = sample && backendUrl(backend, sample, run);
    return url === undefined ? [] : [`slowest of ${scenario} (${driver}): ${url}`];
  });
}

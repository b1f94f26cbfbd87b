/** The trace back end that a run's spans went to: where one trace opens. Pure. */
import { spanAttributes } from '../../scenarios/names.ts';
import type { RunFile, Telemetry, TraceBackend } from '../results/run-file.ts';
import type { Sample } from '../sample.ts';
import type { Trace } from '../telemetry/trace-tree.ts';

/** Around a request: spans that a server adds later, and clocks that differ. */
const marginMs = 60_000;
/** What a template may have, by name. */
const placeholders = ['{traceId}', '{fromMs}', '{toMs}'];
const names: Readonly<Record<TraceBackend['kind'], string>> = { jaeger: 'Jaeger', 'grafana-tempo': 'Grafana', template: 'the trace back end' };

export function backendName({ kind }: TraceBackend): string {
  return names[kind] ?? names.template;
}

/** Undefined: it is a template that a trace can be put into, and nothing else is wanted. Else what is wrong with it. */
export function templateFault(url: string): string | undefined {
  const fault = addressFault(url);
  if (fault !== undefined) return fault;
  const unknown = [...url.matchAll(/\{\w+\}/g)].map(([name]) => name).filter((name) => !placeholders.includes(name));
  return unknown.length === 0 ? undefined : `has ${[...new Set(unknown)].join(', ')}, and only ${placeholders.join(', ')} are filled in`;
}

/** What makes it no address for a trace. A placeholder that is not known may be part of one: it is left as it is. */
function addressFault(url: string): string | undefined {
  if (!url.includes('{traceId}')) return 'has no {traceId}';
  const [, host] = /^https?:\/\/([^/?#]*)/i.exec(url) ?? [];
  if (host === undefined || !URL.canParse(url)) return 'is not an http(s) URL';
  if (host === '') return 'has no host';
  return /[{}]/.test(host) ? 'has a placeholder where its host should be' : undefined;
}

/** Undefined for a request without a trace, and for a back end that is none: run.json comes from anywhere. */
export function backendUrl(backend: TraceBackend, sample: Sample, { startedAt }: Pick<RunFile, 'startedAt'>): string | undefined {
  const { traceId } = sample;
  if (traceId === undefined) return undefined;
  const startMs = Date.parse(startedAt);
  const fromMs = sample.intendedAtMs ?? sample.sentAtMs ?? 0;
  return urlOf(backend, traceId, startMs + fromMs, startMs + (sample.endedAtMs ?? fromMs));
}

/** Of a trace as the run's file of spans has it: by the id under which the server's spans are filed. */
export function backendUrlOfTrace(backend: TraceBackend, { id, rows, startMs, endMs }: Trace): string | undefined {
  const begun = rows.map(({ span }) => span.attributes[spanAttributes.serverTrace]).find((value) => typeof value === 'string');
  return urlOf(backend, begun ?? id, startMs, endMs);
}

/** Times in milliseconds since 1970. */
function urlOf(backend: TraceBackend, traceId: string, startMs: number, endMs: number): string | undefined {
  if (addressFault(backend.url) !== undefined) return undefined;
  const values: Record<string, string> = {
    traceId: encodeURIComponent(traceId),
    fromMs: String(Math.floor(startMs - marginMs)),
    toMs: String(Math.ceil(endMs + marginMs)),
  };
  return backend.url.replaceAll(/\{(traceId|fromMs|toMs)\}/g, (_, name: string) => values[name] ?? '');
}

/** Why no span of the server is in the run's file, where that is as it should be. */
export function serverSpansText(telemetry: Telemetry | undefined): string | undefined {
  const { traces, endpoint } = telemetry ?? {};
  if (endpoint !== undefined) return traces === 'elsewhere' ? `the server's spans went to ${endpoint}` : `the server sends its spans to ${endpoint}`;
  return traces === 'elsewhere' ? "the server's spans were not sent here, and where it sends them is not known" : undefined;
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

/** One line for each leg's slowest request with a trace; none where it is known that its spans did not get there. */
export function slowestTraceLines(run: Pick<RunFile, 'legs' | 'startedAt' | 'telemetry'>): string[] {
  const { telemetry } = run;
  const backend = telemetry?.backend;
  if (!backend || telemetry.driverSpans?.fault !== undefined || (telemetry.endpoint !== undefined && telemetry.traces === 'none')) return [];
  return run.legs.flatMap(({ scenario, driver, slowest }) => {
    const sample = slowest.find(({ traceId }) => traceId !== undefined);
    const url = sample && backendUrl(backend, sample, run);
    return url === undefined ? [] : [`slowest of ${scenario} (${driver}): ${url}`];
  });
}

/** Which traces the report holds, and how they are reached. Pure. */
import type { LegResult, RunFile } from '../results/run-file.ts';
import type { Sample } from '../sample.ts';
import type { FlatSpan } from '../telemetry/flat-span.ts';
import { type Trace, tracesOf } from '../telemetry/trace-tree.ts';

/** By the id that the request's sample has. */
export type OpenableTraces = ReadonlyMap<string, Trace>;

export interface EmbeddedTrace {
  legId: string;
  sample: Sample;
}

/** Of a leg, so that the page stays light: its slowest come first, then those behind the dots of its charts. */
const mostOfALeg = 48;

/** The requests whose traces belong into the report, slowest first in each leg. */
export function embeddedTraces(legs: readonly LegResult[]): EmbeddedTrace[] {
  return legs.flatMap((leg) => {
    const chosen = new Map<string, Sample>();
    const dots = (leg.exemplars ?? []).toSorted((a, b) => b.q - a.q).map((exemplar) => exemplar.sample);
    for (const sample of [...leg.slowest, ...dots]) {
      if (chosen.size < mostOfALeg && sample.traceId !== undefined && !chosen.has(sample.traceId)) chosen.set(sample.traceId, sample);
    }
    return [...chosen.values()].map((sample) => ({ legId: leg.id, sample }));
  });
}

/** Ids under which the spans of these traces may be filed. */
export function traceIdsOf(embedded: readonly EmbeddedTrace[]): Set<string> {
  return new Set(embedded.flatMap(({ sample }) => [sample.traceId, sample.sentTraceId].filter((id) => id !== undefined)));
}

export function openableTraces(run: RunFile, spans: readonly FlatSpan[]): OpenableTraces {
  const known = tracesOf(spans);
  const openable = new Map<string, Trace>();
  for (const { sample } of embeddedTraces(run.legs)) {
    const { traceId } = sample;
    const trace = traceId === undefined ? undefined : (known.get(traceId) ?? known.get(sample.sentTraceId ?? ''));
    if (traceId !== undefined && trace) openable.set(traceId, trace);
  }
  return openable;
}

export function traceChartId(traceId: string): string {
  return `chart-trace-${traceId}`;
}

export function traceLink(traceId: string, traces: OpenableTraces): string | undefined {
  return traces.has(traceId) ? `#${traceChartId(traceId)}` : undefined;
}

/** From a dot of a chart of latencies to the trace of a request at that quantile; undefined where the leg has none. */
export function exemplarLinks(leg: LegResult, traces: OpenableTraces): ((name: string, q: number) => string | undefined) | undefined {
  const links = new Map<string, string>();
  for (const { group, q, sample } of leg.exemplars ?? []) {
    const href = sample.traceId === undefined ? undefined : traceLink(sample.traceId, traces);
    if (href !== undefined) links.set(`${group} ${q}`, href);
  }
  return links.size === 0 ? undefined : (name, q) => links.get(`${name} ${q}`);
}

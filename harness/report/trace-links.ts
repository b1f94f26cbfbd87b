/** Which traces the report holds, and how a request's trace is reached. Pure. */
import type { LegResult, RunFile } from '../results/run-file.ts';
import type { Sample } from '../sample.ts';
import type { FlatSpan } from '../telemetry/flat-span.ts';
import { type Trace, tracesOf } from '../telemetry/trace-tree.ts';
import { escape } from './escape.ts';
import { backendName, backendUrl } from './trace-backend.ts';

/** By the id that the request's sample has. */
export type OpenableTraces = ReadonlyMap<string, Trace>;

export interface ReportTraces {
  /** In this page. */
  here: OpenableTraces;
  /** In the trace back end, where the run knows one. */
  there?: (sample: Sample) => TraceLink | undefined;
}

export interface TraceLink {
  href: string;
  /** What a click does, in words. */
  said: string;
  /** Leads out of the page: opened beside it. */
  leaves: boolean;
}

export interface EmbeddedTrace {
  legId: string;
  sample: Sample;
  /** False: shown only when it is whole, since nobody promised to keep it. */
  promised: boolean;
}

/** Of a leg, so that the page stays light: its slowest come first, then those behind the dots of its charts of latency. */
const mostPromised = 48;
/** Rows of a chart of stream timelines. */
const streamsDrawn = 24;

export const noTraces: ReportTraces = { here: new Map() };

/** The streams that the chart of timelines draws. */
export function drawnStreams({ streams }: LegResult): Sample[] {
  return streams.filter(({ eventTimesMs, sentAtMs }) => eventTimesMs !== undefined && eventTimesMs.length > 0 && sentAtMs !== undefined).slice(0, streamsDrawn);
}

/** The requests whose traces belong into the report, each leg's slowest first. */
export function embeddedTraces(legs: readonly LegResult[]): EmbeddedTrace[] {
  return legs.flatMap((leg) => {
    const chosen = new Map<string, EmbeddedTrace>();
    const dots = (leg.exemplars ?? []).toSorted((a, b) => b.q - a.q).map(({ sample }) => sample);
    const choose = (samples: readonly Sample[], promised: boolean): void => {
      for (const sample of samples) {
        if (promised && chosen.size >= mostPromised) return;
        if (sample.traceId !== undefined && !chosen.has(sample.traceId)) chosen.set(sample.traceId, { legId: leg.id, sample, promised });
      }
    };
    choose([...(leg.kept ?? []), ...leg.slowest, ...dots], true);
    choose([...leg.errors.flatMap(({ sample }) => sample ?? []), ...(leg.secondExemplars ?? []).map(({ sample }) => sample), ...drawnStreams(leg)], false);
    return [...chosen.values()];
  });
}

/** Ids under which the spans of these traces may be filed. */
export function traceIdsOf(embedded: readonly EmbeddedTrace[]): Set<string> {
  return new Set(embedded.flatMap(({ sample }) => [sample.traceId, sample.sentTraceId].filter((id) => id !== undefined)));
}

export function reportTraces(run: RunFile, spans: readonly FlatSpan[]): ReportTraces {
  const known = tracesOf(spans);
  const here = new Map<string, Trace>();
  for (const { sample, promised } of embeddedTraces(run.legs)) {
    const { traceId } = sample;
    const trace = traceId === undefined ? undefined : (known.get(traceId) ?? known.get(sample.sentTraceId ?? ''));
    if (traceId !== undefined && trace && (promised || trace.faults.length === 0)) here.set(traceId, trace);
  }
  const backend = run.telemetry?.backend;
  if (!backend) return { here };
  // A reference server was asked to keep what the report opens; of any other it is there if it was sampled.
  const unsure = run.target.kind === 'foreign';
  return {
    here,
    there(sample) {
      const href = backendUrl(backend, sample, run);
      if (href === undefined) return undefined;
      return { href, said: `opens its trace in ${backendName(backend)}${unsure ? doubtOf(sample) : ''}`, leaves: true };
    },
  };
}

/** Why it may not be there. */
function doubtOf({ sampled, sentTraceId }: Sample): string {
  if (sentTraceId !== undefined)
    return sampled === true ? '' : `, if it was kept: the server began it and ${sampled === false ? 'did not sample it' : 'did not say'}`;
  return sampled === false ? ', if it was kept: it was not sampled when it was sent' : '';
}

export function traceChartId(traceId: string): string {
  return `chart-trace-${traceId}`;
}

/** One click to the whole trace: in this page where it is whole here, else in the back end, else to what there is here. */
export function traceLink(sample: Sample, { here, there }: ReportTraces): TraceLink | undefined {
  const { traceId } = sample;
  const trace = traceId === undefined ? undefined : here.get(traceId);
  const inside: TraceLink | undefined =
    traceId !== undefined && trace ? { href: `#${traceChartId(traceId)}`, said: 'opens its trace', leaves: false } : undefined;
  return trace?.faults.length === 0 ? inside : (there?.(sample) ?? inside);
}

/** Attributes of a link; one that leaves tells the other page nothing of this one. */
export function linkAttributes({ href, leaves }: TraceLink): Record<string, string> {
  return { class: 'to-trace', href, ...(leaves && { target: '_blank', rel: 'noopener' }) };
}

/** Markup within a link, where there is one. */
export function linked(link: TraceLink | undefined, html: string): string {
  if (!link) return html;
  const attributes = Object.entries(linkAttributes(link)).map(([name, value]) => ` ${name}="${escape(value)}"`);
  return `<a${attributes.join('')} title="${escape(link.said)}">${html}</a>`;
}

/** From a dot of a chart of latencies to the trace of a request at that quantile; undefined where the leg has none. */
export function exemplarLinks(leg: LegResult, traces: ReportTraces): ((name: string, q: number) => TraceLink | undefined) | undefined {
  const links = new Map<string, TraceLink>();
  for (const { group, q, sample } of leg.exemplars ?? []) {
    const link = traceLink(sample, traces);
    if (link) links.set(`${group} ${q}`, link);
  }
  return links.size === 0 ? undefined : (name, q) => links.get(`${name} ${q}`);
}

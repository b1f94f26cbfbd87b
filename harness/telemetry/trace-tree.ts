/** The spans of one trace in the order of a tree. Pure. */
import { serviceNames, spanAttributes } from '../../scenarios/names.ts';
import type { FlatSpan } from './flat-span.ts';

export interface TraceRow {
  span: FlatSpan;
  /** 0 for a root. */
  depth: number;
  /** Set where the span begins a trace of its own that links to the row above it: the server did not take the caller's. */
  restarted?: true;
}

export interface Trace {
  id: string;
  /** A parent comes before its children, children in order of their start. Never empty. */
  rows: TraceRow[];
  /** Of all spans, milliseconds since 1970. */
  startMs: number;
  endMs: number;
  /** What is missing, one line each; none: it is whole, from the driver's span inwards. */
  faults: string[];
}

/** The fault of a trace that has the driver's spans alone. */
export const noServerSpan = 'no span of the server is here';

/** By the id of a trace that a server began: the driver's span that it belongs to. */
type Callers = ReadonlyMap<string, { traceId: string; spanId: string }>;

/** What a span hangs on: its parent, or, where it begins a trace of its own, the span that it links to, or the driver's that was told of it. */
function upOf(span: FlatSpan, callers: Callers): { traceId: string; spanId: string; restarted: boolean } | undefined {
  if (span.parentSpanId !== undefined) return { traceId: span.traceId, spanId: span.parentSpanId, restarted: false };
  const caller = span.links[0] ?? callers.get(span.traceId);
  return caller && { ...caller, restarted: true };
}

/** Every trace among the spans, by each id under which it is known: where a server starts traces of its own, the driver's and the server's spans are one trace here. */
export function tracesOf(spans: Iterable<FlatSpan>): ReadonlyMap<string, Trace> {
  const byTrace = new Map<string, Map<string, FlatSpan>>();
  const callers = new Map<string, { traceId: string; spanId: string }>();
  for (const span of spans) {
    let those = byTrace.get(span.traceId);
    if (!those) {
      those = new Map();
      byTrace.set(span.traceId, those);
    }
    // An exporter that tries again may send a span twice.
    those.set(span.spanId, span);
    const begun = span.attributes[spanAttributes.serverTrace];
    if (typeof begun === 'string') callers.set(begun, { traceId: span.traceId, spanId: span.spanId });
  }
  /** The trace of the caller -> those that a server began for it. */
  const begunFor = new Map<string, Set<string>>();
  for (const [id, those] of byTrace) {
    for (const span of those.values()) {
      const up = upOf(span, callers);
      if (up?.restarted && up.traceId !== id && byTrace.has(up.traceId)) begunFor.set(up.traceId, (begunFor.get(up.traceId) ?? new Set()).add(id));
    }
  }
  const begun = new Set([...begunFor.values()].flatMap((ids) => [...ids]));
  const traces = new Map<string, Trace>();
  for (const [id, those] of byTrace) {
    const further = [...(begunFor.get(id) ?? [])];
    // Shown with its caller; two that call each other are shown apart.
    if (begun.has(id) && further.length === 0) continue;
    const whole = [...those.values(), ...further.flatMap((other) => [...(byTrace.get(other)?.values() ?? [])])];
    const trace = assemble(further[0] ?? id, whole, callers);
    for (const name of [id, ...further]) traces.set(name, trace);
  }
  return traces;
}

function assemble(id: string, spans: readonly FlatSpan[], callers: Callers): Trace {
  const known = new Set(spans.map(({ spanId }) => spanId));
  const children = new Map<string, FlatSpan[]>();
  const roots: FlatSpan[] = [];
  const faults: string[] = [];
  for (const span of spans) {
    const up = upOf(span, callers);
    if (up === undefined || !known.has(up.spanId)) roots.push(span);
    else children.set(up.spanId, [...(children.get(up.spanId) ?? []), span]);
    if (up !== undefined && !known.has(up.spanId)) faults.push(`the ${up.restarted ? 'caller' : 'parent'} of "${span.name}" (${span.service}) is not here`);
  }
  const rows: TraceRow[] = [];
  const seen = new Set<string>();
  const add = (span: FlatSpan, depth: number): void => {
    if (seen.has(span.spanId)) return;
    seen.add(span.spanId);
    const row: TraceRow = { span, depth };
    if (depth > 0 && upOf(span, callers)?.restarted) row.restarted = true;
    rows.push(row);
    for (const child of (children.get(span.spanId) ?? []).toSorted(byStart)) add(child, depth + 1);
  };
  for (const root of roots.toSorted(byStart)) add(root, 0);
  // Spans that are each other's parents have no root; they are shown all the same.
  for (const span of spans) add(span, 0);
  if (!spans.some(({ service }) => service === serviceNames.driver)) faults.push("the driver's span is not here");
  if (spans.every(({ service }) => service === serviceNames.driver)) faults.push(noServerSpan);
  return {
    id,
    rows,
    startMs: spans.reduce((least, { startMs }) => Math.min(least, startMs), Number.POSITIVE_INFINITY),
    endMs: spans.reduce((most, { endMs }) => Math.max(most, endMs), Number.NEGATIVE_INFINITY),
    faults,
  };
}

function byStart(a: FlatSpan, b: FlatSpan): number {
  return a.startMs - b.startMs || b.endMs - a.endMs;
}

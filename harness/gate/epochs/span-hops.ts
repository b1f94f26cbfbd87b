import type { FlatSpan } from '../../telemetry/flat-span.ts';

/**
 * Own time of each kind of span in one trace: its duration without what its children cover of it, however many of these run at the same time. Kinds are told by service
 * and name (`shop-db SELECT`); several of a kind are added up. A parent that was not sent is nobody's parent.
 */
export function spanOwnTimesMs(spans: readonly FlatSpan[]): Map<string, number> {
  // An exporter that tries again may send a span twice.
  const known = new Map(spans.map((span) => [span.spanId, span]));
  const children = Map.groupBy(known.values(), ({ parentSpanId }) => parentSpanId);
  const own = new Map<string, number>();
  for (const span of known.values()) {
    const kind = `${span.service} ${span.name}`;
    const ms = span.endMs - span.startMs - coveredMs(span, children.get(span.spanId) ?? []);
    own.set(kind, (own.get(kind) ?? 0) + ms);
  }
  return own;
}

function coveredMs({ startMs, endMs }: FlatSpan, inside: readonly FlatSpan[]): number {
  let covered = 0;
  let untilMs = startMs;
  for (const child of inside.toSorted((a, b) => a.startMs - b.startMs)) {
    const fromMs = Math.max(child.startMs, untilMs);
    const toMs = Math.min(child.endMs, endMs);
    if (toMs <= fromMs) continue;
    covered += toMs - fromMs;
    untilMs = toMs;
  }
  return covered;
}

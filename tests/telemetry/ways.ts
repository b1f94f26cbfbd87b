import type { FlatSpan } from '../../harness/telemetry/flat-span.ts';

/** The tiers between the driver and the data, in the order of a request. */
export const outerTiers = ['plumbline-driver', 'plumbline-edge', 'plumbline-lb', 'plumbline-mesh', 'plumbline-services'];

/** Services from a span up to where its trace begins, by parents alone; a span without one that links to another goes on there. What is not there is `missing`. */
export function waysUp(spans: readonly FlatSpan[], traceIds: readonly (string | undefined)[]): string[][] {
  const known = new Map(spans.filter(({ traceId }) => traceIds.includes(traceId)).map((span) => [span.spanId, span]));
  return [...known.values()].map((span) => {
    const way: string[] = [];
    for (let at: FlatSpan | undefined = span; at !== undefined; ) {
      way.unshift(at.service);
      const up: string | undefined = at.parentSpanId ?? at.links[0]?.spanId;
      if (up !== undefined && !known.has(up)) way.unshift('missing');
      at = up === undefined ? undefined : known.get(up);
    }
    return way;
  });
}

/** When a server's store was at work on a request, by the server's own account. Pure. */
import type { Sample } from '../sample.ts';

/**
 * On the run's clock: the commit of a write, or where none is told the start of the first `store` entry of the response's Server-Timing, which a read reads in. They count from the request's arrival,
 * which lies after it was sent, and at least so long before the response's head came as the server says that it was at work until then: the middle of the two. Undefined: the
 * server does not tell.
 */
export function storeMomentMs({ sentAtMs, connectMs = 0, headersAtMs, truth }: Sample): number | undefined {
  const hops = truth?.hops ?? [];
  const momentMs = hops.find(({ commitMs }) => commitMs !== undefined)?.commitMs ?? hops.find(({ hop }) => hop === 'store')?.startMs;
  if (momentMs === undefined || sentAtMs === undefined) return undefined;
  const earliestMs = sentAtMs + connectMs;
  // The head of a stream has no `actual`, but its hops lie before it, too.
  const workedMs = Math.max(truth?.actualMs ?? 0, ...hops.map((hop) => (hop.startMs ?? 0) + hop.durationMs));
  const latestMs = headersAtMs === undefined ? earliestMs : Math.max(earliestMs, headersAtMs - workedMs);
  return (earliestMs + latestMs) / 2 + momentMs;
}

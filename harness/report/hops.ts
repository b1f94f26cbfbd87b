import type { HopTiming } from '../sample.ts';

/** The tiers in the order that a request crosses them; their colours are the same in every chart (`hop-<name>` in style.ts). */
export const hopOrder: readonly string[] = ['edge', 'lb', 'mesh', 'service', 'store', 'cache', 'inference'];

export interface OwnTime {
  hop: string;
  /** From arrival; absent where the server tells no starts. */
  startMs: number;
  durationMs: number;
}

export function hopClass(hop: string): string {
  return hopOrder.includes(hop) ? `hop-${hop}` : 'hop-other';
}

/**
 * What each hop spent itself: hops wrap one another, so a moment belongs to the innermost hop that is open then (the last to start).
 * Hops that tell no start are laid one after another.
 */
export function ownTimes(hops: readonly HopTiming[]): OwnTime[] {
  if (!hops.every(({ startMs }) => startMs !== undefined)) {
    let startMs = 0;
    return hops.map(({ hop, durationMs }) => {
      const own = { hop, startMs, durationMs };
      startMs += durationMs;
      return own;
    });
  }
  const spans = hops.map(({ hop, startMs = 0, durationMs }, order) => ({ hop, startMs, endMs: startMs + durationMs, order }));
  const edges = [...new Set(spans.flatMap(({ startMs, endMs }) => [startMs, endMs]))].sort((a, b) => a - b);
  const owned: OwnTime[] = [];
  for (let i = 1; i < edges.length; i += 1) {
    const [from, to] = [edges[i - 1] ?? 0, edges[i] ?? 0];
    const open = spans.filter(({ startMs, endMs }) => startMs <= from && endMs >= to);
    const inner = open.toSorted((a, b) => b.startMs - a.startMs || b.order - a.order)[0];
    if (!inner) continue;
    const last = owned.at(-1);
    if (last && last.hop === inner.hop && Math.abs(last.startMs + last.durationMs - from) < 1e-6) last.durationMs += to - from;
    else owned.push({ hop: inner.hop, startMs: from, durationMs: to - from });
  }
  return owned;
}

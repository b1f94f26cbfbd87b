import type { LatencyProfile } from '../latency/profile.ts';

/** Frees at this time, on the server's clock. */
const freeAtMs = new WeakMap<object, number>();

/**
 * When bytes handed to a paced connection now may leave: they queue behind what the connection still has to carry at `downMbps`, and a response waits `rttMs` once.
 * It is the network's time, on top of the draw and outside the server's lateness. Undefined: the profile has no link.
 */
export function linkDueMs(link: LatencyProfile['link'], connection: object, bytes: number, nowMs: number): number | undefined {
  if (!link) return undefined;
  const startMs = Math.max(nowMs, freeAtMs.get(connection) ?? 0);
  const endMs = startMs + (bytes * 8) / (link.downMbps * 1_000);
  freeAtMs.set(connection, endMs);
  return endMs + link.rttMs;
}

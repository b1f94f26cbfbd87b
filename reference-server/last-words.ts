import type { ServerState } from './state.ts';

const stepMs = 20;
/** Without a stream that ends: the clients of those that are left do not read. Longer than a tier waits for another one's word about a stream. */
const patienceMs = 4_500;
const longestMs = 6_000;

/** Tells all open streams to end, and waits while they say so to their clients and store what they have: many take a while, through tiers above all. */
export async function lastWords({ open, clock }: Pick<ServerState, 'open' | 'clock'>): Promise<void> {
  for (const stream of open) stream.abort();
  const untilMs = clock.now() + longestMs;
  let left = open.size;
  let endedMs = clock.now();
  while (open.size > 0 && clock.now() < Math.min(untilMs, endedMs + patienceMs)) {
    await clock.wait(clock.now() + stepMs);
    if (open.size < left) endedMs = clock.now();
    left = open.size;
  }
}

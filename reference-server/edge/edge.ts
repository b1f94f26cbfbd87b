import type { Exchange, Hop } from '../exchange.ts';
import { inHop, spend } from '../hop.ts';
import type { DeadlineClock } from '../latency/deadline-clock.ts';

/** The CDN's part before the response is written: half of its share on the way in; the rest is waited when the response is ready. */
export function edge(next: Hop, clock: DeadlineClock): Hop {
  return (exchange: Exchange) =>
    inHop(exchange, 'edge', 'request', clock, async () => {
      await spend(exchange, exchange.draw.sharesMs.edge / 2, clock);
      return next(exchange);
    });
}

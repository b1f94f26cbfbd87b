import type { Hop } from '../exchange.ts';
import { inHop, spend } from '../hop.ts';
import type { DeadlineClock } from '../latency/deadline-clock.ts';

/** The load balancer: adds `via`, as observed, and its share. */
export function lb(next: Hop, clock: DeadlineClock): Hop {
  return (exchange) =>
    inHop(exchange, 'lb', 'route', clock, async () => {
      await spend(exchange, exchange.draw.sharesMs.lb, clock);
      const reply = await next(exchange);
      return { ...reply, headers: { ...reply.headers, via: '1.1 google' } };
    });
}

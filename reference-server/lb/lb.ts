import { type Hop, HttpError } from '../exchange.ts';
import { inHop, spend } from '../hop.ts';
import type { DeadlineClock } from '../latency/deadline-clock.ts';

const via = { via: '1.1 google' };

/** The load balancer: adds `via`, as observed, and its share. */
export function lb(next: Hop, clock: DeadlineClock): Hop {
  return (exchange) =>
    inHop(exchange, 'lb', 'route', clock, async () => {
      await spend(exchange, exchange.draw.sharesMs.lb, clock);
      try {
        const reply = await next(exchange);
        return { ...reply, headers: { ...reply.headers, ...via } };
      } catch (error) {
        if (error instanceof HttpError) error.headers = { ...error.headers, ...via };
        throw error;
      }
    });
}

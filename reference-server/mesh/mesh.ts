import type { Hop } from '../exchange.ts';
import { HttpError } from '../exchange.ts';
import { inHop, spend } from '../hop.ts';
import type { DeadlineClock } from '../latency/deadline-clock.ts';

/** The sidecar proxy: says what is behind it took, in whole milliseconds, up to the response's headers. */
export function mesh(next: Hop, clock: DeadlineClock): Hop {
  return (exchange) =>
    inHop(exchange, 'mesh', exchange.operation.service, clock, async () => {
      await spend(exchange, exchange.draw.sharesMs.mesh, clock);
      const sentMs = clock.now();
      const upstream = (): Record<string, string> => ({ 'x-envoy-upstream-service-time': String(Math.round(clock.now() - sentMs)) });
      try {
        const reply = await next(exchange);
        if (reply.stream) return { ...reply, headersAtHead: upstream };
        return { ...reply, headers: { ...reply.headers, ...upstream() } };
      } catch (error) {
        if (error instanceof HttpError) error.headers = { ...error.headers, ...upstream() };
        throw error;
      }
    });
}

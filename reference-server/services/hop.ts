import { headers as headerNames } from '../../scenarios/names.ts';
import type { Exchange, Hop, Reply } from '../exchange.ts';
import { HttpError } from '../exchange.ts';
import { inHop, spend } from '../hop.ts';
import type { DeadlineClock } from '../latency/deadline-clock.ts';
import { tokenOf } from '../store/replication/position.ts';
import { checkAccess } from './access/check-access.ts';
import type { Idempotency } from './idempotency/idempotency.ts';
import type { Backends, Route } from './route.ts';
import type { Workers } from './workers.ts';

export interface ServiceParts {
  clock: DeadlineClock;
  routes: ReadonlyMap<string, Route>;
  backends: Backends;
  workers: Workers;
  idempotency: Idempotency;
  /** Finds the session or throws 401. */
  signIn(exchange: Exchange): Promise<void>;
}

/** A service: takes a worker for its share of the draw, checks the session and what it may, handles. A drawn error takes its time, too. */
export function service(parts: ServiceParts): Hop {
  const { clock, routes, backends, workers, idempotency } = parts;
  return (exchange) =>
    inHop(exchange, 'service', exchange.operation.service, clock, async () => {
      const route = routes.get(exchange.operation.name);
      if (!route) throw new HttpError(501, 'not_implemented', `${exchange.operation.name} is not served`);
      const release = await workers.take(exchange);
      try {
        await spend(exchange, exchange.draw.sharesMs.service, clock);
        const { error } = exchange.draw;
        if (error) {
          await spendBackend(exchange, clock);
          throw new HttpError(error.status, error.code, 'failed by the latency profile (errorRatio)');
        }
        if (!route.anonymous) await parts.signIn(exchange);
        if (exchange.faults) throw new HttpError(400, 'invalid_request', 'the request has faults', exchange.faults);
        await checkAccess(exchange, backends);
        return await idempotency.answer(exchange, backends, async () => withToken(exchange, await route.handle(exchange, backends)));
      } finally {
        release();
      }
    });
}

/** What has been seen or written by then; the rest of a stream is not in it. */
function withToken({ seen }: Exchange, reply: Reply): Reply {
  return seen ? { ...reply, headers: { ...reply.headers, [headerNames.consistencyToken]: tokenOf(seen) } } : reply;
}

function spendBackend(exchange: Exchange, clock: DeadlineClock): Promise<void> | undefined {
  const { store, cache, inference } = exchange.draw.sharesMs;
  return spend(exchange, store + cache + inference, clock);
}

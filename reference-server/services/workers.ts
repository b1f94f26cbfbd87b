import type { ServiceName } from '../../scenarios/operations.ts';
import { type Exchange, HttpError } from '../exchange.ts';
import type { DeadlineClock } from '../latency/deadline-clock.ts';
import type { LatencyProfile } from '../latency/profile.ts';
import type { PoolLoad } from '../telemetry/metrics-gauges.ts';

/** Workers of each service, as many as the profile in force gives it. Waiting for one is load, not draw: it is added to `queuedMs`. */
export interface Workers {
  /** Resolves with what gives the worker back (idempotent). Throws 503 `overloaded` when the queue is full. */
  take(exchange: Exchange): Promise<() => void>;
  /** Of each service that the profile in force gives a bound. */
  loads(): [ServiceName, PoolLoad][];
}

interface Pool {
  busy: number;
  waiting: (() => void)[];
}

const nothing = (): void => undefined;

export function workers(profile: () => LatencyProfile, clock: DeadlineClock): Workers {
  const pools = new Map<ServiceName, Pool>();
  return {
    loads: () =>
      (Object.entries(profile().capacity) as [ServiceName, { workers: number }][]).map(([name, { workers: limit }]) => {
        const pool = pools.get(name);
        return [name, { busy: pool?.busy ?? 0, waiting: pool?.waiting.length ?? 0, limit }];
      }),
    async take(exchange) {
      const name = exchange.operation.service;
      const capacity = profile().capacity[name];
      if (!capacity) return nothing;
      const pool = pools.get(name) ?? { busy: 0, waiting: [] };
      pools.set(name, pool);
      if (pool.busy >= capacity.workers) {
        if (pool.waiting.length >= capacity.queue) {
          throw new HttpError(503, 'overloaded', `${name}: ${capacity.workers} workers are busy and ${capacity.queue} requests wait; try again later`);
        }
        const sinceMs = clock.now();
        await new Promise<void>((resolve) => pool.waiting.push(resolve));
        exchange.queuedMs += clock.now() - sinceMs;
      } else {
        pool.busy += 1;
      }
      let held = true;
      return () => {
        if (!held) return;
        held = false;
        // The worker goes straight to the first in the queue, else it is free.
        const next = pool.waiting.shift();
        if (next) next();
        else pool.busy -= 1;
      };
    },
  };
}

import { backends } from './backends.ts';
import { lruCache } from './cache/lru.ts';
import { edge } from './edge/edge.ts';
import type { Hop } from './exchange.ts';
import { inference } from './inference/completion.ts';
import { lb } from './lb/lb.ts';
import { mesh } from './mesh/mesh.ts';
import { service } from './services/hop.ts';
import { routes } from './services/index.ts';
import { forgetSessions, sessionOf } from './services/sessions.ts';
import { workers } from './services/workers.ts';
import type { ServerState } from './state.ts';
import type { Store } from './store/store.ts';

const cacheEntries = 10_000;
const cacheTtlMs = 60_000;

/** One process: every hop is a function call over the next. */
export function wire(state: ServerState, store: Store): { hops: Hop; clearCaches(): void } {
  const { clock } = state;
  const cache = lruCache(cacheEntries, cacheTtlMs, () => clock.now());
  const parts = backends({
    db: store.db,
    cache,
    clock,
    inference: inference({
      clock,
      profile: () => state.profile,
      stalledUntilMs: () => state.stalledUntilMs,
      onEvent: (latenessMs) => state.lateness.record('completion', latenessMs),
      onStream(outcome) {
        if (outcome === 'opened') state.streams.opened += 1;
        else if (outcome === 'completed') state.streams.completed += 1;
        else state.streams.aborted += 1;
      },
      onFault: (error) => state.onFault(error),
    }),
  });
  const served = service({
    clock,
    backends: parts,
    workers: workers(() => state.profile, clock),
    routes: new Map(routes.map((route) => [route.operation, route])),
    async signIn(exchange) {
      exchange.session = await sessionOf(exchange, parts);
    },
  });
  const clearCaches = (): void => {
    cache.clear();
    forgetSessions(parts);
  };
  return { hops: edge(lb(mesh(served, clock), clock), clock), clearCaches };
}

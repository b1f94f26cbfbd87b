import { backends } from './backends.ts';
import { openCache } from './cache/open.ts';
import { edge } from './edge/edge.ts';
import type { Hop } from './exchange.ts';
import { type Inference, type InferenceBackend, inference } from './inference/completion.ts';
import { JobQueue } from './jobs/job-queue.ts';
import type { ReplicationProfile } from './latency/profile.ts';
import { lb } from './lb/lb.ts';
import { mesh } from './mesh/mesh.ts';
import { service } from './services/hop.ts';
import { Idempotency } from './services/idempotency/idempotency.ts';
import { routes } from './services/index.ts';
import { jobKinds } from './services/job-kinds.ts';
import { forgetSessions, sessionOf } from './services/sessions.ts';
import { workers } from './services/workers.ts';
import type { ServerState } from './state.ts';
import { StoreFault } from './store/faults.ts';
import { Replication } from './store/replication/replication.ts';
import type { Store } from './store/store.ts';

export interface WiredServices {
  hops: Hop;
  clearCaches(): Promise<void>;
  replication: Replication;
  /** Primary and replica. */
  store: Pick<Store, 'reset' | 'size'>;
  close(): Promise<void>;
}

/** A distribution may have no upper end. */
const declaredQuantile = 0.99;

/** One process: every hop is a function call over the next. Of tiers in processes of their own, `tiers/` has the same hops over one another. */
export async function wire(state: ServerState, store: Store, redis?: string): Promise<WiredServices> {
  const { clock } = state;
  const { hops, ...wired } = await wireServices(state, store, localInference(state), redis);
  return { ...wired, hops: edge(lb(hops, clock), clock) };
}

/** Inference, with its account in the state. */
export function localInference(state: ServerState): Inference {
  const completions = inference({
    clock: state.clock,
    profile: () => state.profile,
    stalledUntilMs: () => state.stalledUntilMs,
    onEvent(latenessMs, { operation }, gapMs) {
      state.lateness.record('completion', latenessMs);
      if (gapMs !== undefined) state.metrics.gap(operation, gapMs);
    },
    onStream(outcome) {
      if (outcome === 'opened') state.streams.opened += 1;
      else if (outcome === 'completed') state.streams.completed += 1;
      else state.streams.aborted += 1;
    },
    onFault: (error) => state.onFault(error),
  });
  state.metrics.watch({ inference: () => completions.load() });
  return completions;
}

async function storeFault(databases: readonly { ping(): Promise<void> }[]): Promise<{ status: string; reason: string } | undefined> {
  try {
    await Promise.all(databases.map((database) => database.ping()));
    return undefined;
  } catch (error) {
    if (error instanceof StoreFault) return { status: error.code, reason: error.message };
    throw error;
  }
}

/** The mesh and the services behind it, with store and cache. @param redis URL of the one that caches; undefined: this process does */
export async function wireServices(state: ServerState, store: Store, completions: InferenceBackend, redis?: string): Promise<WiredServices> {
  const { clock } = state;
  const lags = (): ReplicationProfile => ({ ...state.profile.replication, ...state.replicationLags });
  const replica = store.openReplica();
  const replication = await Replication.start({
    primary: store.db,
    tellingWaits: (onWaited) => store.tellingWaits(onWaited),
    replica,
    clock,
    lags,
    seed: () => state.profile.seed,
    onLag: (channel, lagMs) => state.metrics.replicated(channel, lagMs),
    onFault: (error) => state.onFault(error),
  });
  const cache = await openCache(redis, store, () => clock.now());
  const jobs = new JobQueue({
    ...{ db: store.db, replication, clock, kinds: jobKinds },
    onEnd: (kind, outcome, durationMs) => state.metrics.jobEnded(kind, outcome, durationMs),
    onFault: (error) => state.onFault(error),
  });
  const parts = backends({
    ...{ store, replication, cache, clock, jobs, inference: completions },
    policies: () => state.policies,
    account: state.data,
    onStaleRead: () => state.metrics.staleRead(),
  });
  const pools = workers(() => state.profile, clock);
  state.metrics.watch({
    workers: () => pools.loads(),
    cache: () => ({ ...cache.counts(), isUp: cache.trouble() === undefined }),
    replication: () => replication.progress.backlog,
    passedOver: () => replication.passedOver,
    declaredLagMs: () => ({ title: lags().title.quantile(declaredQuantile), content: lags().content.quantile(declaredQuantile) }),
    lostWrites: () => state.data.replaced,
    jobs: () => jobs.counts,
    jobsOverdueMs: () => jobs.overdueMs,
  });
  state.metrics.watch({ storePools: () => ({ primary: store.pool(), replica: replica.pool() }) });
  const unreadyBefore = state.unready;
  state.unready = async () => (await unreadyBefore()) ?? (await storeFault([store, replica]));
  state.troubles.push(() => {
    const trouble = cache.trouble();
    return trouble === undefined ? undefined : `cache: Redis is away, and what it would have is loaded from the store (${trouble})`;
  });
  state.troubles.push(() => replication.trouble());
  const served = service({
    clock,
    backends: parts,
    workers: pools,
    idempotency: new Idempotency({ ttlMs: state.idempotencyTtlMs, open: state.open, onFault: (error) => state.onFault(error) }),
    routes: new Map(routes.map((route) => [route.operation, route])),
    async signIn(exchange) {
      exchange.session = await sessionOf(exchange, parts);
    },
  });
  const clearCaches = async (): Promise<void> => {
    forgetSessions(parts);
    await cache.clear();
  };
  jobs.start();
  return {
    hops: mesh(served, clock),
    clearCaches,
    replication,
    store: {
      get size() {
        return store.size;
      },
      reset: (size) => replication.replace(() => store.reset(size)),
    },
    async close() {
      await jobs.stop();
      cache.close();
      await replication.close();
      await store.close();
    },
  };
}

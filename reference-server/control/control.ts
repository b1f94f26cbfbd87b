import Fastify, { type FastifyInstance } from 'fastify';
import { operations } from '../../scenarios/operations.ts';
import {
  declaredQuantiles,
  loadProfile,
  parseProfile,
  ProfileError,
  profileDeclaration,
  profileHash,
  withSeed,
  type LatencyProfile,
} from '../latency/profile.ts';
import { loopDelayResolutionMs, type ServerState } from '../state.ts';
import { readSize } from '../store/seed/size.ts';
import type { Store } from '../store/store.ts';
import type { Replication } from '../store/replication/replication.ts';
import { addDataControl } from './data-control.ts';
import { foreignFault } from './local-only.ts';
import { refuse, refuseAll } from './refusal.ts';

const nanosecondsPerMs = 1e6;
const longestStallMs = 60_000;
const mostAsked = 10_000;
const longestFlushMs = 10_000;

export interface ControlParts {
  state: ServerState;
  store: Pick<Store, 'reset' | 'size'>;
  /** Where the data are in this process. */
  replication?: Replication;
  /** Forgets what is cached of the store. */
  clearCaches(): Promise<void>;
}

/** The control port: loopback only, and for programs of this machine only. Profile, seed, data, stalls, and the server's own account of itself. */
export function controlApp({ state, store, replication, clearCaches }: ControlParts): FastifyInstance {
  const app = Fastify({ logger: false, forceCloseConnections: true });
  app.setErrorHandler((error, _request, reply) => {
    const { statusCode = 500, message = 'failed' } = error as { statusCode?: number; message?: string };
    if (statusCode >= 500) state.onFault(error);
    return reply.code(statusCode).send({ type: 'error', error: { type: statusCode >= 500 ? 'internal_error' : 'invalid_request', message } });
  });
  app.setNotFoundHandler((request, reply) =>
    reply.code(404).send({ type: 'error', error: { type: 'not_found', message: `nothing at ${request.method} ${request.url} on the control port` } }),
  );
  app.addHook('onRequest', (request, reply, done) => {
    const fault = foreignFault(request.headers);
    if (fault === undefined) done();
    else reply.code(403).send({ type: 'error', error: { type: 'forbidden', message: fault } });
  });
  app.addContentTypeParser(['application/yaml', 'text/yaml', 'text/plain'], { parseAs: 'string' }, (_request, body, done) => done(null, body));
  app.get('/healthz', () => ({ status: 'ok' }));
  app.get('/profile', () => describe(state.profile));
  app.put('/profile', (request, reply) => {
    try {
      // Whole or not at all: a profile with a fault leaves the one in force as it is.
      state.profile = profileOf(request.body, state.profile.seed);
      state.replicationLags = {};
      return describe(state.profile);
    } catch (error) {
      if (!(error instanceof ProfileError)) throw error;
      return reply.code(400).send({ type: 'error', error: { type: error.code, message: error.message, faults: error.faults } });
    }
  });
  app.post('/seed', (request, reply) => {
    const seed = (request.body as { seed?: unknown } | null)?.seed;
    if (typeof seed !== 'number' || !Number.isSafeInteger(seed)) return refuse(reply, '/seed', 'expected {"seed": <whole number>}');
    state.profile = withSeed(state.profile, seed);
    return { seed };
  });
  app.post('/reset', async (request, reply) => {
    const given = (request.body as { size?: unknown } | null)?.size;
    const read = given === undefined ? undefined : readSize(given);
    if (read && 'faults' in read) return refuseAll(reply, read.faults);
    await store.reset(read?.size);
    await clearCaches();
    state.data.reset();
    for (const drop of state.onReset) drop();
    return { status: 'reset', size: store.size };
  });
  app.post('/stall', (request, reply) => {
    const durationMs = (request.body as { durationMs?: unknown } | null)?.durationMs;
    if (typeof durationMs !== 'number' || !(durationMs > 0 && durationMs <= longestStallMs)) {
      return refuse(reply, '/durationMs', `expected {"durationMs": <above 0, at most ${longestStallMs}>}`);
    }
    state.stalledUntilMs = state.clock.now() + durationMs;
    return { durationMs };
  });
  if (replication) addDataControl(app, state, replication);
  app.get('/traces/health', () => state.tracing.health());
  app.post('/traces/keep', (request, reply) => {
    const traceIds = (request.body as { traceIds?: unknown } | null)?.traceIds;
    if (!Array.isArray(traceIds) || traceIds.length > mostAsked || !traceIds.every((id) => typeof id === 'string' && /^[\da-f]{32}$/.test(id))) {
      return refuse(reply, '/traceIds', `expected {"traceIds": [<32 hexadecimal digits>, ...]}, at most ${mostAsked}`);
    }
    if (!state.tracing.health().enabled) {
      return reply.code(409).send({ type: 'error', error: { type: 'not_exporting', message: 'traces go nowhere: start the server with --otlp <collector>' } });
    }
    return state.tracing.keep(traceIds as string[]);
  });
  app.post('/traces/flush', async (_request, reply) => {
    const sent = await state.tracing.flush(longestFlushMs);
    return sent ? state.tracing.health() : reply.code(504).send(state.tracing.health());
  });
  app.get('/truth', () => truth(state));
  app.post('/truth/reset', () => {
    state.afterwards.run();
    state.lateness.reset();
    state.loopDelay.reset();
    state.data.reset();
    Object.assign(state.streams, { opened: 0, completed: 0, aborted: 0, slowReaders: 0 });
    state.cpuFrom = process.cpuUsage();
    return { status: 'reset' };
  });
  return app;
}

/** `{name}` of a shipped profile, or the YAML text of one. The seed in force stays unless the text names one. */
function profileOf(body: unknown, seed: number): LatencyProfile {
  if (typeof body === 'string') {
    const parsed = parseProfile(body, { name: 'from the control port' });
    return /^seed:/m.test(body) ? parsed : withSeed(parsed, seed);
  }
  const name = (body as { name?: unknown } | null)?.name;
  if (typeof name !== 'string' || /[./\\]/.test(name)) {
    throw new ProfileError('unknown_profile', 'no profile named', [{ path: '/name', message: 'expected {"name": "<shipped profile>"} or a YAML body' }]);
  }
  return withSeed(loadProfile(name), seed);
}

/** Declared quantiles of streams come out of thousands of draws: once a profile is enough, whatever its seed. */
const described = new WeakMap<LatencyProfile['operations'], { declared: object; declaredFirst: object }>();

function describe(profile: LatencyProfile): object {
  let quantiles = described.get(profile.operations);
  if (!quantiles) {
    quantiles = declare(profile);
    described.set(profile.operations, quantiles);
  }
  return {
    name: profile.name,
    description: profile.description,
    seed: profile.seed,
    hash: profileHash(profile),
    work: profile.work,
    ...quantiles,
    profile: profileDeclaration(profile),
  };
}

function declare(profile: LatencyProfile): { declared: object; declaredFirst: object } {
  const declared = Object.fromEntries(operations.map((operation) => [operation.name, declaredQuantiles(profile, operation)]));
  const declaredFirst = Object.fromEntries(
    operations.filter((operation) => operation.stream).map((operation) => [operation.name, declaredQuantiles(profile, operation, 'firstEvent')]),
  );
  return { declared, declaredFirst };
}

function truth(state: ServerState): object {
  const { loopDelay, streams } = state;
  state.afterwards.run();
  const lateness = state.lateness.snapshot();
  const cpu = process.cpuUsage(state.cpuFrom);
  return {
    loopDelay: { p50Ms: delayMs(loopDelay.percentile(50)), p99Ms: delayMs(loopDelay.percentile(99)), maxMs: delayMs(loopDelay.max) },
    lateness: lateness.all,
    latenessByClass: lateness.classes,
    overruns: lateness.all.overruns,
    rssBytes: process.memoryUsage.rss(),
    cpuMs: (cpu.user + cpu.system) / 1_000,
    streams: { ...streams },
    ...(state.slowRules && { slow: state.slowRules.told() }),
  };
}

/** Node's histogram holds the time between two ticks of a timer; its period is taken off, so an idle loop reads near 0. */
function delayMs(nanoseconds: number): number {
  return Math.max(0, nanoseconds / nanosecondsPerMs - loopDelayResolutionMs);
}

import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import type { ServerConfig } from './config.ts';
import { type ControlParts, controlApp } from './control/control.ts';
import { publicApp } from './edge/http.ts';
import type { Hop } from './exchange.ts';
import { lastWords } from './last-words.ts';
import { realClock } from './latency/deadline-clock.ts';
import { loadProfile, withSeed } from './latency/profile.ts';
import { routes } from './services/index.ts';
import type { DataPolicies } from './policies.ts';
import { makeState, type ServerState } from './state.ts';
import { SlowRules } from './slowness.ts';
import { openData } from './store/data.ts';
import type { Replication } from './store/replication/replication.ts';
import { wire } from './wiring.ts';

export interface RunningServer {
  url: string;
  controlUrl: string;
  profile: string;
  /** `h2` over TLS also speaks HTTP/1.1. */
  protocol: 'http/1.1' | 'h2';
  /** Refuses new work, lets streams finish until the deadline, then lets go. Idempotent. */
  stop(options?: { drainMs?: number }): Promise<void>;
}

export interface ServerOptions extends Partial<Omit<ServerConfig, 'json' | 'parent' | 'policies'>> {
  policies?: Partial<DataPolicies>;
  /** A client must have read a stream so long after its end, else its connection is cut. Default 30 s; shorter in tests. */
  readOutMs?: number;
}

const backlog = 8_192;
const drainStepMs = 20;
/** To send the spans of the last requests. */
const lastSpansMs = 2_000;

/** Starts the server on its two ports; a port of 0 takes a free one. Throws ProfileError, or the system's error when a port is taken. */
export async function startServer(options: ServerOptions = {}): Promise<RunningServer> {
  const { host = '127.0.0.1', port = 0, controlPort = 0, tls = false } = options;
  const loaded = loadProfile(options.profile ?? 'observed');
  const clock = realClock();
  const { traceMode: mode = 'trust', traceRatio: ratio = 0.05 } = options;
  const state = makeState(clock, options.seed === undefined ? loaded : withSeed(loaded, options.seed), options.altSvc, { mode, ratio }, options.metrics);
  if (options.slow) state.slowRules = new SlowRules(options.slow);
  const version = packageVersion();
  state.metrics.watch({ profile: () => ({ version, profile: state.profile.name }) });
  state.policies = { ...state.policies, ...options.policies };
  if (options.idempotencyTtlMs !== undefined) state.idempotencyTtlMs = options.idempotencyTtlMs;
  // Only who runs tiers apart loads what joins them.
  if (options.tier !== undefined && options.tier !== 'edge') return (await import('./tiers/inner-tier.ts')).startInnerTier(options.tier, state, options);
  const inside = options.tier === 'edge' ? (await import('./tiers/edge-tier.ts')).wireEdge(state, options) : await wireHere(state, options);
  const certificate = tls ? await (await import('./edge/tls.ts')).developmentCertificate() : undefined;
  const app = publicApp({
    state,
    routes,
    hops: inside.hops,
    version,
    ...(certificate && { certificate }),
    ...(options.readOutMs !== undefined && { readOutMs: options.readOutMs }),
  });
  const control = controlApp({ state, store: inside.store, clearCaches: inside.clearCaches, ...(inside.replication && { replication: inside.replication }) });
  inside.chain?.(control);
  const tracesUrl = options.otlpTraces ?? (options.otlp === undefined ? undefined : `${options.otlp.replace(/\/$/, '')}/v1/traces`);
  if (tracesUrl !== undefined) state.tracing.expect();
  let stopped: Promise<void> | undefined;
  let exporting: Promise<void> | undefined;
  const stop = async (drainMs: number): Promise<void> => {
    // Whoever comes while streams finish is refused with a reason.
    state.draining = true;
    const untilMs = clock.now() + drainMs;
    while (state.inFlight > 0 && clock.now() < untilMs) await clock.wait(clock.now() + drainStepMs);
    await lastWords(state);
    await app.close();
    await exporting?.catch(() => undefined);
    await state.tracing.stop(lastSpansMs);
    await control.close();
    await inside.close();
    state.loopDelay.disable();
    clock.stop();
  };
  try {
    await app.listen({ host, port, backlog });
    await control.listen({ host: options.controlHost ?? '127.0.0.1', port: controlPort });
  } catch (error) {
    await stop(0);
    throw error;
  }
  // Only now: the SDK takes as long to load as the server to start. What ended before is held.
  if (tracesUrl !== undefined) exporting = exportTraces(state, tracesUrl, tls ? 'https' : 'http');
  const shownHost = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  return {
    url: `${tls ? 'https' : 'http'}://${shownHost}:${(app.server.address() as AddressInfo).port}`,
    controlUrl: `http://127.0.0.1:${(control.server.address() as AddressInfo).port}`,
    profile: state.profile.name,
    protocol: tls ? 'h2' : 'http/1.1',
    stop(stopOptions = {}) {
      stopped ??= stop(stopOptions.drainMs ?? 0);
      return stopped;
    },
  };
}

/** What is behind the public port. */
export interface Inside {
  hops: Hop;
  store: ControlParts['store'];
  /** Where the data are in this process. */
  replication?: Replication;
  clearCaches(): Promise<void>;
  /** Where tiers are processes: this control port stands for those of the others, too. */
  chain?(control: ReturnType<typeof controlApp>): void;
  close(): Promise<void>;
}

async function wireHere(state: ServerState, options: ServerOptions): Promise<Inside> {
  return wire(state, await openData(options), options.redis);
}

async function exportTraces(state: ServerState, url: string, scheme: 'http' | 'https'): Promise<void> {
  try {
    const { loadOtlpSink } = await import('./telemetry/load-otlp-sink.ts');
    const { otlpSink } = await loadOtlpSink();
    state.tracing.exportTo(otlpSink({ url, version: packageVersion(), onFault: (message) => state.onFault(message) }), scheme);
  } catch (error) {
    state.onFault(error);
  }
}

function packageVersion(): string {
  for (const up of ['../package.json', '../../package.json']) {
    try {
      return (JSON.parse(readFileSync(new URL(up, import.meta.url), 'utf8')) as { version: string }).version;
    } catch {
      // The compiled package is one folder deeper.
    }
  }
  return 'unknown';
}

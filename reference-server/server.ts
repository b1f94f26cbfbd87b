import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import type { ServerConfig } from './config.ts';
import { controlApp } from './control/control.ts';
import { publicApp } from './edge/http.ts';
import { realClock } from './latency/deadline-clock.ts';
import { loadProfile, withSeed } from './latency/profile.ts';
import { routes } from './services/index.ts';
import { makeState } from './state.ts';
import { openStore } from './store/store.ts';
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

export interface ServerOptions extends Partial<Omit<ServerConfig, 'json' | 'parent'>> {
  /** A client must have read a stream so long after its end, else its connection is cut. Default 30 s; shorter in tests. */
  readOutMs?: number;
}

const backlog = 8_192;
const dataSeed = 1;
const drainStepMs = 20;
const lastWordsMs = 500;

/** Starts the server on its two ports; a port of 0 takes a free one. Throws ProfileError, or the system's error when a port is taken. */
export async function startServer(options: ServerOptions = {}): Promise<RunningServer> {
  const { host = '127.0.0.1', port = 0, controlPort = 0, tls = false } = options;
  const loaded = loadProfile(options.profile ?? 'observed');
  const clock = realClock();
  const state = makeState(clock, options.seed === undefined ? loaded : withSeed(loaded, options.seed), options.altSvc);
  const store = await openStore({ seed: dataSeed, ...(options.data !== undefined && { file: options.data }), ...(options.size && { size: options.size }) });
  const { hops, clearCaches } = wire(state, store);
  const certificate = tls ? await (await import('./edge/tls.ts')).developmentCertificate() : undefined;
  const app = publicApp({
    state,
    routes,
    hops,
    version: packageVersion(),
    ...(certificate && { certificate }),
    ...(options.readOutMs !== undefined && { readOutMs: options.readOutMs }),
  });
  const control = controlApp({ state, store, clearCaches });
  let stopped: Promise<void> | undefined;
  const stop = async (drainMs: number): Promise<void> => {
    state.draining = true;
    app.server.close();
    const untilMs = clock.now() + drainMs;
    while (state.inFlight > 0 && clock.now() < untilMs) await clock.wait(clock.now() + drainStepMs);
    for (const stream of state.open) stream.abort();
    // The streams that were told to end say so to their clients, and store what they have.
    const lastMs = clock.now() + lastWordsMs;
    while (state.open.size > 0 && clock.now() < lastMs) await clock.wait(clock.now() + drainStepMs);
    await app.close();
    await control.close();
    await store.close();
    state.loopDelay.disable();
    clock.stop();
  };
  try {
    await app.listen({ host, port, backlog });
    await control.listen({ host: '127.0.0.1', port: controlPort });
  } catch (error) {
    await stop(0);
    throw error;
  }
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

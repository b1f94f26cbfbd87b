import type { AddressInfo } from 'node:net';
import { controlApp } from '../control/control.ts';
import { lb } from '../lb/lb.ts';
import type { ServerOptions, RunningServer } from '../server.ts';
import { lastWords } from '../last-words.ts';
import type { ServerState } from '../state.ts';
import { openData } from '../store/data.ts';
import { localInference, type WiredServices, wireServices } from '../wiring.ts';
import { type Caller, caller } from './caller.ts';
import { chainControl, distantStore } from './control-chain.ts';
import { type HopServerParts, hopServer } from './hop-server.ts';
import { inferenceCalls } from './inference-calls.ts';
import { remoteHop } from './remote-hop.ts';
import { remoteInference } from './remote-inference.ts';
import type { OpenCall } from './served-stream.ts';
import type { InnerTier } from './tier.ts';

const backlog = 8_192;
const drainStepMs = 20;
/** While somebody is connected: a request that is on its way here comes within this. A container runtime tells all tiers to stop at the same moment. */
const quietMs = 1_000;

interface Wired {
  calls: HopServerParts['calls'];
  messages?: HopServerParts['messages'];
  clearCaches(): Promise<void>;
  /** The tier behind this one. */
  next?: { tier: InnerTier; caller: Caller };
  /** Where the data are. */
  data?: Pick<WiredServices, 'replication' | 'store' | 'close'>;
}

async function nothing(): Promise<void> {}

/** lb, services or inference in a process of its own: the same hops as in one process over a caller of the next tier. */
async function wireTier(tier: InnerTier, state: ServerState, options: ServerOptions): Promise<Wired> {
  const { clock } = state;
  const onFault = (error: unknown): void => state.onFault(error);
  if (tier === 'inference') return { ...inferenceCalls(localInference(state), clock), clearCaches: nothing };
  const behind = tier === 'lb' ? 'services' : 'inference';
  const url = tier === 'lb' ? options.next : options.inference;
  if (url === undefined) throw new Error(`the ${tier} tier needs the URL of ${behind}`);
  const next = { tier: behind, caller: caller(behind, url) } as const;
  if (tier === 'lb') {
    const hops = lb(remoteHop({ from: 'lb', caller: next.caller, clock, onFault }), clock);
    return { calls: { '/hop': ({ exchange }) => hops(exchange) }, clearCaches: nothing, next };
  }
  const { hops, clearCaches, ...data } = await wireServices(
    state,
    await openData(options),
    remoteInference({ caller: next.caller, clock, onFault }),
    options.redis,
  );
  return { calls: { '/hop': ({ exchange }) => hops(exchange) }, clearCaches, next, data };
}

/** Starts a tier behind the edge on its port for the tier before it, and its control port. Its URL is that port's. */
export async function startInnerTier(tier: InnerTier, state: ServerState, options: ServerOptions): Promise<RunningServer> {
  const { host = '127.0.0.1', port = 0, controlPort = 0, controlHost = '127.0.0.1' } = options;
  const { clock } = state;
  const wired = await wireTier(tier, state, options);
  const { data } = wired;
  const distant = data ? undefined : distantStore();
  const control = controlApp({
    ...{ state, clearCaches: wired.clearCaches, store: data?.store ?? (distant as NonNullable<typeof distant>) },
    ...(data && { replication: data.replication }),
  });
  // Inference has nothing behind it: its own size of data says nothing, and services do not take it over.
  if (wired.next) chainControl(control, wired.next.tier, wired.next.caller, distant);
  const open = new Map<string, OpenCall>();
  const server = hopServer({ state, calls: wired.calls, ...(wired.messages && { messages: wired.messages }), control, open });
  let lastCallMs = 0;
  server.on('request', () => {
    lastCallMs = clock.now();
  });
  let connections = 0;
  server.on('connection', (socket) => {
    connections += 1;
    socket.once('close', () => {
      connections -= 1;
    });
  });
  let stopped: Promise<void> | undefined;
  const stop = async (drainMs: number): Promise<void> => {
    state.draining = true;
    const toldMs = clock.now();
    const untilMs = toldMs + drainMs;
    const isDone = (): boolean => state.inFlight === 0 && (connections === 0 || clock.now() - Math.max(toldMs, lastCallMs) > quietMs);
    while (!isDone() && clock.now() < untilMs) await clock.wait(clock.now() + drainStepMs);
    await lastWords(state);
    const closed = server.listening ? new Promise((resolve) => server.close(resolve)) : undefined;
    server.closeAllConnections();
    await closed;
    await control.close();
    await wired.next?.caller.close();
    await data?.close();
    state.loopDelay.disable();
    clock.stop();
  };
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host, port, backlog }, resolve);
    });
    await control.listen({ host: controlHost, port: controlPort });
  } catch (error) {
    await stop(0);
    throw error;
  }
  const shownHost = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  return {
    url: `http://${shownHost}:${(server.address() as AddressInfo).port}`,
    controlUrl: `http://127.0.0.1:${(control.server.address() as AddressInfo).port}`,
    profile: state.profile.name,
    protocol: 'http/1.1',
    stop(stopOptions = {}) {
      stopped ??= stop(stopOptions.drainMs ?? 0);
      return stopped;
    },
  };
}

/** The faults, and for each which panels must move and which must stay. */
import type { Fault } from './faults-load.ts';
import type { Expectation, Place } from './faults-judge.ts';

interface Knobs {
  /** Rules of services, beside the pool of `chat`. */
  services?: Record<string, unknown>;
  chat?: Record<string, unknown>;
  stream?: Record<string, unknown>;
}

/** Streams of about a second, so that they end within a phase; a pool that is large enough, so that its panels have something to show. JSON is YAML. */
function profile({ services = {}, chat = {}, stream = {} }: Knobs = {}): string {
  return JSON.stringify({
    extends: 'observed',
    classes: {
      completion: {
        total: { p0: '900ms', p50: '1s', p95: '1.1s', p100: '1.2s' },
        stream: { firstEvent: { p0: '250ms', p50: '300ms', p95: '350ms', p100: '400ms' }, events: 15, ...stream },
      },
    },
    inference: { slots: 100, queue: 100, slowdownAtFull: 1 },
    services: { chat: { capacity: { workers: 200, queue: 1_000 }, ...chat }, ...services },
  });
}

export const quietProfile = profile();

export interface FaultCase extends Fault {
  expected: readonly Expectation[];
}

const place = (board: string, panel: string, series: string): Place => ({ board, panel, series });
const overview = 'plumbline-overview';
const run = 'plumbline-run';
const service = 'plumbline-service';
const streams = 'plumbline-streams';
const path = 'plumbline-path';

const ownTime = (hop: string): Place => place(overview, 'Own time a request, by hop', hop);
const slower = (hop: string): Place => place(overview, 'Slower than usual, by hop', hop);
const edge = (latencyClass: string): Place => place(overview, 'Latency at the edge, by class', latencyClass);
const serverErrors = place(overview, 'Server errors', '');
const errorsOf = (name: string): Place => place(overview, 'Server errors, by service', name);
const scheduleLag = place(run, 'Schedule lag', 'p99');
const residual = place(run, 'Residual', 'p50');
const runErrors = place(run, 'Errors, share', 'errors');
const firstEvent = place(streams, 'Time to the first event, server', 'p50');
const stalls = place(streams, 'Stalls', 'stalls');
const waits = (name: string): Place => place(service, 'Waiting for a worker or a slot', name);

const rises = (at: Place, by: number, times?: number): Expectation => ({ ...at, does: 'rises', by, ...(times !== undefined && { times }) });
const stays = (at: Place, by: number, times = 1): Expectation => ({ ...at, does: 'stays', by, times });

/** What no fault of a server's moves: the load itself. */
const loadStays = [stays(scheduleLag, 0.3)];
const noErrors = [stays(serverErrors, 0.001), stays(runErrors, 0.001)];
const noStalls = stays(stalls, 0.01);
/** Own time of hops that the fault is not in. The edge writes the answer when it is due, so what the machine itself is late by is the edge's. */
const hopsStay = (...hops: string[]): Expectation[] => hops.map((hop) => stays(ownTime(hop), hop === 'edge' ? 0.03 : 0.004, 1.5));

/** In the order in which they are done: what streams still have of a fault when the next begins would show there. */
export const faultCases: readonly FaultCase[] = [
  {
    name: 'errors of one service',
    profile: profile({ services: { projects: { errorRatio: 0.5 } } }),
    expected: [
      rises(serverErrors, 0.03),
      rises(errorsOf('projects'), 1),
      rises(place(overview, 'Burn by promise', 'metadata availability'), 5),
      rises(place(overview, 'Error budget burn', ''), 5),
      rises(place(service, 'Errors of the server', 'projects'), 0.25),
      rises(place(path, 'Services: errors', 'metadata'), 0.03),
      rises(runErrors, 0.03),
      stays(errorsOf('chat'), 0.001),
      stays(place(service, 'Errors of the server', 'chat'), 0.001),
      stays(place(path, 'Inference: errors', 'completion'), 0.001),
      ...hopsStay('edge', 'lb', 'mesh', 'cache', 'inference'),
      stays(edge('metadata'), 0.08, 1.5),
      stays(edge('completion'), 0.1, 1.25),
      stays(slower('inference'), 0.3),
      stays(slower('store'), 0.3),
      stays(firstEvent, 0.05, 1.25),
      noStalls,
      ...loadStays,
    ],
  },
  {
    name: 'overloaded driver',
    driverHeldMs: 400,
    everyMs: 600,
    expected: [
      rises(scheduleLag, 0.4, 3),
      rises(place(run, "Driver's event loop", 'crud native'), 0.1, 3),
      rises(place(run, 'Client against server: crud', 'gap'), 0.1),
      rises(residual, 0.05),
      stays(place(run, 'Client against server: crud', 'server'), 0.1, 1.3),
      ...noErrors,
      ...hopsStay('edge', 'lb', 'mesh', 'service', 'store', 'cache', 'inference'),
      stays(edge('metadata'), 0.08, 1.5),
      stays(edge('crud'), 0.12, 1.3),
      stays(slower('store'), 0.3),
      stays(slower('service'), 0.3),
      stays(firstEvent, 0.05, 1.25),
      noStalls,
      stays(place(run, 'Offered and achieved', 'offered'), 3, 1.2),
    ],
  },
  {
    name: 'slow store',
    // A stall of every request is the backend's alone: of these services the store.
    profile: profile({ chat: { classes: { crud: { stall: { ratio: 1, duration: '400ms' } } } } }),
    expected: [
      rises(slower('store'), 0.5),
      rises(ownTime('store'), 0.1, 1.8),
      rises(place(path, 'Own time a request, by hop', 'store'), 0.1, 1.8),
      rises(place(path, 'Store: duration', 'crud'), 0.2, 1.4),
      rises(place(service, 'Store queries', 'select conversations'), 0.2, 1.4),
      rises(edge('crud'), 0.2, 1.3),
      rises(place(run, 'Client against server: crud', 'client'), 0.2, 1.3),
      rises(place(run, 'Client against server: crud', 'server'), 0.2, 1.3),
      ...noErrors,
      ...hopsStay('edge', 'lb', 'mesh', 'service', 'cache', 'inference'),
      ...['lb', 'mesh', 'service', 'cache', 'inference'].map((hop) => stays(slower(hop), 0.35)),
      stays(edge('metadata'), 0.08, 1.5),
      stays(residual, 0.03),
      stays(firstEvent, 0.05, 1.25),
      stays(waits('chat'), 0.02),
      noStalls,
      ...loadStays,
    ],
  },
  {
    name: 'small pool of workers',
    profile: profile({ chat: { capacity: { workers: 4, queue: 1_000 } } }),
    expected: [
      rises(waits('chat'), 0.1),
      rises(place(service, 'Queue before the workers', 'chat'), 1),
      rises(place(service, 'Workers busy', 'chat'), 0.5, 3),
      rises(edge('crud'), 0.2, 1.3),
      rises(ownTime('service'), 0.03, 1.5),
      rises(slower('service'), 0.5),
      ...noErrors,
      ...hopsStay('edge', 'lb', 'mesh', 'store', 'cache'),
      stays(waits('projects'), 0.02),
      stays(edge('metadata'), 0.08, 1.5),
      noStalls,
      ...loadStays,
    ],
  },
  {
    name: 'stalled streams',
    profile: profile({ stream: { stall: { ratio: 0.1, duration: '500ms' } } }),
    expected: [
      rises(stalls, 3),
      rises(place(streams, 'Time stalled', 'stalled'), 1.5),
      rises(place(streams, 'Gaps, server', 'p99'), 0.2, 2),
      rises(place(streams, 'Gaps, client', 'p99'), 0.2, 2),
      rises(slower('inference'), 0.3),
      rises(ownTime('inference'), 0.05, 1.3),
      rises(edge('completion'), 0.3, 1.3),
      stays(place(streams, 'Gaps, server', 'p50'), 0.03, 1.3),
      stays(firstEvent, 0.05, 1.25),
      ...noErrors,
      ...hopsStay('edge', 'lb', 'mesh', 'service', 'store', 'cache'),
      stays(edge('metadata'), 0.08, 1.5),
      stays(edge('crud'), 0.12, 1.3),
      stays(waits('chat'), 0.02),
      stays(residual, 0.03),
      ...loadStays,
    ],
  },
];

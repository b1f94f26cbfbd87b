import { createRequire } from 'node:module';
import autocannon from 'autocannon';
import { isWork, resolveStep } from '../../../scenarios/request.ts';
import type { RequestStep } from '../../../scenarios/types.ts';
import type { Leg, Plan } from '../../plan/plan.ts';
import { graphFaults } from '../../plan/journey-graph.ts';
import type { DriveContext, Driver, DriveReport } from '../driver.ts';
import { RequestBudget } from '../native/budget.ts';
import { SelfWatch } from '../native/self-watch.ts';
import { AutocannonLeg } from './leg.ts';

const version = (createRequire(import.meta.url)('autocannon/package.json') as { version: string }).version;

const defaultConnections = 10;
/** Each is an autocannon of its own: some 3 MB. */
const mostPacedConnections = 100;
const progressIntervalMs = 500;
/** autocannon looks this often whether it is to stop. */
const sampleIntervalMs = 250;

/**
 * autocannon 9 as a library. The requests of all journeys, by weight, over 10 connections (a closed load: one a virtual user). Always a closed loop: with a
 * constant rate autocannon holds each connection to its share of requests a second, see `paces`.
 */
export const autocannonDriver: Driver = {
  name: 'autocannon',
  withoutJourneys: true,
  refuse: refuseLeg,
  drive,
};

function refuseLeg(leg: Leg, plan: Plan): string | undefined {
  const { target } = plan;
  if (target.protocol === 'h2') return 'autocannon has no HTTP/2: use the native driver or k6, or --http1 where the server has HTTP/1.1 as well';
  if (target.url.startsWith('https:') && !target.insecureTls) return 'autocannon never checks certificates: use the native driver or k6 for this target';
  if (leg.load.kind === 'poisson' || leg.load.kind === 'ramp')
    return `autocannon has no ${leg.load.kind} arrivals: use the native driver, a constant rate, or a closed load`;
  if (leg.timeoutMs < 1_000) return `autocannon's time-out is at least 1000 ms, and the scenario's is ${leg.timeoutMs} ms`;
  const head = requestsOf(leg).find((step) => resolveStep(step).method === 'HEAD');
  if (head) return `autocannon cannot read the answer to HEAD (step "${head.id}"): it would wait for a body`;
  const rate = requestRateOf(leg);
  if (rate !== undefined && rate < 1)
    return `autocannon sends at least 1 request per second, and the scenario's rate is ${rate}: use another driver, or a closed load`;
  const faults = leg.scenario.journeys.flatMap(graphFaults);
  return faults.length > 0 ? faults.join('; ') : undefined;
}

function requestsOf(leg: Leg): RequestStep[] {
  return leg.scenario.journeys.flatMap((journey) => journey.steps.filter((step): step is RequestStep => !isWork(step)));
}

/** Requests per second in all, in whole ones; undefined for a closed loop. A page's graph has no request rate: its requests follow one another. */
function requestRateOf(leg: Leg): number | undefined {
  const { journeys } = leg.scenario;
  if (leg.load.kind !== 'constant' || journeys.some((journey) => journey.connections === 'browser')) return undefined;
  const weight = journeys.reduce((sum, journey) => sum + (journey.weight ?? 1), 0);
  const perJourney = journeys.reduce((sum, journey) => sum + (journey.weight ?? 1) * journey.steps.filter((step) => !isWork(step)).length, 0) / weight;
  const rate = leg.load.ratePerSecond * perJourney;
  return rate < 1 ? rate : Math.round(rate);
}

async function drive(leg: Leg, context: DriveContext): Promise<DriveReport> {
  const { plan, clock, signal } = context;
  const reason = refuseLeg(leg, plan);
  if (reason !== undefined) throw new Error(`leg ${leg.id}: ${reason}`);
  const rate = requestRateOf(leg);
  const wanted = leg.load.kind === 'closed' ? leg.load.vus : rate === undefined ? defaultConnections : Math.min(rate, mostPacedConnections);
  const budget = RequestBudget.of(plan);
  const connections = reserve(budget, Math.min(wanted, leg.maxInFlight));
  if (connections === 0) throw new Error(`leg ${leg.id}: the budget of ${plan.maxRequests} requests was used up before it`);

  const startMs = clock.now();
  const measuredFromMs = startMs + leg.warmupMs;
  const endMs = measuredFromMs + leg.durationMs;
  const run = new AutocannonLeg(leg, context, { measuredFromMs, budget, reserved: connections });
  const options: autocannon.Options = {
    url: plan.target.url,
    pipelining: 1,
    timeout: leg.timeoutMs / 1_000,
    // Its own end would cut requests off: it is stopped before.
    duration: Math.ceil((leg.warmupMs + leg.durationMs + leg.timeoutMs) / 1_000) + 60,
    sampleInt: sampleIntervalMs,
    skipAggregateResult: true,
    setupClient: (client) => run.attach(client),
  };

  const watch = new SelfWatch();
  const watchTimer = setTimeout(() => watch.start(), leg.warmupMs);
  const ended = Promise.withResolvers<void>();
  let running = 0;
  const starts = new Set<NodeJS.Timeout>();
  const endWhenAllHave = (): void => {
    if (running === 0 && starts.size === 0) ended.resolve();
  };
  const begin = (own: autocannon.Options): void => {
    running += 1;
    const instance = autocannon({ ...options, ...own }, (error: unknown) => {
      running -= 1;
      if (error) ended.reject(error);
      else endWhenAllHave();
    });
    run.begin(instance);
  };
  if (rate === undefined) begin({ url: options.url, connections });
  for (const { afterMs, ratePerSecond } of rate === undefined ? [] : paces(rate, connections)) {
    const timer = setTimeout(() => {
      starts.delete(timer);
      // Its correction is wrong by a factor of 1,000 (seconds for milliseconds); nothing of its histogram is used.
      if (!run.draining) begin({ url: options.url, connections: 1, overallRate: ratePerSecond, ignoreCoordinatedOmission: true });
      else endWhenAllHave();
    }, afterMs);
    starts.add(timer);
  }
  const endTimer = setTimeout(() => {
    watch.stop();
    run.drain();
  }, leg.warmupMs + leg.durationMs);
  // Each request under way ends by its own time-out; what is left then is autocannon's fault, and must not hold the run.
  const lastTimer = setTimeout(() => run.cut('aborted', undefined), leg.warmupMs + leg.durationMs + leg.timeoutMs + 1_000);
  const progress = setInterval(() => context.progress(run.figures()), progressIntervalMs);
  const onAbort = (): void => run.cut('aborted', undefined);
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    await ended.promise;
  } finally {
    for (const timer of [watchTimer, endTimer, lastTimer, ...starts]) clearTimeout(timer);
    clearInterval(progress);
    signal.removeEventListener('abort', onAbort);
    watch.stop();
  }
  run.cut('aborted', undefined);
  context.progress(run.figures());
  if (run.unreachable !== undefined && run.answers === 0) throw new Error(`autocannon: nothing answers at ${plan.target.url}: ${run.unreachable}`);
  const interrupted = signal.aborted || run.endedEarly;
  const report: DriveReport = {
    model: 'closed',
    measuredFromMs,
    measuredToMs: interrupted ? Math.max(measuredFromMs, Math.min(clock.now(), endMs)) : endMs,
    connectionsOpened: { [new URL(plan.target.url).host]: run.connectionsOpened },
    notAvailable: notAvailable(leg, rate, connections),
    tool: { name: 'autocannon', version },
    interrupted,
  };
  const self = watch.read();
  return self ? { ...report, ...self } : report;
}

/**
 * A client of autocannon that is held to a rate sends its share of each second at once, when the second begins, and all clients of one instance begin theirs together: a burst.
 * So each connection is an instance of its own and begins its second when its turn comes: evenly one after another, up to as many a second as there are connections.
 */
function paces(ratePerSecond: number, connections: number): { afterMs: number; ratePerSecond: number }[] {
  return Array.from({ length: connections }, (_, index) => ({
    afterMs: (index * 1_000) / connections,
    ratePerSecond: Math.floor(((index + 1) * ratePerSecond) / connections) - Math.floor((index * ratePerSecond) / connections),
  }));
}

/** A place in the budget for the first request of each connection. */
function reserve(budget: RequestBudget, wanted: number): number {
  let reserved = 0;
  while (reserved < wanted && budget.take()) reserved += 1;
  return reserved;
}

function notAvailable(leg: Leg, rate: number | undefined, connections: number): DriveReport['notAvailable'] {
  const pacing =
    rate === undefined
      ? `a closed loop over ${connections} connections has no schedule: latency counts from the send`
      : `arrivals are autocannon's own pacing: ${connections} connections, held to ${rate} requests per second together, begin their seconds evenly one after another, and each sends its share as fast as answers come; latency counts from the send`;
  const list: DriveReport['notAvailable'] = [
    { metric: 'scheduleLag', reason: pacing },
    {
      metric: 'connect',
      reason: 'autocannon does not time its connections: what setting one up took is in the residual and measurement error of its first request',
    },
    {
      metric: 'milestone',
      reason: 'autocannon knows no journeys: their requests are spread over its connections, without delays and client work, so there are no page times',
    },
    { metric: 'connections an origin', reason: 'autocannon sends the requests of all origins over the same connections' },
  ];
  const requests = requestsOf(leg);
  if (requests.some((step) => resolveStep(step).stream !== undefined)) {
    for (const metric of ['ttft', 'tpot', 'gap', 'maxGap'])
      list.push({ metric, reason: 'autocannon hands over a body only when it is whole: events have no times' });
  }
  if (requests.some((step) => step.abortAfterEvents !== undefined)) {
    list.push({ metric: 'aborted', reason: 'autocannon cannot leave a stream in the middle: it was read to its end' });
  }
  return list;
}

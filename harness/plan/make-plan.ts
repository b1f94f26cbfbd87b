import type { Load, Scenario } from '../../scenarios/types.ts';
import { newRunId } from '../results/run-id.ts';
import type { DriverName } from '../sample.ts';
import { UsageError } from '../usage-error.ts';
import type { LoadedScenario } from './load-scenario.ts';
import type { Leg, Plan, Target } from './plan.ts';

/** What a user may change of a scenario for one run. */
export interface Overrides {
  ratePerSecond?: number;
  vus?: number;
  durationMs?: number;
  warmupMs?: number;
}

export interface PlanRequest {
  scenarios: readonly LoadedScenario[];
  drivers: readonly DriverName[];
  overrides: Overrides;
  seed: number;
  target: Target;
  maxRequests?: number;
  /** As in Plan. */
  h2StreamsPerConnection?: number;
  startedAt: Date;
}

const defaultWarmupShare = 0.1;

/**
 * Decides everything a run will do. The scenarios of one driver run at the same time; drivers run one after another.
 * Throws UsageError `over_budget` when the schedule alone would send more than `maxRequests`, and `h2_streams_unused` when nothing here would heed
 * `h2StreamsPerConnection`.
 */
export function makePlan(request: PlanRequest): Plan {
  const stages = request.drivers.map((driver) => request.scenarios.map((loaded) => makeLeg(loaded, driver, request.overrides)));
  const plan = assemblePlan(stages, request);
  const { h2StreamsPerConnection } = request;
  if (h2StreamsPerConnection === undefined) return plan;
  if (request.target.protocol !== 'h2') {
    throw new UsageError(
      'h2_streams_unused',
      `--h2-streams ${h2StreamsPerConnection}: ${request.target.url} is driven with HTTP/1.1; ${
        request.target.url.startsWith('https:') ? 'it has no HTTP/2, or --http1 says so: leave --h2-streams away' : 'add --tls, or give an https --target'
      }`,
    );
  }
  if (!request.drivers.includes('native')) {
    throw new UsageError(
      'h2_streams_unused',
      `--h2-streams ${h2StreamsPerConnection}: only the native driver heeds it, given ${request.drivers.join(', ')}; add --driver native`,
    );
  }
  return { ...plan, h2StreamsPerConnection };
}

/** A plan of stages that were decided elsewhere (the demo). */
export function assemblePlan(stages: Leg[][], request: Pick<PlanRequest, 'seed' | 'target' | 'maxRequests' | 'startedAt'>): Plan {
  const names = [...new Set(stages.flat().map((leg) => leg.scenario.name))];
  const plan: Plan = { runId: newRunId(names.join('-'), request.startedAt), seed: request.seed, target: request.target, stages };
  if (request.maxRequests === undefined) return plan;
  const due = stages.flat().reduce((sum, leg) => sum + requestsDue(leg), 0);
  if (due > request.maxRequests) {
    throw new UsageError(
      'over_budget',
      `the schedule would send about ${Math.ceil(due)} requests, the budget is --max-requests ${request.maxRequests}; lower --rate or --duration, or raise the budget`,
    );
  }
  return { ...plan, maxRequests: request.maxRequests };
}

export function makeLeg(loaded: LoadedScenario, driver: DriverName, overrides: Overrides): Leg {
  const { scenario, file } = loaded;
  const load = loadWith(scenario, overrides);
  const durationMs = overrides.durationMs ?? (load.kind === 'ramp' ? load.stages.reduce((sum, stage) => sum + stage.durationMs, 0) : scenario.durationMs);
  const warmupMs =
    overrides.warmupMs ??
    (overrides.durationMs === undefined ? (scenario.warmupMs ?? 0) : Math.min(scenario.warmupMs ?? 0, overrides.durationMs * defaultWarmupShare));
  return {
    id: `${scenario.name}/${driver}`,
    scenario,
    scenarioFile: file,
    driver,
    load,
    warmupMs,
    durationMs,
    maxInFlight: scenario.maxInFlight ?? 10_000,
    timeoutMs: scenario.timeoutMs ?? 30_000,
    users: scenario.users ?? 1,
  };
}

function loadWith(scenario: Scenario, overrides: Overrides): Load {
  if (overrides.ratePerSecond !== undefined && overrides.vus !== undefined) {
    throw new UsageError('rate_and_vus', '--rate is an open model and --vus a closed loop; give one of them');
  }
  if (overrides.vus !== undefined)
    return {
      kind: 'closed',
      vus: overrides.vus,
      ...(scenario.load.kind === 'closed' && scenario.load.thinkMs !== undefined && { thinkMs: scenario.load.thinkMs }),
    };
  if (overrides.ratePerSecond === undefined) return scenario.load;
  return { kind: scenario.load.kind === 'poisson' ? 'poisson' : 'constant', ratePerSecond: overrides.ratePerSecond };
}

/** Journeys per second on average over the leg, warm-up included; undefined in a closed loop. */
export function meanRatePerSecond(load: Load): number | undefined {
  if (load.kind === 'closed') return undefined;
  if (load.kind !== 'ramp') return load.ratePerSecond;
  let from = load.startRatePerSecond;
  let journeys = 0;
  let durationMs = 0;
  for (const stage of load.stages) {
    journeys += (((from + stage.ratePerSecond) / 2) * stage.durationMs) / 1_000;
    durationMs += stage.durationMs;
    from = stage.ratePerSecond;
  }
  return durationMs === 0 ? 0 : (journeys / durationMs) * 1_000;
}

/** Requests that the schedule makes due, set-up included, at the journeys' mean size. 0 for a closed loop: its count is known only when it is over. */
export function requestsDue(leg: Leg): number {
  const { scenario } = leg;
  const setup = (scenario.setup?.length ?? 0) * leg.users;
  const rate = meanRatePerSecond(leg.load);
  if (rate === undefined) return setup;
  const weight = scenario.journeys.reduce((sum, journey) => sum + (journey.weight ?? 1), 0);
  const size = scenario.journeys.reduce((sum, journey) => sum + (journey.weight ?? 1) * journey.steps.filter((step) => !('workMs' in step)).length, 0) / weight;
  return setup + ((rate * (leg.warmupMs + leg.durationMs)) / 1_000) * size;
}

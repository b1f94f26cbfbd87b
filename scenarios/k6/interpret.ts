/** Any scenario as a k6 script: its options, its setup and its default function. */
import { sleep } from 'k6';
import exec from 'k6/execution';
import http from 'k6/http';
import { Counter, Rate } from 'k6/metrics';
import { journeyOf, requestKey, resolveStep, type ResolvedStep, type Variables } from '../request.ts';
import type { Journey, RequestStep, Scenario } from '../types.ts';
import { type Level, levelsOf } from './levels.ts';
import { type Executor, executorOf } from './load.ts';
import { type JourneyRecord, points, type RequestRecord, recordMetadata, type StartedRecord } from './record.ts';
import { type Place, type Prepared, prepare, told } from './send.ts';
import type { LegSettings } from './settings.ts';
import { signIn } from './sign-in.ts';
import { failedMetric } from './thresholds.ts';

export interface Options {
  scenarios: Record<string, Executor>;
  batch: number;
  batchPerHost: number;
  insecureSkipTLSVerify: boolean;
  noConnectionReuse: boolean;
  noVUConnectionReuse: boolean;
  setupTimeout: string;
  systemTags: string[];
  /** On every point. */
  tags?: Record<string, string>;
  thresholds: Record<string, string[]>;
}

export interface Script {
  options: Options;
  setup(): SetupData;
  run(data: SetupData): void;
}

export interface SetupData {
  users: Record<string, string>[];
}

/** A journey under way. */
interface Going {
  place: Place;
  totals: JourneyRecord;
  variables: Variables;
  /** Steps that went wrong or were not sent for that: what depends on them is not sent either, since a user would not get there. */
  failed: Set<string>;
}

/** Connections a browser opens to one origin on HTTP/1.1. */
const connectionsPerOrigin = 6;

/** Throws on a load that k6 cannot produce, and on a graph that is broken. */
export function interpret(scenario: Scenario, settings: LegSettings, thresholds: Record<string, string[]> = {}): Script {
  const started = new Counter(points.started);
  const requested = new Counter(points.request);
  const journeyed = new Counter(points.journey);
  // A point a request that only thresholds read.
  const failed = Object.keys(thresholds).length > 0 ? new Rate(failedMetric) : undefined;
  const plans = new Map<Journey, Level[]>(scenario.journeys.map((journey) => [journey, levelsOf(journey)]));
  const resolved = new Map<RequestStep, ResolvedStep>(
    [...plans.values()].flatMap((levels) => levels.flatMap((level) => level.requests.map(({ step }) => [step, resolveStep(step)]))),
  );

  // No virtual user knows what the others have sent: each arrival counts as the longest journey.
  const mostRequests = Math.max(...[...plans.values()].map((levels) => levels.reduce((sum, level) => sum + level.requests.length, 0)));

  const tell = (counter: Counter, value: StartedRecord | RequestRecord | JourneyRecord, count = 1): void => {
    const { metadata } = exec.vu.metrics;
    metadata[recordMetadata] = JSON.stringify(value);
    counter.add(count);
    delete metadata[recordMetadata];
  };

  const prepareLevel = (level: Level, going: Going): (Prepared & { parentStep: string | undefined })[] => {
    const { place } = going;
    const prepared = [];
    for (const { step, parents, parentStep } of level.requests) {
      if (parents.some((parent) => going.failed.has(parent))) {
        going.failed.add(step.id);
        continue;
      }
      try {
        prepared.push({ ...prepare(resolved.get(step) ?? resolveStep(step), going.variables, place), parentStep });
      } catch (error) {
        const { arrival, journey, phase, beganAtEpochMs } = place;
        const key = requestKey(settings.seed, scenario.name, arrival, step.id);
        tell(requested, { key, arrival, journey, step: step.id, phase, beganAtEpochMs, failure: error instanceof Error ? error.message : String(error) });
        going.failed.add(step.id);
        going.totals.ok = false;
      }
    }
    return prepared;
  };

  const runLevel = (level: Level, going: Going): void => {
    const prepared = prepareLevel(level, going);
    if (prepared.length === 0) return;
    if (level.waitMs > 0) sleep(level.waitMs / 1_000);
    const { arrival, journey, phase, beganAtEpochMs } = going.place;
    const steps = prepared.map(({ key, resolved: { step }, parentStep }) => ({ step: step.id, key, ...(parentStep === undefined ? {} : { parentStep }) }));
    tell(started, { arrival, journey, phase, beganAtEpochMs, steps }, prepared.length);
    const [only] = prepared;
    const responses =
      only && prepared.length === 1
        ? [http.request(only.request.method, only.request.url, only.request.body, only.request.params)]
        : http.batch(prepared.map(({ request }) => request));
    for (const [index, one] of prepared.entries()) {
      const response = responses[index];
      if (!response) continue;
      const outcome = told(one, response, going.place, one.parentStep);
      tell(requested, outcome.record);
      failed?.add(!outcome.ok, one.request.params.tags);
      going.variables = { ...going.variables, ...outcome.variables };
      going.totals.requests += 1;
      if (response.timings.connecting > 0) going.totals.connections += 1;
      if (outcome.ok) continue;
      going.totals.ok = false;
      going.failed.add(one.resolved.step.id);
    }
  };

  return {
    options: optionsOf(scenario, settings, thresholds),
    setup: () => ({ users: settings.users ?? signIn(scenario, settings) }),
    run(data) {
      const arrival = exec.scenario.iterationInTest;
      const [only] = scenario.journeys;
      const journey = only && scenario.journeys.length === 1 ? only : journeyOf(scenario, settings.seed, arrival);
      const levels = plans.get(journey) ?? [];
      if (settings.maxRequests !== undefined && (arrival + 1) * mostRequests > settings.maxRequests) {
        exec.test.abort(`the budget of ${settings.maxRequests} requests is used up`);
      }
      const startedAtEpochMs = Date.now();
      const beganAtEpochMs = exec.scenario.startTime;
      const phase = startedAtEpochMs - beganAtEpochMs < settings.warmupMs ? 'warm-up' : 'measured';
      const place: Place = { scenario, settings, arrival, journey: journey.name, phase, beganAtEpochMs };
      const totals: JourneyRecord = { arrival, journey: journey.name, phase, beganAtEpochMs, startedAtEpochMs, ok: true, requests: 0, connections: 0 };
      const going: Going = { place, totals, variables: data.users[arrival % data.users.length] ?? {}, failed: new Set() };
      for (const level of levels) runLevel(level, going);
      tell(journeyed, totals);
      if (settings.load.kind !== 'closed' || settings.load.thinkMs === undefined) return;
      // No thinking beyond the end: k6 would wait for it.
      const leftMs = beganAtEpochMs + settings.warmupMs + settings.durationMs - Date.now();
      sleep(Math.max(0, Math.min(settings.load.thinkMs, leftMs)) / 1_000);
    },
  };
}

/** k6's own defaults are 20 in parallel and 6 a host, on HTTP/2 too; all origins share the target's one address, so its share is that of all of them. */
function optionsOf(scenario: Scenario, settings: LegSettings, thresholds: Record<string, string[]>): Options {
  const origins = new Set(
    scenario.journeys.flatMap((journey) => levelsOf(journey).flatMap((level) => level.requests.map(({ step }) => resolveStep(step).origin))),
  );
  const widest = Math.max(1, ...scenario.journeys.flatMap((journey) => levelsOf(journey).map((level) => level.requests.length)));
  const parallel = settings.http2 ? widest : Math.min(widest, connectionsPerOrigin * Math.max(1, origins.size));
  const browser = scenario.journeys.some((journey) => journey.connections === 'browser');
  return {
    scenarios: { load: executorOf(scenario, settings) },
    batch: parallel,
    batchPerHost: parallel,
    insecureSkipTLSVerify: settings.insecureTls,
    noConnectionReuse: false,
    noVUConnectionReuse: browser,
    setupTimeout: '60s',
    systemTags: ['proto', 'status', 'error', 'error_code'],
    thresholds,
    ...(settings.tags && { tags: settings.tags }),
  };
}

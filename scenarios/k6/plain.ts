/**
 * A shipped scenario under plain `k6 run`: thresholds from its objectives, and these environment variables:
 * TARGET (default http://127.0.0.1:8787), RATE (journeys per second), VUS (a closed loop instead), DURATION and WARMUP (`30s`, `500ms`, `2m`), SEED, MAX_VUS, RUN_ID (default: `k6-` and the time),
 * THRESHOLDS (more objectives, separated by `;`, such as `p95(crud) < 700ms; error_rate < 0.1%`: docs/thresholds.md), TRACE_RATIO (share of requests whose traces are sampled, default 0.05), INSECURE (1: accept any certificate). k6's own series have the labels `run` and `scenario`.
 * None of them begins with K6_: k6 would take it for an option of its own.
 */
import exec from 'k6/execution';
import { isWork, resolveStep } from '../request.ts';
import { parseThresholds, type Threshold } from '../threshold-grammar.ts';
import type { Load, Objective, Scenario } from '../types.ts';
import { interpret, type Script } from './interpret.ts';
import type { LegSettings } from './settings.ts';
import { userCountOf } from './settings.ts';
import { thresholdsOf } from './thresholds.ts';

export function plain(scenario: Scenario): Script {
  const settings = settingsFrom(scenario, __ENV);
  const { thresholds, skipped } = thresholdsOf([...scenario.objectives, ...objectivesFrom(scenario, __ENV['THRESHOLDS'] ?? '')]);
  // Each VU loads this file; only setup() runs once.
  const script = interpret(scenario, settings, thresholds);
  return {
    ...script,
    setup() {
      console.log(`run: ${settings.runId}`);
      for (const objective of skipped) console.warn(`objective not judged here: ${objective}`);
      return script.setup();
    },
  };
}

/** Throws with every one that cannot be read, and with those that no request of the scenario is covered by: k6 would pass them for lack of data. */
function objectivesFrom(scenario: Scenario, text: string): Objective[] {
  const { thresholds, faults } = parseThresholds(text);
  const requests = scenario.journeys.flatMap(({ steps }) => steps.flatMap((step) => (isWork(step) ? [] : [resolveStep(step)])));
  const covers = ({ scenario: wanted = scenario.name, objective: { operation, latencyClass } }: Threshold): boolean =>
    wanted === scenario.name &&
    requests.some((known) => (operation ?? known.operation) === known.operation && (latencyClass ?? known.latencyClass) === known.latencyClass);
  const lines = [
    ...faults.map((fault) => `${fault.text}: ${fault.message}`),
    ...thresholds.filter((threshold) => !covers(threshold)).map((threshold) => `${threshold.text}: no request of ${scenario.name} is covered by it`),
  ];
  if (lines.length > 0) throw new Error(`THRESHOLDS: ${lines.join('\n')}`);
  return thresholds.map(({ objective }) => objective);
}

function settingsFrom(scenario: Scenario, env: Record<string, string | undefined>): LegSettings {
  const targetUrl = (env['TARGET'] ?? 'http://127.0.0.1:8787').replace(/\/+$/, '');
  const seed = numberFrom('SEED', env['SEED'], 1);
  // Each VU loads this file at a time of its own: the tag of the options, which were read once, is the one that they share.
  const tags = { run: env['RUN_ID'] || runIdAt(new Date()), scenario: scenario.name };
  return {
    get runId() {
      return exec.test.options.tags?.['run'] ?? tags.run;
    },
    tags,
    seed,
    targetUrl,
    insecureTls: env['INSECURE'] === '1',
    http2: targetUrl.startsWith('https:'),
    load: loadFrom(scenario.load, env),
    warmupMs: durationFrom('WARMUP', env['WARMUP'], scenario.warmupMs ?? 0),
    durationMs: durationFrom('DURATION', env['DURATION'], scenario.durationMs),
    timeoutMs: scenario.timeoutMs ?? 30_000,
    maxVus: numberFrom('MAX_VUS', env['MAX_VUS'], 1_000),
    traceSampleRatio: ratioFrom('TRACE_RATIO', env['TRACE_RATIO'], 0.05),
    userCount: userCountOf(scenario),
  };
}

function loadFrom(load: Load, env: Record<string, string | undefined>): Load {
  if (env['VUS'] !== undefined) return { kind: 'closed', vus: numberFrom('VUS', env['VUS'], 1) };
  if (env['RATE'] !== undefined) return { kind: 'constant', ratePerSecond: numberFrom('RATE', env['RATE'], 1) };
  return load;
}

function numberFrom(name: string, text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value < 0) throw new Error(`${name}=${text}: expected a number of at least 0, such as ${name}=5`);
  return value;
}

function ratioFrom(name: string, text: string | undefined, otherwise: number): number {
  const value = numberFrom(name, text, otherwise);
  if (value > 1) throw new Error(`${name}=${text}: expected a number from 0 to 1, such as ${name}=0.05`);
  return value;
}

/** `k6-20261124-235406`, in UTC. */
function runIdAt(time: Date): string {
  return `k6-${time.toISOString().slice(0, 19).replace(/[-:]/g, '').replace('T', '-')}`;
}

function durationFrom(name: string, text: string | undefined, otherwiseMs: number): number {
  if (text === undefined) return otherwiseMs;
  const found = /^(\d+(?:\.\d+)?)(ms|s|m)$/.exec(text);
  if (!found) throw new Error(`${name}=${text}: expected a duration such as 500ms, 30s or 2m`);
  const unitMs = found[2] === 'ms' ? 1 : found[2] === 's' ? 1_000 : 60_000;
  return Number(found[1]) * unitMs;
}

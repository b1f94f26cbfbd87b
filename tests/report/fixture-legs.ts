import type { DriveReport } from '../../harness/drive/driver.ts';
import { toLegResult } from '../../harness/judge/judge.ts';
import type { Leg } from '../../harness/plan/plan.ts';
import { createLegRecorder } from '../../harness/record/recorder.ts';
import type { LegResult } from '../../harness/results/run-file.ts';
import type { DriverName, JourneySample, Sample } from '../../harness/sample.ts';
import { operations } from '../../scenarios/operations.ts';
import { keyedRandom } from '../../scenarios/random.ts';
import type { Load, Scenario } from '../../scenarios/types.ts';
import { madeStream, madeRequest } from './fixture-samples.ts';

const measuredFromMs = 5_000;

function scenario(
  name: string,
  description: string,
  load: Load,
  durationMs: number,
  steps: number,
  objectives: Scenario['objectives'],
  milestones?: Record<string, string[]>,
): Scenario {
  return {
    name,
    description,
    load,
    warmupMs: measuredFromMs,
    durationMs,
    journeys: [
      { name, steps: Array.from({ length: steps }, (_, index) => ({ id: `s${index}`, operation: 'x', path: '/' })), ...(milestones && { milestones }) },
    ],
    objectives,
  };
}

function legOf(of: Scenario, driver: DriverName): Leg {
  return {
    id: `${of.name}/${driver}`,
    scenario: of,
    scenarioFile: '/scenario.ts',
    driver,
    load: of.load,
    warmupMs: measuredFromMs,
    durationMs: of.durationMs,
    maxInFlight: 10_000,
    timeoutMs: 30_000,
    users: 1,
  };
}

function report(leg: Leg, more: Partial<DriveReport> = {}): DriveReport {
  return {
    model: leg.load.kind === 'closed' ? 'closed' : 'open',
    measuredFromMs,
    measuredToMs: measuredFromMs + leg.durationMs,
    loopDelay: { p50Ms: 0.3, p99Ms: 3.1, maxMs: 9.4 },
    cpuMs: 6_200,
    notAvailable: [],
    tool: { name: leg.driver, version: '0.1.0' },
    interrupted: false,
    ...more,
  };
}

type Declared = Record<string, [number, number][]>;

/** A leg that is being recorded, and its judged result. */
function recording(
  of: Scenario,
  driver: DriverName,
): { leg: Leg; recorder: ReturnType<typeof createLegRecorder>; finish: (report: DriveReport, declared?: Declared) => LegResult } {
  const leg = legOf(of, driver);
  const recorder = createLegRecorder(leg, { seed: 1 });
  return { leg, recorder, finish: (finished, declared) => toLegResult(recorder.finish(finished, declared), of.objectives) };
}

const phaseOf = (atMs: number): Sample['phase'] => (atMs < measuredFromMs ? 'warm-up' : 'measured');

/** 24 page loads of 250 requests over four origins, with work steps, milestones and a critical path. */
export function pageLoadLeg(slowerMs: number, invalid: boolean): LegResult {
  const of = scenario(
    'page-load',
    'A page load of 250 requests as a dependency graph over four origins.',
    { kind: 'constant', ratePerSecond: 1 },
    30_000,
    250,
    [
      { metric: 'milestone', milestone: 'load', quantile: 0.5, max: 2_600 },
      { metric: 'latency', latencyClass: 'metadata', quantile: 0.95, max: 400 },
      { metric: 'latency', latencyClass: 'crud', quantile: 0.99, max: 1_200 },
      { metric: 'errorRatio', max: 0.01 },
    ],
    { domContentLoaded: ['s60'], load: ['s200'] },
  );
  const { leg, recorder, finish } = recording(of, 'native');
  const random = keyedRandom(1, 'page-load');
  const plain = operations.filter(({ stream, method, name }) => stream === undefined && method === 'GET' && name !== 'assets.shell');
  for (let journeyId = 0; journeyId < 35; journeyId += 1) {
    const zero = journeyId * 1_000;
    const phase = phaseOf(zero);
    const ends: number[] = [];
    for (let step = 0; step < 250; step += 1) {
      const operation = step === 0 ? 'assets.shell' : step < 40 ? 'assets.bundle' : (plain[(step * 7) % plain.length]?.name ?? 'account.read');
      const parent = step === 0 ? -1 : step < 40 ? 0 : step < 70 ? 12 : step < 200 ? 45 + (step % 9) : 120;
      const intendedAtMs = (parent < 0 ? zero : (ends[parent] ?? zero)) + (step === 12 ? 30 : 0) + (step > 39 && step < 70 ? 180 : 0);
      const queuedMs = step > 70 && step < 200 ? random() * 90 : 0;
      const sample = madeRequest({
        random,
        operation,
        phase,
        intendedAtMs,
        queuedMs,
        slowerMs,
        lagMs: invalid ? 40 + random() * 60 : random() * 0.6,
        scenario: 'page-load',
        driver: 'native',
        journeyId,
        journey: 'page-load',
        step: `s${step}`,
        connectMs: step < 8 ? 12 + random() * 9 : 0,
        ...(parent >= 0 && { parentStep: `s${parent}` }),
      });
      ends.push(sample.endedAtMs ?? intendedAtMs);
      recorder.add(sample);
    }
    const endedAtMs = Math.max(...ends);
    const end = (step: number): number => ends[step] ?? zero;
    const journey: JourneySample = {
      kind: 'journey',
      scenario: 'page-load',
      driver: 'native',
      phase,
      journeyId,
      journey: 'page-load',
      intendedAtMs: zero,
      endedAtMs,
      outcome: 'ok',
      milestonesMs: { domContentLoaded: end(60) - zero, load: Math.max(...ends.slice(0, 200)) - zero },
      requests: 250,
      bytes: 4_800_000,
      connections: 19,
      work: [
        { step: 'parse', startMs: end(0), endMs: end(0) + 30 },
        { step: 'execute', startMs: end(12), endMs: end(12) + 180 },
      ],
      criticalPath: ['s0', 's12', 'execute', 's45', 's120', 's210'],
    };
    recorder.add(journey);
  }
  const declared = Object.fromEntries(operations.map(({ name, latencyClass }) => [name, declaredOf(latencyClass)]));
  return finish(report(leg, { scheduledArrivals: 30, connectionsOpened: { app: 1 } }), declared);
}

function declaredOf(latencyClass: string): [number, number][] {
  if (latencyClass === 'static')
    return [
      [0.05, 9],
      [0.5, 18],
      [0.95, 55],
    ];
  if (latencyClass === 'metadata')
    return [
      [0.05, 52],
      [0.5, 85],
      [0.95, 135],
    ];
  return latencyClass === 'crud'
    ? [
        [0.05, 210],
        [0.5, 380],
        [0.95, 650],
      ]
    : [
        [0.5, 4_500],
        [0.95, 4_950],
      ];
}

const sse = scenario(
  'sse',
  'Completions arriving as an open model: time to first event, gaps, total, lateness, goodput.',
  { kind: 'constant', ratePerSecond: 10 },
  30_000,
  1,
  [
    { metric: 'ttft', operation: 'chat.completion', quantile: 0.95, max: 1_500 },
    { metric: 'latency', operation: 'chat.completion', quantile: 0.95, max: 5_500 },
    { metric: 'maxGap', quantile: 0.95, max: 180 },
    { metric: 'errorRatio', max: 0.02 },
  ],
);

/** Ten streams a second, warm-up and all. */
function streamsOf(
  driver: DriverName,
  seed: number,
  slowerMs: number,
  events: boolean,
): { leg: Leg; finish: (of: DriveReport, declared?: Declared) => LegResult } {
  const { leg, recorder, finish } = recording(sse, driver);
  const random = keyedRandom(seed, 'sse');
  for (let i = 0; i < 350; i += 1) recorder.add(madeStream({ random, index: i, intendedAtMs: i * 100, phase: phaseOf(i * 100), driver, slowerMs, events }));
  return { leg, finish };
}

export function sseNativeLeg(slowerMs: number): LegResult {
  const { leg, finish } = streamsOf('native', 1, slowerMs, true);
  return finish(report(leg, { scheduledArrivals: 300 }), { 'chat.completion': declaredOf('completion') });
}

export function sseK6Leg(slowerMs: number): LegResult {
  const { leg, finish } = streamsOf('k6', 2, slowerMs, false);
  const whole = 'k6 hands a body to its script only when it is whole: events have no times';
  const finished = report(leg, {
    scheduledArrivals: 300,
    tool: { name: 'k6', version: '1.8.1' },
    notAvailable: [
      { metric: 'scheduleLag', reason: 'k6 does not tell when an iteration was due: latency counts from the send' },
      { metric: 'loopDelay', reason: 'k6 is a program of its own' },
      ...['ttft', 'tpot', 'gap', 'maxGap'].map((metric) => ({ metric, reason: whole })),
    ],
  });
  delete finished.loopDelay;
  return finish(finished);
}

/** Closed loop without ground truth, with failures whose texts are hostile. */
export function closedLeg(slowerMs: number, hostile: string): LegResult {
  const of = scenario('crud', 'The mixed operations of a working user.', { kind: 'closed', vus: 10 }, 30_000, 1, [
    { metric: 'errorRatio', max: 0.05 },
    { metric: 'latency', quantile: 0.95, max: 700 },
  ]);
  const { leg, recorder, finish } = recording(of, 'autocannon');
  const random = keyedRandom(1, 'crud');
  const names = ['chat.conversations.list', 'chat.conversations.create', 'chat.conversations.read', hostile];
  for (let i = 0; i < 1_400; i += 1) {
    const at = (i / 1_400) * 35_000;
    const sample = madeRequest({
      random,
      operation: names[i % 4] ?? 'x',
      phase: phaseOf(at),
      intendedAtMs: at,
      queuedMs: 0,
      lagMs: 0,
      slowerMs,
      scenario: 'crud',
      driver: 'autocannon',
      journeyId: i,
      journey: 'crud',
      step: 'step',
      connectMs: 0,
    });
    delete sample.intendedAtMs;
    delete sample.truth;
    if (i % 70 === 3) Object.assign(sample, { outcome: 'failed', status: 500, error: `status 500, expected 200: ${hostile}` });
    recorder.add(sample);
  }
  return finish(
    report(leg, {
      tool: { name: 'autocannon', version: '9.0.0' },
      notAvailable: [{ metric: 'scheduleLag', reason: 'a closed loop over 10 connections has no schedule: latency counts from the send' }],
    }),
  );
}

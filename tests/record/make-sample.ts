import type { DriveReport } from '../../harness/drive/driver.ts';
import type { Leg } from '../../harness/plan/plan.ts';
import { createLegRecorder } from '../../harness/record/recorder.ts';
import type { LegMeasurement } from '../../harness/results/run-file.ts';
import type { AnySample, JourneySample, Sample } from '../../harness/sample.ts';
import type { Scenario } from '../../scenarios/types.ts';

/** A request that was due at 0 ms, left at once and ended ok after 100 ms, unless told otherwise. */
export function sample(changes: Partial<Sample>): Sample {
  return {
    kind: 'request',
    scenario: 'test',
    driver: 'native',
    phase: 'measured',
    journeyId: 0,
    journey: 'one',
    step: 'get',
    operation: 'thing.read',
    latencyClass: 'crud',
    method: 'GET',
    pathTemplate: '/thing',
    origin: 'app',
    requestKey: 'k',
    intendedAtMs: 0,
    sentAtMs: 0,
    endedAtMs: 100,
    status: 200,
    outcome: 'ok',
    ...changes,
  };
}

/** Due and sent at `atMs`, ended `tookMs` later. */
export function request(atMs: number, tookMs: number, changes: Partial<Sample> = {}): Sample {
  return sample({ intendedAtMs: atMs, sentAtMs: atMs, endedAtMs: atMs + tookMs, ...changes });
}

export function journeySample(changes: Partial<JourneySample>): JourneySample {
  return {
    kind: 'journey',
    scenario: 'test',
    driver: 'native',
    phase: 'measured',
    journeyId: 0,
    journey: 'one',
    intendedAtMs: 0,
    endedAtMs: 100,
    outcome: 'ok',
    milestonesMs: {},
    requests: 1,
    bytes: 0,
    connections: 1,
    ...changes,
  };
}

export function scenario(changes: Partial<Scenario> = {}): Scenario {
  return {
    name: 'test',
    description: 'made for a test',
    load: { kind: 'constant', ratePerSecond: 50 },
    durationMs: 10_000,
    journeys: [{ name: 'one', steps: [{ id: 'get', operation: 'thing.read', method: 'GET', path: '/thing', latencyClass: 'crud' }] }],
    objectives: [],
    ...changes,
  };
}

export function leg(changes: Partial<Leg> = {}): Leg {
  const planned = changes.scenario ?? scenario();
  return {
    id: 'test/native',
    scenario: planned,
    scenarioFile: '/test.scenario.ts',
    driver: 'native',
    load: planned.load,
    warmupMs: 0,
    durationMs: planned.durationMs,
    maxInFlight: 10_000,
    timeoutMs: 30_000,
    users: 1,
    ...changes,
  };
}

export function driveReport(changes: Partial<DriveReport> = {}): DriveReport {
  return { model: 'open', measuredFromMs: 0, measuredToMs: 10_000, notAvailable: [], tool: { name: 'native', version: '1' }, interrupted: false, ...changes };
}

/** Records the samples and finishes. */
export function measurementOf(samples: Iterable<AnySample>, options: { leg?: Partial<Leg>; report?: Partial<DriveReport> } = {}): LegMeasurement {
  const recorder = createLegRecorder(leg(options.leg), { seed: 1 });
  for (const one of samples) recorder.add(one);
  return recorder.finish(driveReport(options.report));
}

/** What of an open model at `ratePerSecond` a server that answers in `serviceMs` would show if it stalled from `stallFromMs` for `stallMs`. */
export function* stalledServer(ratePerSecond: number, durationMs: number, serviceMs: number, stallFromMs: number, stallMs: number): Generator<Sample> {
  for (let i = 0; i < (ratePerSecond * durationMs) / 1000; i += 1) {
    const atMs = (i * 1000) / ratePerSecond;
    const held = atMs >= stallFromMs && atMs < stallFromMs + stallMs ? stallFromMs + stallMs - atMs : 0;
    yield request(atMs, serviceMs + held, { journeyId: i });
  }
}

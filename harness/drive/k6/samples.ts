/** From k6's points to samples. A request is two points: k6's own at its end, and the script's with what the answer said. */
import type { JourneyRecord, RequestRecord, StartedRecord } from '../../../scenarios/k6/record.ts';
import { points, requestTags } from '../../../scenarios/k6/record.ts';
import type { LegSettings } from '../../../scenarios/k6/settings.ts';
import { isWork, journeyOf, resolveStep, type ResolvedStep, traceContext } from '../../../scenarios/request.ts';
import type { Scenario } from '../../../scenarios/types.ts';
import type { Leg } from '../../plan/plan.ts';
import type { AnySample, JourneySample, Phase, Sample, Truth } from '../../sample.ts';
import { joinTrace } from '../native/new-sample.ts';
import { truthOfEvent, truthOfServerTiming } from '../native/server-timing.ts';
import { droppedStarts, type Point, requestEnd } from './points.ts';

/** k6's error code of a request that took longer than its time-out. */
const timeoutErrorCode = 1_050;

export interface SampleMaker {
  add(point: Point): void;
  /** k6 has ended, at this time of the run: requests that began and of which the script told no end were cut off. */
  finish(atMs: number): void;
  readonly counts: { started: number; ended: number; droppedStarts: number; connections: number; notSent: number };
  /** When k6 began the load, ms from the run's start; undefined before its first request. */
  readonly beganAtMs: number | undefined;
}

/** `epochAtRunStartMs`: the wall clock at the run's start, to put k6's wall-clock times onto the run's clock. */
export function sampleMaker(
  leg: Leg,
  settings: Pick<LegSettings, 'runId' | 'seed' | 'traceSampleRatio'>,
  epochAtRunStartMs: number,
  emit: (sample: AnySample) => void,
): SampleMaker {
  const { scenario } = leg;
  const steps = resolvedSteps(scenario);
  const ends = new Map<string, Point>();
  const open = new Map<string, { atEpochMs: number; record: StartedRecord; step: StartedRecord['steps'][number] }>();
  const counts = { started: 0, ended: 0, droppedStarts: 0, connections: 0, notSent: 0 };
  let beganAtMs: number | undefined;
  const runMs = (epochMs: number): number => epochMs - epochAtRunStartMs;

  const base = (journey: string, step: string, arrival: number, key: string, phase: Phase): Sample => {
    const resolved = steps.get(`${journey}\n${step}`);
    if (!resolved) throw new Error(`k6 told of step "${step}" of journey "${journey}", which scenario "${scenario.name}" does not have`);
    const sample: Sample = {
      kind: 'request',
      scenario: scenario.name,
      driver: 'k6',
      phase,
      journeyId: arrival,
      journey,
      step,
      operation: resolved.operation,
      method: resolved.method,
      pathTemplate: resolved.pathTemplate,
      origin: resolved.origin,
      requestKey: key,
      outcome: 'ok',
    };
    if (arrival >= 0) {
      // The same function of the key as in the script.
      const trace = traceContext(settings.runId, 'k6', key, settings.traceSampleRatio);
      sample.traceId = trace.traceId;
      sample.clientSpanId = trace.spanId;
      sample.sampled = trace.sampled;
    }
    if (resolved.latencyClass) sample.latencyClass = resolved.latencyClass;
    return sample;
  };

  const emitRequest = (record: RequestRecord, atEpochMs: number): void => {
    beganAtMs ??= runMs(record.beganAtEpochMs);
    const sample = base(record.journey, record.step, record.arrival, record.key, record.phase);
    const end = ends.get(record.key);
    ends.delete(record.key);
    open.delete(record.key);
    sample.endedAtMs = runMs(end?.atEpochMs ?? atEpochMs);
    if (record.parentStep !== undefined) sample.parentStep = record.parentStep;
    const { timings } = record;
    if (timings === undefined) {
      counts.notSent += 1;
    } else {
      // k6's duration begins when it has a connection; what it waited for one, set-up included, is `blocked`.
      sample.sentAtMs = sample.endedAtMs - timings.duration - timings.blocked;
      if (record.status !== undefined) {
        // k6's waiting ends at the first byte of the response, its status line.
        sample.headersAtMs = sample.endedAtMs - timings.receiving;
        sample.firstByteAtMs = sample.headersAtMs;
      }
      sample.reusedConnection = timings.connecting === 0;
      if (!sample.reusedConnection) {
        sample.connectMs = timings.connecting + timings.tls;
        counts.connections += 1;
      }
    }
    if (record.status !== undefined) sample.status = record.status;
    if (record.protocol !== undefined) sample.protocol = protocolOf(record.protocol);
    const bytes = record.contentLength === undefined ? Number.NaN : Number(record.contentLength);
    if (Number.isFinite(bytes)) sample.bytes = bytes;
    if (record.encoding !== undefined) sample.encoding = record.encoding;
    if (record.cacheStatus !== undefined) sample.cacheStatus = record.cacheStatus;
    if (record.requestId !== undefined) sample.requestId = record.requestId;
    joinTrace(sample, record.traceId, record.sampled);
    if (record.contentEvents !== undefined) sample.contentEvents = record.contentEvents;
    const truth = truthOf(record);
    if (truth) sample.truth = truth;
    if (record.errorCode === timeoutErrorCode) {
      sample.outcome = 'timeout';
      sample.error = `no whole answer in ${leg.timeoutMs} ms`;
    } else if (record.failure !== undefined || record.error !== undefined) {
      sample.outcome = 'failed';
      sample.error = record.failure ?? record.error ?? '';
    }
    emit(sample);
  };

  const start = (point: Point): void => {
    counts.started += point.value;
    const record = recordOf<StartedRecord>(point);
    beganAtMs ??= runMs(record.beganAtEpochMs);
    for (const step of record.steps) open.set(step.key, { atEpochMs: point.atEpochMs, record, step });
  };

  const emitJourney = (record: JourneyRecord, atEpochMs: number): void => {
    const journey: JourneySample = {
      kind: 'journey',
      scenario: scenario.name,
      driver: 'k6',
      phase: record.phase,
      journeyId: record.arrival,
      journey: record.journey,
      intendedAtMs: runMs(record.startedAtEpochMs),
      endedAtMs: runMs(atEpochMs),
      outcome: record.ok ? 'ok' : 'failed',
      milestonesMs: {},
      requests: record.requests,
      bytes: 0,
      connections: record.connections,
    };
    emit(journey);
  };

  /** k6 does not say which arrival it was: the journey is drawn by weight, and its number is negative. It does say when it was due. */
  const emitDropped = (atEpochMs: number): void => {
    counts.droppedStarts += 1;
    const journey = journeyOf(scenario, settings.seed, -counts.droppedStarts);
    const first = journey.steps.find((step) => !isWork(step));
    if (!first) return;
    const dueAtMs = runMs(atEpochMs);
    const phase: Phase = beganAtMs === undefined ? firstPhase(leg) : dueAtMs - beganAtMs < leg.warmupMs ? 'warm-up' : 'measured';
    emit({
      ...base(journey.name, first.id, -counts.droppedStarts, '', phase),
      intendedAtMs: dueAtMs,
      outcome: 'dropped',
      error: 'dropped: k6 had no free virtual user',
    });
  };

  return {
    counts,
    get beganAtMs() {
      return beganAtMs;
    },
    add(point) {
      switch (point.metric) {
        case requestEnd: {
          const key = point.tags[requestTags.key];
          // The sign-in of setup() has no phase, and is not load.
          if (key === undefined || point.tags[requestTags.phase] === undefined) return;
          counts.ended += 1;
          ends.set(key, point);
          return;
        }
        case points.started:
          start(point);
          return;
        case points.request:
          emitRequest(recordOf<RequestRecord>(point), point.atEpochMs);
          return;
        case points.journey:
          emitJourney(recordOf<JourneyRecord>(point), point.atEpochMs);
          return;
        case droppedStarts:
          for (let i = 0; i < point.value; i += 1) emitDropped(point.atEpochMs);
          return;
        default:
      }
    },
    finish(atMs) {
      for (const { atEpochMs, record, step } of open.values()) {
        const end = ends.get(step.key);
        const sample = base(record.journey, step.step, record.arrival, step.key, record.phase);
        if (step.parentStep !== undefined) sample.parentStep = step.parentStep;
        emit({ ...sample, sentAtMs: runMs(atEpochMs), endedAtMs: end ? runMs(end.atEpochMs) : atMs, outcome: 'aborted' });
        if (!end) counts.ended += 1;
      }
      open.clear();
      ends.clear();
    },
  };
}

function recordOf<T>(point: Point): T {
  if (point.record === undefined) throw new Error(`k6 told of ${point.metric} without its record`);
  return JSON.parse(point.record) as T;
}

function firstPhase(leg: Leg): Phase {
  return leg.warmupMs > 0 ? 'warm-up' : 'measured';
}

function truthOf(record: RequestRecord): Truth | undefined {
  const header = record.serverTiming === undefined ? undefined : truthOfServerTiming(record.serverTiming);
  const event = record.truth === undefined ? undefined : truthOfEvent(record.truth);
  // The closing event is the later word.
  return header || event ? { ...header, ...event } : undefined;
}

function protocolOf(proto: string): string {
  return proto === 'HTTP/2.0' ? 'h2' : proto.toLowerCase();
}

function resolvedSteps(scenario: Scenario): Map<string, ResolvedStep> {
  const steps = new Map<string, ResolvedStep>();
  for (const journey of scenario.journeys) {
    for (const step of journey.steps) if (!isWork(step)) steps.set(`${journey.name}\n${step.id}`, resolveStep(step));
  }
  return steps;
}

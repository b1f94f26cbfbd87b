import type { ResolvedStep } from '../../../scenarios/request.ts';
import type { Sample } from '../../sample.ts';
import type { JourneyRun } from './journey-run.ts';
import type { PreparedStep } from './prepared.ts';

/** What is known of a request before it is sent. In a closed loop there is no intended time. */
export function newSample(journey: JourneyRun, step: PreparedStep, resolved: ResolvedStep, intendedMs: number, parentStep: string | undefined): Sample {
  const { leg } = journey;
  const sample: Sample = {
    kind: 'request',
    scenario: leg.scenario.name,
    driver: 'native',
    phase: journey.phase,
    journeyId: journey.id,
    journey: journey.prepared.journey.name,
    step: step.id,
    operation: resolved.operation,
    method: resolved.method,
    pathTemplate: resolved.pathTemplate,
    origin: resolved.origin,
    requestKey: '',
    outcome: 'ok',
  };
  if (parentStep !== undefined) sample.parentStep = parentStep;
  if (resolved.latencyClass !== undefined) sample.latencyClass = resolved.latencyClass;
  if (leg.isOpen) sample.intendedAtMs = intendedMs;
  return sample;
}

/** The server says which trace its spans belong to. Where that is not the one that was sent, both are kept. */
export function joinTrace(sample: Sample, traceId: string | undefined): void {
  if (traceId === undefined || traceId === sample.traceId) return;
  if (sample.sentTraceId === undefined && sample.traceId !== undefined) sample.sentTraceId = sample.traceId;
  sample.traceId = traceId;
}

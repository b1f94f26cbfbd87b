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

/**
 * The server says which trace its spans belong to. Where that is not the one that was sent, both are kept, and the flag that was sent no longer counts: whether another
 * trace is sampled only the server knows.
 * @param sampled as the server says
 */
export function joinTrace(sample: Sample, traceId: string | undefined, sampled?: boolean): void {
  if (traceId === undefined) return;
  if (traceId !== sample.traceId) {
    if (sample.sentTraceId === undefined && sample.traceId !== undefined) sample.sentTraceId = sample.traceId;
    sample.traceId = traceId;
    delete sample.sampled;
  }
  if (sampled !== undefined) sample.sampled = sampled;
}

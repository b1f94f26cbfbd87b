/** What a session sends for a step, and the sample that its times are put into. Pure. */
import { headers as headerNames } from '../../scenarios/names.ts';
import { buildRequest, requestVariables, resolveStep, traceContext } from '../../scenarios/request.ts';
import type { Study } from '../../scenarios/study-types.ts';
import type { RequestStep } from '../../scenarios/types.ts';
import type { Leg, Plan } from '../plan/plan.ts';
import type { Sample } from '../sample.ts';
import type { Session } from './session.ts';
import type { UserRequestParts } from './user-request.ts';

interface StudyRequestParts {
  study: Study;
  leg: Leg;
  plan: Plan;
  session: Session;
  step: RequestStep;
  moment: Pick<Sample, 'phase' | 'intendedAtMs'>;
  /** Beside the session's. */
  variables: Record<string, string>;
  headers: Record<string, string>;
}

/** @param session has counted this request already */
export function studyRequest({
  study,
  leg,
  plan,
  session,
  step,
  moment,
  variables,
  headers,
}: StudyRequestParts): Pick<UserRequestParts, 'sample' | 'request' | 'stream'> {
  const resolved = resolveStep(step);
  const stepId = `${step.id}-${session.process}-${session.requests}`;
  const keyed = requestVariables({ ...session.variables, ...variables }, plan.seed, study.name, session.index, stepId);
  const built = buildRequest(resolved, leg.scenario, { ...keyed, uuid: session.variables['uuid'] ?? '' });
  // Of its own in each leg: keys, and so draws, are the same in all of them.
  const trace = traceContext(`${plan.runId}/${leg.id}`, 'native', keyed['key'] ?? '', plan.traceSampleRatio ?? 0.05);
  const { sessionHeader } = study;
  const sent: Record<string, string> = {
    ...built.headers,
    ...headers,
    ...(sessionHeader !== undefined && session.token !== undefined && { [sessionHeader]: session.token }),
    [headerNames.traceparent]: trace.traceparent,
    'accept-encoding': resolved.stream ? 'identity' : 'zstd, br, gzip',
    'user-agent': 'plumbline',
  };
  const sample: Sample = {
    kind: 'request',
    scenario: study.name,
    driver: 'native',
    ...moment,
    journeyId: session.index,
    journey: study.name,
    step: step.id,
    operation: resolved.operation,
    ...(resolved.latencyClass !== undefined && { latencyClass: resolved.latencyClass }),
    method: resolved.method,
    pathTemplate: resolved.pathTemplate,
    origin: resolved.origin,
    requestKey: keyed['key'] ?? '',
    protocol: plan.target.protocol,
    traceId: trace.traceId,
    clientSpanId: trace.spanId,
    sampled: trace.sampled,
    outcome: 'ok',
  };
  return {
    sample,
    request: { method: built.method, path: built.path, host: built.host ?? new URL(plan.target.url).host, headers: sent, body: built.body },
    stream: resolved.stream,
  };
}

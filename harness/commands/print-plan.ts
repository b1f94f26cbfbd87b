import { buildRequest, isWork, journeyOf, requestVariables, resolveStep } from '../../scenarios/request.ts';
import type { RequestStep, Scenario } from '../../scenarios/types.ts';
import { requestsDue } from '../plan/make-plan.ts';
import type { Leg, Plan } from '../plan/plan.ts';
import { loadText } from './scenarios.ts';

const requestsShown = 12;

/** `--dry-run`: what would be done, and the first requests as they would be sent. Variables that only a response can fill are shown as <name>. @param target what is driven, in words where it has no address yet */
export async function printPlan(plan: Plan, target: string): Promise<void> {
  console.log(
    `target: ${target}, seed ${plan.seed}${plan.maxRequests === undefined ? '' : `, at most ${plan.maxRequests} requests`}${plan.h2StreamsPerConnection === undefined ? '' : `, at most ${plan.h2StreamsPerConnection} streams on a shared connection`}`,
  );
  plan.stages.forEach((stage, index) => {
    console.log(`stage ${index + 1}`);
    for (const leg of stage) {
      const due = requestsDue(leg);
      console.log(
        `  ${leg.id}: ${loadText(leg.load)}, ${leg.warmupMs / 1_000} s warm-up, ${leg.durationMs / 1_000} s measured, ${due > 0 && leg.load.kind !== 'closed' ? `about ${Math.round(due)} requests` : 'as many requests as the loop gets through'}`,
      );
      for (const line of firstRequests(leg, plan)) console.log(`    ${line}`);
    }
  });
}

function firstRequests(leg: Leg, plan: Plan): string[] {
  const { scenario } = leg;
  const journey = journeyOf(scenario, plan.seed, 0);
  const steps = journey.steps.filter((step) => !isWork(step));
  const lines = steps.slice(0, requestsShown).map((step) => (isWork(step) ? '' : requestLine(step, scenario, plan.seed)));
  if (steps.length > requestsShown) lines.push(`and ${steps.length - requestsShown} more`);
  return lines;
}

/** `submit: POST /api/threads/<thread>/posts`. */
export function requestLine(step: RequestStep, scenario: Scenario, seed: number): string {
  const resolved = resolveStep(step);
  const variables = new Proxy(requestVariables({ user: '0', ...scenario.variables }, seed, scenario.name, 0, step.id), {
    get: (known, name) => Reflect.get(known, name) ?? `<${String(name)}>`,
    has: () => true,
  });
  const request = buildRequest(resolved, scenario, variables);
  return `${step.id}: ${request.method} ${decodeURIComponent(request.path)}${request.host === undefined ? '' : `  Host: ${request.host}`}${resolved.stream === undefined ? '' : `  (stream, ${resolved.stream})`}`;
}

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RequestBudget } from '../drive/native/budget.ts';
import { defaultKneePolicy, type EarlyEnd, kneeSoFar, type LoadStep, loadStepOf, type NextStep, nextStep } from '../judge/knee.ts';
import { meanRatePerSecond, type Overrides, requestsDue } from '../plan/make-plan.ts';
import type { Plan } from '../plan/plan.ts';
import { UsageError } from '../usage-error.ts';
import { executePlan, type ExecuteParts } from './execute.ts';

/** Of each step, unless --duration and --warmup say otherwise. */
const stepDurationMs = 8_000;
const stepWarmupMs = 1_000;
const k6Room = { factor: 1.2, requests: 50 };

/** What the user set, and for the rest what a step takes instead of the scenario's own. */
export function stepOverrides(given: Overrides): Overrides {
  return given.durationMs === undefined ? { durationMs: stepDurationMs, warmupMs: stepWarmupMs, ...given } : given;
}

/**
 * Steps the load up to the knee, each step a run of its own in the results; prints each, and at the end what held and what gave way first. All steps together keep
 * to one request budget; when it runs out, on Ctrl-C, and when a step cannot be driven, what is known by then is printed and written.
 * Exit code 0 when a knee or the ceiling was found, else 75.
 * @param toPlan the plan of a step, as long as `stepOverrides` says
 */
export async function findMax(toPlan: (overrides: Overrides) => Plan, parts: ExecuteParts): Promise<number> {
  const first = toPlan({});
  const [leg, ...others] = first.stages.flat();
  if (!leg || others.length > 0) throw new UsageError('find_max_one', '--find-max steps one scenario under one driver; give one of each');
  const startPerSecond = meanRatePerSecond(leg.load);
  if (startPerSecond === undefined) throw new UsageError('find_max_open', '--find-max needs an open model to step: give --rate instead of --vus');
  const policy = { ...defaultKneePolicy, startPerSecond };
  const budget = new RequestBudget(first.maxRequests);
  const history: LoadStep[] = [];
  const runs: string[] = [];
  let lastDirectory: string | undefined;
  const endEarly = (reason: EarlyEnd, why: string): NextStep => kneeSoFar(history, policy, reason, why);

  const take = async (ratePerSecond: number): Promise<NextStep> => {
    const plan = planWithin(budget, () => toPlan({ ratePerSecond }), history.length === 0);
    if (plan === undefined)
      return endEarly('budget', `${budget.left} requests are left of the budget of ${budget.maxRequests}, too few for ${ratePerSecond}/s`);
    console.log(`\nfind-max step ${history.length + 1}: ${ratePerSecond.toFixed(1)} journeys/s`);
    const { run, directory } = await executePlan(plan, parts);
    lastDirectory = directory;
    const measured = run.legs[0];
    // Before the rest: a budget that runs out makes a leg drop what is due, or stop early.
    if (budget.left === 0 && (run.interrupted || (measured?.totals.counts.dropped ?? 0) > 0))
      return endEarly('budget', `the budget of ${budget.maxRequests} requests ran out at ${ratePerSecond}/s`);
    if (run.interrupted || !measured) return endEarly('interrupted', `interrupted at ${ratePerSecond}/s`);
    if (measured.failure !== undefined) return endEarly('failed', `the step at ${ratePerSecond}/s failed: ${measured.failure}`);
    runs.push(directory);
    history.push(loadStepOf(ratePerSecond, measured));
    return nextStep(history, policy);
  };

  let next: NextStep = nextStep(history, policy);
  while (next.kind === 'step') {
    const { ratePerSecond } = next;
    next = await take(ratePerSecond).catch((error: unknown) => {
      // At the first step nothing is known yet: the message is all there is.
      if (history.length === 0 || !(error instanceof UsageError)) throw error;
      return endEarly('failed', `the step at ${ratePerSecond}/s failed: ${error.message}`);
    });
  }
  console.log(`\nfind-max: ${next.text}`);
  if (lastDirectory !== undefined) {
    const file = join(lastDirectory, 'find-max.json');
    await writeFile(file, `${JSON.stringify({ policy, steps: history.map((step, index) => ({ ...step, run: runs[index] })), outcome: next }, null, 2)}\n`);
    console.log(`steps: ${file}`);
  }
  return next.reason === 'found' || next.reason === 'ceiling' ? 0 : 75;
}

/** The plan of a step, on the shared budget; undefined when what is left of that is too little. A first step that is beyond the whole budget is the user's to mend. */
function planWithin(budget: RequestBudget, toPlan: () => Plan, isFirst: boolean): Plan | undefined {
  let plan: Plan;
  try {
    plan = toPlan();
  } catch (error) {
    if (!isFirst && error instanceof UsageError && error.code === 'over_budget') return undefined;
    throw error;
  }
  if (budget.maxRequests === undefined) return plan;
  const due = plan.stages.flat().reduce((sum, leg) => sum + requestsDue(leg), 0);
  if (due > budget.left) return undefined;
  // k6 takes its share in advance and gives none back, so it is offered what the step needs, with room for its whole virtual users.
  const isK6 = plan.stages.flat().some((leg) => leg.driver === 'k6');
  const withinRest: Plan = { ...plan, maxRequests: isK6 ? Math.min(budget.left, Math.ceil(due * k6Room.factor) + k6Room.requests) : budget.left };
  budget.share(withinRest);
  return withinRest;
}

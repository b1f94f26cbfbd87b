import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { defaultKneePolicy, type LoadStep, loadStepOf, type NextStep, nextStep } from '../judge/knee.ts';
import { meanRatePerSecond, type Overrides } from '../plan/make-plan.ts';
import type { Plan } from '../plan/plan.ts';
import { UsageError } from '../usage-error.ts';
import { executePlan, type ExecuteParts } from './execute.ts';

/** Of each step, unless --duration and --warmup say otherwise. */
const stepDurationMs = 8_000;
const stepWarmupMs = 1_000;

/** Steps the load up to the knee, each step a run of its own in the results; prints each, and at the end what held and what gave way first. Exit code 0 when a knee or the ceiling was found, else 75. */
export async function findMax(toPlan: (overrides: Overrides) => Plan, parts: ExecuteParts): Promise<number> {
  const first = toPlan({});
  const legs = first.stages.flat();
  const [leg] = legs;
  if (!leg || legs.length !== 1) throw new UsageError('find_max_one', '--find-max steps one scenario under one driver; give one of each');
  const startPerSecond = meanRatePerSecond(leg.load);
  if (startPerSecond === undefined) throw new UsageError('find_max_open', '--find-max needs an open model to step: give --rate instead of --vus');
  const policy = { ...defaultKneePolicy, startPerSecond };
  const short = leg.durationMs === leg.scenario.durationMs;
  const history: LoadStep[] = [];
  const runs: string[] = [];
  const interrupt = new AbortController();
  let next: NextStep = nextStep(history, policy);
  while (next.kind === 'step') {
    const { ratePerSecond } = next;
    const plan = toPlan({ ratePerSecond, ...(short && { durationMs: stepDurationMs, warmupMs: stepWarmupMs }) });
    console.log(`\nfind-max step ${history.length + 1}: ${ratePerSecond.toFixed(1)} journeys/s`);
    const { run, directory } = await executePlan(plan, { ...parts, signal: interrupt.signal });
    runs.push(directory);
    const measured = run.legs[0];
    if (run.interrupted || !measured) return 75;
    history.push(loadStepOf(ratePerSecond, measured));
    next = nextStep(history, policy);
  }
  console.log(`\nfind-max: ${next.text}`);
  const last = runs.at(-1);
  if (last !== undefined) {
    const file = join(last, 'find-max.json');
    await writeFile(file, `${JSON.stringify({ policy, steps: history.map((step, index) => ({ ...step, run: runs[index] })), outcome: next }, null, 2)}\n`);
    console.log(`steps: ${file}`);
  }
  return next.reason === 'found' || next.reason === 'ceiling' ? 0 : 75;
}

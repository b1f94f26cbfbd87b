import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { refuseLoad } from '../../../scenarios/k6/load.ts';
import type { LegSettings } from '../../../scenarios/k6/settings.ts';
import { isWork, resolveStep } from '../../../scenarios/request.ts';
import type { RequestStep } from '../../../scenarios/types.ts';
import type { Leg, Plan } from '../../plan/plan.ts';
import { graphFaults } from '../../plan/journey-graph.ts';
import { expectedArrivals } from '../../plan/schedule.ts';
import type { DriveContext, Driver, DriveReport } from '../driver.ts';
import { RequestBudget } from '../native/budget.ts';
import { entryScript } from './entry.ts';
import { howToGetK6, k6At, type K6Program } from './find-k6.ts';
import { type K6Outputs, outputSettings } from './outputs.ts';
import { runK6 } from './program.ts';
import { sampleMaker } from './samples.ts';

export interface K6Options {
  /** Where k6 sends its own metrics, under the run's name. */
  outputs?: K6Outputs;
  /** The program's file; absent: every leg is refused, with how to get k6. */
  k6Path?: string;
}

const progressIntervalMs = 500;
const leastRunMs = 1_000;
/** A virtual user is a JavaScript runtime of its own: so many take about as much memory as a machine of this kind can give. */
const maxVus = 2_000;
/** As the native driver's; see `Plan`. */
const defaultTraceSampleRatio = 0.05;

/**
 * k6 as a program. It is given the scenario as JSON, and tells each request on its JSON output. Open-model loads (not Poisson) and closed loops.
 * A level of a journey's graph is one batch, which ends with its slowest request.
 */
export function k6Driver(options: K6Options): Driver {
  const refuse = (leg: Leg): string | undefined => {
    if (options.k6Path === undefined) return `k6 was not found: ${howToGetK6}`;
    if (leg.warmupMs + leg.durationMs < leastRunMs)
      return `k6 runs at least ${leastRunMs} ms, and warm-up and duration are ${leg.warmupMs + leg.durationMs} ms`;
    return refuseLoad(leg.load) ?? faultOf(leg);
  };
  return {
    name: 'k6',
    refuse,
    async drive(leg, context) {
      const reason = refuse(leg);
      if (reason !== undefined || options.k6Path === undefined) throw new Error(`leg ${leg.id}: ${reason}`);
      const program = await k6At(options.k6Path);
      const folder = await mkdtemp(join(tmpdir(), 'plumbline-k6-'));
      try {
        return await driveIn(folder, program, leg, context, options.outputs);
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
  };
}

/** What the script would throw on. */
function faultOf(leg: Leg): string | undefined {
  const faults = leg.scenario.journeys.flatMap(graphFaults);
  return faults.length > 0 ? faults.join('; ') : undefined;
}

async function driveIn(folder: string, program: K6Program, leg: Leg, context: DriveContext, outputs: K6Outputs = {}): Promise<DriveReport> {
  const { plan, clock, signal } = context;
  const settings = settingsOf(leg, context);
  const own = outputSettings(outputs);
  if (own.args.length > 0) settings.tags = { run: plan.runId, scenario: leg.scenario.name };
  const settingsFile = join(folder, 'leg.json');
  const scenarioFile = join(folder, 'scenario.json');
  const entryFile = join(folder, 'entry.js');
  await writeFile(settingsFile, JSON.stringify(settings));
  await writeFile(scenarioFile, JSON.stringify(leg.scenario));
  await writeFile(entryFile, entryScript(scenarioFile, settingsFile));

  const startedAtMs = clock.now();
  const epochAtRunStartMs = performance.timeOrigin + performance.now() - clock.now();
  const maker = sampleMaker(leg, settings, epochAtRunStartMs, context.emit);
  const progress = (): void => {
    const { started, ended } = maker.counts;
    const elapsedMs = maker.beganAtMs === undefined ? 0 : Math.min(clock.now() - maker.beganAtMs, leg.warmupMs + leg.durationMs);
    const perJourney = requestsPerJourney(leg);
    const scheduled = leg.load.kind === 'closed' ? started : Math.max(started, Math.floor(expectedArrivals(leg.load, elapsedMs) * perJourney));
    context.progress({ inFlight: Math.max(0, started - ended), scheduled, sent: started, ended });
  };
  const timer = setInterval(progress, progressIntervalMs);
  try {
    const args = [
      'run',
      '--quiet',
      '--summary-mode',
      'disabled',
      '--no-color',
      '--log-format',
      'json',
      '--address',
      '',
      '--out',
      'json=-',
      ...own.args,
      entryFile,
    ];
    const end = await runK6({ file: program.file, args, folder, http2: settings.http2, env: own.env }, signal, maker.add);
    maker.finish(clock.now());
    progress();
    const beganAtMs = maker.beganAtMs ?? startedAtMs;
    const measuredFromMs = beganAtMs + leg.warmupMs;
    const measuredToMs = end.interrupted ? Math.max(measuredFromMs, Math.min(clock.now(), measuredFromMs + leg.durationMs)) : measuredFromMs + leg.durationMs;
    const report: DriveReport = {
      model: leg.load.kind === 'closed' ? 'closed' : 'open',
      measuredFromMs,
      measuredToMs,
      connectionsOpened: { [new URL(plan.target.url).host]: maker.counts.connections },
      notAvailable: notAvailable(leg),
      tool: { name: 'k6', version: program.version },
      interrupted: end.interrupted,
    };
    if (leg.load.kind !== 'closed') report.scheduledArrivals = Math.round(expectedArrivals(leg.load, measuredToMs - measuredFromMs));
    return report;
  } finally {
    clearInterval(timer);
  }
}

function settingsOf(leg: Leg, { plan, users }: DriveContext): LegSettings {
  const settings: LegSettings = {
    runId: plan.runId,
    seed: plan.seed,
    targetUrl: plan.target.url.replace(/\/+$/, ''),
    insecureTls: plan.target.insecureTls,
    http2: plan.target.protocol === 'h2',
    load: leg.load,
    warmupMs: leg.warmupMs,
    durationMs: leg.durationMs,
    timeoutMs: leg.timeoutMs,
    maxVus: Math.min(leg.maxInFlight, maxVus),
    traceSampleRatio: plan.traceSampleRatio ?? defaultTraceSampleRatio,
    users: users.map((user) => ({ ...user })),
    userCount: users.length,
  };
  if (plan.maxRequests !== undefined) settings.maxRequests = shareOf(plan, plan.maxRequests);
  return settings;
}

/** An even share of the plan's budget, taken in advance: k6 is a process of its own and cannot ask. */
function shareOf(plan: Plan, maxRequests: number): number {
  const budget = RequestBudget.of(plan);
  const wanted = Math.floor(maxRequests / plan.stages.flat().length);
  let taken = 0;
  while (taken < wanted && budget.take()) taken += 1;
  return taken;
}

/** Weighted mean. */
function requestsPerJourney(leg: Leg): number {
  let weight = 0;
  let requests = 0;
  for (const journey of leg.scenario.journeys) {
    weight += journey.weight ?? 1;
    requests += (journey.weight ?? 1) * journey.steps.filter((step) => !isWork(step)).length;
  }
  return weight === 0 ? 0 : requests / weight;
}

function notAvailable(leg: Leg): DriveReport['notAvailable'] {
  const steps = leg.scenario.journeys.flatMap((journey) => journey.steps);
  const requests = steps.filter((step): step is RequestStep => !isWork(step));
  const list: DriveReport['notAvailable'] = [
    {
      metric: 'scheduleLag',
      reason: 'k6 does not tell when an iteration was due: latency counts from the send; a start that found no free virtual user is counted as dropped',
    },
    { metric: 'loopDelay', reason: 'k6 is a program of its own' },
    { metric: 'bytes', reason: 'k6 does not tell the size of a body that came without content-length' },
    { metric: 'connections an origin', reason: 'k6 keeps connections by address, and all origins share one' },
  ];
  if (requests.some((step) => resolveStep(step).stream !== undefined)) {
    for (const metric of ['ttft', 'tpot', 'gap', 'maxGap'])
      list.push({ metric, reason: 'k6 hands a body to its script only when it is whole: events have no times' });
  }
  if (requests.some((step) => step.abortAfterEvents !== undefined)) {
    list.push({ metric: 'aborted', reason: 'k6 cannot leave a stream in the middle: it was read to its end' });
  }
  if (leg.scenario.journeys.some((journey) => journey.milestones !== undefined)) {
    list.push({
      metric: 'milestone',
      reason: 'in k6 a level of the graph begins when the whole level before it has ended, so that a page takes longer than in a browser',
    });
  }
  return list;
}

import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { ControlClient } from './control-client.ts';
import { type Attempt, attemptLeg } from './attempt-leg.ts';
import { startRunClock } from './clock.ts';
import type { LegView } from './drive/drive-leg.ts';
import type { Driver } from './drive/driver.ts';
import { toLegResult } from './judge/judge.ts';
import { judgeRun } from './judge/verdict.ts';
import type { Plan } from './plan/plan.ts';
import { writeReports } from './results/write-reports.ts';
import { machineFacts, toolFacts } from './results/machine.ts';
import type { Findings } from './results/findings.ts';
import type { LegMeasurement, LegResult, RunFile, RunVerdict, ValidityCheck } from './results/run-file.ts';
import { createRunDirectory, discardRunDirectory, writeRun } from './results/run-store.ts';
import { samplesFileName, writeSamples } from './results/samples.ts';
import { type ServerFacts, serverFacts } from './results/server-facts.ts';
import type { Sample } from './sample.ts';
import type { ServerLog } from './server-log.ts';
import type { RunTraces } from './telemetry/run-traces.ts';
import { UsageError } from './usage-error.ts';
import { plumblineVersion } from './version.ts';

export interface RunParts {
  drivers: ReadonlyMap<string, Driver>;
  /** Of the server under load, where it has one. */
  control?: ControlClient;
  /** Absent: traces are switched off. */
  traces?: RunTraces;
  /** Of a server that was started for this: goes to `server.log` beside run.json. */
  serverLog?: ServerLog;
  resultsRoot: string;
  view: LegView;
  /** Aborted: stop sending, keep what was measured; the run is then invalid and says so. */
  signal: AbortSignal;
  /** Of a study: what it found beside the load, and the requests whose traces show it, by leg. Called once, when all legs have run. */
  study?: (legs: readonly LegMeasurement[], directory: string) => Promise<{ findings: Findings; kept: ReadonlyMap<string, Sample[]> }>;
}

const serverLogName = 'server.log';

/**
 * The main path: plan -> drive -> record -> results -> judge -> report. Returns what run.json holds and where it is. A leg that fails is in it with its failure,
 * and the run is invalid. Throws UsageError `setup_failed`, and leaves no results, when no leg got beyond its set-up; `no_control` and `bad_out` before anything is sent.
 */
export async function run(plan: Plan, parts: RunParts): Promise<{ directory: string; run: RunFile }> {
  const startedAt = new Date().toISOString();
  const server = await factsBefore(plan, parts.control);
  const rootIsNew = !existsSync(parts.resultsRoot);
  const directory = await directoryFor(plan, parts.resultsRoot);
  parts.serverLog?.writeTo(join(directory, serverLogName));
  await parts.traces?.begin(directory);
  const samples = writeSamples(join(directory, samplesFileName));
  const clock = startRunClock();
  const attempts: Attempt[] = [];
  for (const stage of plan.stages) {
    if (parts.signal.aborted) break;
    const budget = new AbortController();
    const signal = AbortSignal.any([parts.signal, budget.signal]);
    const sumUps = await Promise.all(
      stage.map((leg) => attemptLeg(leg, { ...parts, plan, clock, samples, signal, overBudget: () => budget.abort(), declared: server.declared })),
    );
    attempts.push(...sumUps.map((sumUp) => sumUp()));
  }
  const notes: string[] = [];
  await samples.close().catch((error: Error) => notes.push(error.message));
  const driven = attempts.map(({ measurement }) => measurement);
  if (attempts.length > 0 && attempts.every(({ driven, measurement }) => !driven && measurement.failure !== undefined)) {
    await discardRunDirectory(directory, rootIsNew);
    throw setupFailed(plan, attempts);
  }
  const study = await parts.study?.(driven, directory);
  const measured = driven.map((leg) => ({ ...leg, ...(study?.kept.has(leg.id) && { kept: study.kept.get(leg.id) ?? [] }) }));
  const interrupted = parts.signal.aborted || measured.some((leg) => leg.driverReport.interrupted);
  const { account, missing } = await server.account();
  if (missing !== undefined) notes.push(missing);
  const scenarios = new Map(plan.stages.flat().map((leg) => [leg.id, leg.scenario]));
  const durationMs = clock.now();
  const telemetry = await parts.traces?.finish({ runId: plan.runId, targetUrl: plan.target.url, directory, epochMs: clock.epochMs, legs: measured });
  const legs = measured.map((leg) => toLegResult(leg, scenarios.get(leg.id)?.objectives ?? []));
  const result: RunFile = {
    schema: 'plumbline.run/1',
    runId: plan.runId,
    startedAt,
    durationMs,
    interrupted,
    plumbline: plumblineVersion,
    // A leg that was cut short before its driver reported knows no version.
    tools: toolFacts(measured.map((leg) => leg.driverReport.tool).filter(({ version }) => version !== 'unknown')),
    machine: machineFacts(),
    seed: plan.seed,
    target: {
      url: plan.target.url,
      kind: server.profile ? 'reference' : 'foreign',
      protocol: plan.target.protocol,
      ...(server.profile && { profile: server.profile }),
    },
    legs,
    ...(account && { server: account }),
    ...(telemetry && { telemetry }),
    ...(notes.length > 0 && { notes }),
    ...(study && { findings: study.findings }),
    verdict: verdictOf(legs, interrupted, study?.findings),
  };
  await writeRun(directory, result);
  await writeReports(directory, result);
  return { directory, run: result };
}

/** Checks without which a study found nothing; the others are of the load, and a study's findings do not hang on its punctuality. */
const studyNeeds: readonly ValidityCheck['name'][] = ['failed', 'interrupted', 'samples'];

/** With findings, theirs is the verdict: they are decided from the times at which things really happened. A load that was late is told beside it, since it blurs latencies. */
function verdictOf(legs: readonly LegResult[], interrupted: boolean, findings: Findings | undefined): RunVerdict {
  const load = judgeRun(legs, interrupted);
  if (!findings) return load;
  const broken = legs.flatMap(({ id, validity }) => validity.checks.filter(({ ok }) => !ok).map(({ name, text }) => ({ name, text: `${id}: ${text}` })));
  const { verdict, reasons } = findings.verdict;
  if (interrupted || broken.some(({ name }) => studyNeeds.includes(name))) return { verdict: 'invalid', reasons: [...load.reasons, ...reasons] };
  return { verdict, reasons: [...reasons, ...broken.map(({ text }) => `take its latencies with care: ${text}`)] };
}

async function factsBefore(plan: Plan, control: ControlClient | undefined): Promise<ServerFacts> {
  return serverFacts(control).catch((error: Error) => {
    throw new UsageError(
      'no_control',
      `no control port answers at ${plan.target.controlUrl} (${error.message}); --control is for a reference server: give its control port, or leave it out`,
    );
  });
}

async function directoryFor(plan: Plan, root: string): Promise<string> {
  return createRunDirectory(root, plan.runId).catch((error: Error) => {
    throw new UsageError('bad_out', `--out: results cannot be written into "${root}" (${error.message}); give a folder that is there or can be made`);
  });
}

/** Nothing was sent but set-up requests: the target is down, or the set-up does not fit it. */
function setupFailed(plan: Plan, attempts: readonly Attempt[]): UsageError {
  const reasons = [...new Set(attempts.map(({ measurement }) => measurement.failure ?? ''))];
  const more = reasons.length > 1 ? ` (and ${reasons.length - 1} more like it)` : '';
  const file = plan.stages[0]?.[0]?.scenarioFile ?? '';
  return new UsageError(
    'setup_failed',
    `nothing was measured: ${reasons[0]}${more}. Check that the server is up at ${plan.target.url}, and that "setup" in ${relative(process.cwd(), file)} fits it`,
  );
}

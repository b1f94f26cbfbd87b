import { join } from 'node:path';
import type { ControlClient } from './control-client.ts';
import { startRunClock } from './clock.ts';
import { driveLeg, type LegView } from './drive/drive-leg.ts';
import type { Driver } from './drive/driver.ts';
import { toLegResult } from './judge/judge.ts';
import { judgeRun } from './judge/verdict.ts';
import type { Plan } from './plan/plan.ts';
import { writeReports } from './results/write-reports.ts';
import { machineFacts, toolFacts } from './results/machine.ts';
import type { LegMeasurement, RunFile } from './results/run-file.ts';
import { createRunDirectory, writeRun } from './results/run-store.ts';
import { samplesFileName, writeSamples } from './results/samples.ts';
import { serverFacts } from './results/server-facts.ts';
import { plumblineVersion } from './version.ts';

export interface RunParts {
  drivers: ReadonlyMap<string, Driver>;
  /** Of the server under load, where it has one. */
  control?: ControlClient;
  resultsRoot: string;
  view: LegView;
  /** Aborted: stop sending, keep what was measured; the run is then invalid and says so. */
  signal: AbortSignal;
}

/** The main path: plan -> drive -> record -> results -> judge -> report. Returns what run.json holds and where it is. */
export async function run(plan: Plan, parts: RunParts): Promise<{ directory: string; run: RunFile }> {
  const startedAt = new Date().toISOString();
  const directory = await createRunDirectory(parts.resultsRoot, plan.runId);
  const samples = writeSamples(join(directory, samplesFileName));
  const server = await serverFacts(parts.control);
  const clock = startRunClock();
  const measured: LegMeasurement[] = [];
  try {
    for (const stage of plan.stages) {
      if (parts.signal.aborted) break;
      const budget = new AbortController();
      const signal = AbortSignal.any([parts.signal, budget.signal]);
      measured.push(
        ...(await Promise.all(
          stage.map((leg) => driveLeg(leg, { ...parts, plan, clock, samples, signal, overBudget: () => budget.abort(), declared: server.declared })),
        )),
      );
    }
  } finally {
    await samples.close();
  }
  const interrupted = parts.signal.aborted || measured.some((leg) => leg.driverReport.interrupted);
  const account = await server.account();
  const scenarios = new Map(plan.stages.flat().map((leg) => [leg.id, leg.scenario]));
  const legs = measured.map((leg) => toLegResult(leg, scenarios.get(leg.id)?.objectives ?? []));
  const result: RunFile = {
    schema: 'plumbline.run/1',
    runId: plan.runId,
    startedAt,
    durationMs: clock.now(),
    interrupted,
    plumbline: plumblineVersion,
    tools: toolFacts(measured.map((leg) => leg.driverReport.tool)),
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
    verdict: judgeRun(legs, interrupted),
  };
  await writeRun(directory, result);
  await writeReports(directory, result);
  return { directory, run: result };
}

import { join } from 'node:path';
import type { ControlClient } from '../control-client.ts';
import type { Driver } from '../drive/driver.ts';
import type { LegView } from '../drive/drive-leg.ts';
import type { RunMetrics } from '../telemetry/metrics.ts';
import type { Plan } from '../plan/plan.ts';
import { readConfig } from '../config.ts';
import { annotationsOf } from '../report/grafana-annotations.ts';
import { grafanaLink, liveLink } from '../report/grafana-link.ts';
import { renderTerminal } from '../report/terminal.ts';
import { slowestTraceLines } from '../report/trace-backend.ts';
import type { RunFile } from '../results/run-file.ts';
import { run, type RunParts } from '../run.ts';
import type { ServerLog } from '../server-log.ts';
import { annotateRun } from '../telemetry/annotate-run.ts';
import type { RunTraces } from '../telemetry/run-traces.ts';
import { UsageError } from '../usage-error.ts';
import { liveView } from './live-view.ts';
import { interruptSignal } from './interrupt-signal.ts';
import { outputStyle } from './output-style.ts';

export interface ExecuteParts {
  drivers: ReadonlyMap<string, Driver>;
  control?: ControlClient;
  traces?: RunTraces;
  /** Watches as well. */
  metrics?: LegView & Pick<RunMetrics, 'judged'>;
  /** Of Grafana. */
  grafanaUrl?: string;
  /** Of a dash that shows the run. */
  dashUrl?: string;
  /** Of a server that was started for this. */
  serverLog?: ServerLog;
  resultsRoot: string;
  study?: NonNullable<RunParts['study']>;
}

/** Runs a plan with live progress and prints its summary. Ctrl-C once stops cleanly and keeps what was measured; twice stops now. */
export async function executePlan(plan: Plan, parts: ExecuteParts): Promise<{ directory: string; run: RunFile }> {
  const refusals = plan.stages.flat().flatMap((leg) => {
    const reason = parts.drivers.get(leg.driver)?.refuse(leg, plan);
    return reason === undefined ? [] : [`${leg.id}: ${reason}`];
  });
  if (refusals.length > 0) throw new UsageError('driver_refuses', refusals.join('\n'));
  if (parts.dashUrl !== undefined) console.log(`dash: ${liveLink(parts.dashUrl, plan.runId)}`);
  const style = outputStyle();
  const view = liveView(style);
  const interrupt = interruptSignal();
  try {
    const outcome = await run(plan, { ...parts, view: parts.metrics ? bothViews(view, parts.metrics) : view, signal: interrupt.signal });
    view.close();
    parts.metrics?.judged(outcome.run);
    console.log(renderTerminal(outcome.run, style));
    console.log(`report: ${join(outcome.directory, 'report.html')}`);
    for (const line of slowestTraceLines(outcome.run)) console.log(line);
    if (parts.dashUrl !== undefined) console.log(`dash: ${grafanaLink(parts.dashUrl, outcome.run)}`);
    if (parts.grafanaUrl !== undefined) await toGrafana(parts.grafanaUrl, outcome.run);
    if (parts.serverLog?.file !== undefined) console.log(`the server wrote a log: ${parts.serverLog.file}`);
    return outcome;
  } finally {
    view.close();
    interrupt.release();
  }
}

/** Grafana is told of the run, and the run's link there is printed. What Grafana does not take is a warning: the verdict stands. */
async function toGrafana(grafanaUrl: string, outcome: RunFile): Promise<void> {
  const { grafanaToken } = readConfig();
  const fault = await annotateRun(annotationsOf(outcome), { grafanaUrl, ...(grafanaToken !== undefined && { token: grafanaToken }) });
  if (fault !== undefined) console.error(`warning: ${fault}`);
  console.log(`grafana: ${grafanaLink(grafanaUrl, outcome)}`);
}

function bothViews(one: LegView, other: LegView): LegView {
  return {
    start(leg, plan) {
      one.start(leg, plan);
      other.start(leg, plan);
    },
    update(leg, live, elapsedMs) {
      one.update(leg, live, elapsedMs);
      other.update(leg, live, elapsedMs);
    },
    end(leg) {
      one.end(leg);
      other.end(leg);
    },
    sample(leg, sample) {
      one.sample?.(leg, sample);
      other.sample?.(leg, sample);
    },
  };
}

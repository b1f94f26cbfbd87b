import type { LegResult, MetricName, MetricSet, RunFile } from '../../results/run-file.ts';
import { quantileName } from '../../report/format.ts';
import { quantileOf } from '../../results/distribution.ts';
import type { GateFile } from '../gate-file.ts';
import { type HistoryRow, historySchema } from './history-line.ts';

export interface WhatWasMeasured {
  commit?: string;
  subject?: string;
}

/** Why a result is no point of a history; undefined when it is one. */
export function unfit({ verdict, interrupted }: Pick<RunFile, 'verdict' | 'interrupted'> | Pick<GateFile, 'verdict' | 'interrupted'>): string | undefined {
  if (interrupted) return 'it was interrupted';
  return verdict.verdict === 'invalid' ? `it is invalid (${verdict.reasons[0] ?? 'no reason given'})` : undefined;
}

/** Every metric of the gate's last look: head's milliseconds, and head / base. */
export function rowOfGate(gate: GateFile, said: WhatWasMeasured = {}): HistoryRow {
  const values: Record<string, number> = {};
  const ratios: Record<string, number> = {};
  for (const metric of gate.decision?.metrics ?? []) {
    const name = `${metric.scenario}: ${metric.id}`;
    if (metric.measure !== 'throughput' && metric.headMs > 0) values[name] = metric.headMs;
    if (metric.change > -1) ratios[name] = 1 + metric.change;
  }
  const { base, head } = gate.sides;
  return {
    ...header(gate, said.commit ?? head.commit, said.subject),
    kind: 'gate',
    id: gate.gateId,
    ...(gate.profile && { profile: gate.profile }),
    base: { label: base.label, ...(base.commit !== undefined && { commit: base.commit }) },
    values,
    ratios,
  };
}

/** Quantiles that the run has enough samples for: p50 and p95 of each operation, p99 of each class, and the stream metrics. */
export function rowOfRun(run: RunFile, said: WhatWasMeasured = {}): HistoryRow {
  const values: Record<string, number> = {};
  for (const leg of run.legs) {
    if (leg.failure !== undefined || !leg.validity.valid) continue;
    const legName = run.legs.some((other) => other !== leg && other.scenario === leg.scenario) ? leg.id : leg.scenario;
    for (const [name, value] of legValues(leg)) if (value > 0) values[`${legName}: ${name}`] = value;
  }
  return {
    ...header(run, said.commit, said.subject),
    kind: 'run',
    id: run.runId,
    ...(run.target.profile && { profile: run.target.profile }),
    values,
  };
}

function header(
  result: Pick<RunFile, 'startedAt' | 'plumbline' | 'machine' | 'verdict'> | GateFile,
  commit: string | undefined,
  subject: string | undefined,
): Pick<HistoryRow, 'schema' | 'at' | 'commit' | 'subject' | 'plumbline' | 'machine' | 'verdict'> {
  return {
    schema: historySchema,
    at: result.startedAt,
    ...(commit !== undefined && { commit }),
    ...(subject !== undefined && { subject }),
    plumbline: result.plumbline,
    machine: { cpu: result.machine.cpu, cores: result.machine.cores },
    verdict: result.verdict.verdict,
  };
}

const streamMetrics: readonly MetricName[] = ['ttft', 'tpot', 'maxGap', 'total'];

function* legValues(leg: LegResult): Generator<[string, number]> {
  for (const { operation, metrics } of leg.operations) {
    yield* quantiles(operation, metrics, 'latency', [0.5, 0.95]);
    for (const metric of streamMetrics) yield* quantiles(operation, metrics, metric, [0.5, 0.95]);
  }
  for (const [name, metrics] of Object.entries(leg.classes)) yield* quantiles(`class ${name}`, metrics, 'latency', [0.99]);
  for (const { journey, duration } of leg.journeys) yield* quantiles(`journey ${journey}`, { latency: duration }, 'latency', [0.5, 0.95]);
}

function* quantiles(what: string, metrics: MetricSet, metric: MetricName, wanted: readonly number[]): Generator<[string, number]> {
  const distribution = metrics[metric];
  if (!distribution) return;
  for (const q of wanted) {
    const found = quantileOf(distribution, q);
    if (found?.enough) yield [`${what} ${metric} ${quantileName(q)}`, found.ms];
  }
}

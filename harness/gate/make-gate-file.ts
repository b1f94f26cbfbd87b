/** Everything that a gate found out, as the file that the outputs read. Pure. */
import type { Machine } from '../results/run-file.ts';
import type { DecisionRule } from './decision-rule.ts';
import type { Concluded } from './conclude.ts';
import { drawsOf } from './draws.ts';
import { type EpochRecord, epochFile } from './epochs/epoch-record.ts';
import { headOnlyOf, headOnlyText } from './epochs/head-only.ts';
import { cpuPerRequest, hopsOf, type JudgeableEvidence } from './epochs/evidence.ts';
import { judgeHardLimits, withHardLimits } from './hard-limits.ts';
import type { GateRequest } from './gate.ts';
import type { EpochSummary, GateFile, GatePilot, GateSide } from './gate-file.ts';
import type { SideIdentity } from './sides/side.ts';
import type { Decision, SideName } from './types.ts';

export interface GateFindings {
  request: GateRequest;
  records: readonly EpochRecord[];
  evidence: JudgeableEvidence;
  decision: Decision | undefined;
  verdict: Concluded;
  rule: DecisionRule;
  interrupted: boolean;
  startedAt: Date;
  durationMs: number;
  plumbline: string;
  machine: Machine;
  /** Absent: they could not be built. */
  identities?: Record<SideName, SideIdentity>;
  pilot?: GatePilot;
  /** Directories of recorded epochs. */
  recordedFrom?: readonly string[];
  notes?: readonly string[];
}

export function makeGateFile(findings: GateFindings): GateFile {
  const { request, records, evidence, decision, verdict, rule } = findings;
  const { shape, specs } = request;
  const valid = records.filter(({ faults }) => faults.length === 0);
  const headOnly = headOnlyOf(valid);
  const notes = [...(findings.notes ?? []), ...[...headOnly.values()].map(headOnlyText)];
  const hardLimits =
    valid.length === 0
      ? []
      : judgeHardLimits(
          shape.scenarios.map(({ loaded }) => loaded.scenario),
          valid.map(({ sides }) => sides),
          new Set(headOnly.keys()),
        );
  const { noBase, ...conclusion } = withHardLimits(verdict, hardLimits);
  const profile = valid[0]?.sides.base.profile;
  const { draws, why } = drawsOf(valid, shape.draws);
  const calibration = request.calibration?.[draws];
  const side = (name: SideName): GateSide => sideOf(findings.identities?.[name] ?? { kind: 'command', given: specs[name].given, label: specs[name].given });
  return {
    schema: 'plumbline.gate/1',
    gateId: request.gateId,
    startedAt: findings.startedAt.toISOString(),
    durationMs: Math.round(findings.durationMs),
    interrupted: findings.interrupted,
    plumbline: findings.plumbline,
    machine: findings.machine,
    seed: request.seed,
    sides: { base: side('base'), head: side('head') },
    ...(profile && { profile }),
    scenarios: shape.scenarios.map(({ loaded }) => loaded.scenario.name),
    plan: {
      draws,
      ...(why !== undefined && { drawsWhy: why }),
      looksAtEpochs: [...rule.looksAtEpochs],
      alphaFail: rule.alphaFail,
      alphaPass: rule.alphaPass,
      samplesEach: shape.samplesEach,
      ...(request.maxMinutes !== undefined && { maxMinutes: request.maxMinutes }),
      interleaving: shape.scenarios
        .map(
          ({ loaded, load }) =>
            `${loaded.scenario.name}: ${load.interleaving === 'blocks' ? `blocks of ${shape.blockMs} ms` : 'each pair of arrivals'} in random order`,
        )
        .join('; '),
    },
    ...(findings.pilot && { pilot: findings.pilot }),
    ...(findings.recordedFrom && { recordedFrom: [...findings.recordedFrom] }),
    ...(notes.length > 0 && { notes }),
    epochs: records.map(summaryOf),
    metrics: [...evidence.metrics],
    errors: [...evidence.errors],
    hops: hopsOf(valid),
    hardLimits,
    ...(evidence.acceptance && { acceptance: evidence.acceptance }),
    ...(decision && { decision }),
    ...(calibration && { calibration }),
    ...(noBase !== undefined && { noBase }),
    verdict: conclusion,
  };
}

function sideOf({ kind, given, commit, imageId }: SideIdentity): GateSide {
  return {
    label: given,
    kind: kind === 'directory' ? 'git' : kind,
    ...(commit !== undefined && { commit }),
    ...(imageId !== undefined && { version: imageId }),
  };
}

function summaryOf(record: EpochRecord): EpochSummary {
  const { base, head } = record.sides;
  const cpu = { base: cpuPerRequest(base), head: cpuPerRequest(head) };
  return {
    index: record.index,
    seed: record.seeds.base,
    first: record.startOrder[0] ?? 'base',
    startedAt: record.startedAt,
    durationMs: record.durationMs,
    valid: record.faults.length === 0,
    reasons: record.faults.map(({ side, text }) => (side === undefined ? text : `${side}: ${text}`)),
    file: epochFile(record),
    cpuMsPerRequest: { ...(cpu.base !== undefined && { base: cpu.base }), ...(cpu.head !== undefined && { head: cpu.head }) },
  };
}

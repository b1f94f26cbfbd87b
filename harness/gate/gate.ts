import { join } from 'node:path';
import { machineFacts } from '../results/machine.ts';
import { createRunDirectory } from '../results/run-store.ts';
import { UsageError } from '../usage-error.ts';
import { plumblineVersion } from '../version.ts';
import { conclude, type Concluded, endedByFaults } from './conclude.ts';
import { decide, decideByLooks } from './decide.ts';
import { type DecisionRule, gateRule } from './decision-rule.ts';
import { type EpochShape, planEpoch } from './epochs/epoch-plan.ts';
import { type EpochRecord, writeEpoch } from './epochs/epoch-record.ts';
import { type EpochFigures, evidenceOf, figuresOf, type MetricSettings } from './epochs/evidence.ts';
import { runEpoch } from './epochs/run-epoch.ts';
import type { CalibrationCited, GateFile, GatePilot } from './gate-file.ts';
import { writeGate } from './gate-store.ts';
import { makeGateFile } from './make-gate-file.ts';
import { differences } from './recorded.ts';
import { runPilot } from './run-pilot.ts';
import { openSides, type SideOptions, type SideSpecs } from './sides/open-side.ts';
import { type Side, SideFault } from './sides/side.ts';
import type { Decision, SideName } from './types.ts';
import { writeGateReports } from './write-gate-reports.ts';

export interface GateRequest {
  gateId: string;
  seed: number;
  specs: SideSpecs;
  sideOptions: SideOptions;
  shape: EpochShape;
  settings: MetricSettings;
  /** Of base against base, before the gate; 0: none. */
  pilotEpochs: number;
  /** Wall time of pilot and epochs; building is left out. */
  maxMinutes?: number;
  resultsRoot: string;
  /** To be cited. */
  calibration?: CalibrationCited;
  /** Epochs of this very gate that are there already: it goes on behind them, in their directory. */
  resume?: { directory: string; records: readonly EpochRecord[] };
}

export interface GateView {
  say(line: string): void;
  epoch(record: EpochRecord, estimate: Decision | undefined): void;
}

export interface GateParts {
  view: GateView;
  signal: AbortSignal;
  rule?: DecisionRule;
}

/** What a gate has, as it grows. */
interface Progress {
  directory: string;
  records: EpochRecord[];
  figures: EpochFigures[];
  shape: EpochShape;
  settings: MetricSettings;
  sides?: Record<SideName, Side>;
  pilot?: GatePilot;
  decision?: Decision;
  ended?: Concluded;
}

/** The main path: sides -> pilot -> epochs -> evidence -> decision -> gate.json. What was measured is kept, whatever happens. */
export async function gate(request: GateRequest, parts: GateParts): Promise<{ directory: string; gate: GateFile }> {
  const { shape, settings, resume } = request;
  const started = { startedAt: new Date(), ms: performance.now() };
  const directory = resume?.directory ?? (await createRunDirectory(request.resultsRoot, request.gateId));
  const progress: Progress = { directory, records: [...(resume?.records ?? [])], figures: [], shape, settings };
  try {
    progress.sides = await openSides(request.specs, request.sideOptions, parts.signal);
    await measure(request, progress, { ...parts, sides: progress.sides });
  } catch (error) {
    if (error instanceof SideFault) progress.ended = unbuilt(error);
    else if (!parts.signal.aborted) throw error;
  } finally {
    await Promise.all(Object.values(progress.sides ?? {}).map((side) => side.remove()));
  }
  return judge(request, progress, { ...parts, ...started });
}

/** The same judgement on epochs that were recorded. */
export async function gateRecorded(
  request: GateRequest,
  records: readonly EpochRecord[],
  parts: Omit<GateParts, 'signal'> & { from: readonly string[] },
): Promise<{ directory: string; gate: GateFile }> {
  const { shape, settings } = request;
  const started = { startedAt: new Date(), ms: performance.now() };
  const directory = await createRunDirectory(request.resultsRoot, request.gateId);
  const figures = records.filter(({ faults }) => faults.length === 0).map((record) => figuresOf(record, settings));
  const ended = endedByFaults(records);
  const progress: Progress = { directory, records: [...records], figures, shape, settings, ...(ended && { ended }) };
  return judge(request, progress, { ...parts, ...started, signal: new AbortController().signal });
}

async function measure(request: GateRequest, progress: Progress, parts: GateParts & { sides: Record<SideName, Side> }): Promise<void> {
  const { sides, view, signal, rule = gateRule } = parts;
  const { gateId, seed, maxMinutes } = request;
  const startedMs = performance.now();
  if (sides.base.fresh && sides.head.fresh && request.pilotEpochs > 0) {
    const { shape, settings, directory } = progress;
    const common = { gateId, seed, shape, settings, directory, ...(maxMinutes !== undefined && { maxMinutes }) };
    Object.assign(progress, await runPilot({ ...common, epochs: request.pilotEpochs, base: sides.base }, view, signal));
    if (progress.ended) return;
  }
  const untilMs = startedMs + (maxMinutes ?? Number.POSITIVE_INFINITY) * 60_000;
  const most = rule.looksAtEpochs.at(-1) ?? 0;
  const { shape, settings, records, figures } = progress;
  figures.push(...records.filter(({ faults }) => faults.length === 0).map((record) => figuresOf(record, settings)));
  for (let index = records.length; figures.length < most && performance.now() < untilMs; index += 1) {
    const record = await runEpoch(planEpoch(shape, seed, index), { gateId, kind: 'measured', shape, sides, signal });
    refuseOther(records[0], record);
    await writeEpoch(progress.directory, record);
    records.push(record);
    if (record.faults.length === 0) figures.push(figuresOf(record, settings));
    const evidence = evidenceOf(figures, settings, seed);
    view.epoch(record, figures.length > 1 ? decide(evidence, { epochs: figures.length, look: 0 }, rule) : undefined);
    const ended = endedByFaults(records);
    const decision = decideByLooks(evidence, { epochs: figures.length, ended: false }, rule);
    if (ended) progress.ended = ended;
    if (decision) progress.decision = decision;
    if (ended || (decision && decision.verdict !== 'inconclusive')) return;
  }
}

/** Epochs of before are of the same sides, on the same machine: a resumed gate must not go on with others. */
function refuseOther(first: EpochRecord | undefined, next: EpochRecord): void {
  if (!first || first.faults.length > 0 || next.faults.length > 0) return;
  const faults = differences(first, next);
  if (faults.length > 0) throw new UsageError('epochs_differ', `this gate's epochs are of something else: ${faults.join('; ')}; start a new gate`);
}

type Started = GateParts & { startedAt: Date; ms: number; from?: readonly string[] };

async function judge(request: GateRequest, progress: Progress, parts: Started): Promise<{ directory: string; gate: GateFile }> {
  const { signal, rule = gateRule, from } = parts;
  const { records, figures, shape, settings, sides, pilot, directory } = progress;
  const evidence = evidenceOf(figures, settings, request.seed);
  const told = progress.decision?.verdict === 'pass' || progress.decision?.verdict === 'fail' ? progress.decision : undefined;
  // The time is up: epochs behind the last look count, too. Whoever interrupts may have seen the estimates, so that is no look.
  const decision = told ?? decideByLooks(evidence, { epochs: figures.length, ended: !signal.aborted && !progress.ended }, rule);
  const verdict = progress.ended ?? conclude(records, decision, signal.aborted);
  const identities = sides ? { base: sides.base.identity, head: sides.head.identity } : identitiesOf(records);
  const file = makeGateFile({
    ...{ request: { ...request, shape, settings }, records, evidence, decision, verdict, rule, interrupted: signal.aborted },
    ...{ startedAt: parts.startedAt, durationMs: performance.now() - parts.ms, plumbline: plumblineVersion, machine: records[0]?.machine ?? machineFacts() },
    ...(identities && { identities }),
    ...(pilot && { pilot }),
    ...(from && { recordedFrom: from }),
  });
  await writeGate(directory, file);
  await writeGateReports(directory, file);
  return { directory: join(directory), gate: file };
}

function identitiesOf(records: readonly EpochRecord[]): Record<SideName, Side['identity']> | undefined {
  const [first] = records;
  return first && { base: first.sides.base.identity, head: first.sides.head.identity };
}

/** A base that cannot be built is none: a first change has nothing to be compared with. A head that cannot is a failure of the change. */
function unbuilt({ side, message }: SideFault): Concluded {
  if (side === 'base') return { verdict: 'inconclusive', reasons: [message], noBase: message };
  return { verdict: 'fail', reasons: [message] };
}

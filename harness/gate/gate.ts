import { join } from 'node:path';
import { machineFacts } from '../results/machine.ts';
import { createRunDirectory } from '../results/run-store.ts';
import { UsageError } from '../usage-error.ts';
import { plumblineVersion } from '../version.ts';
import { conclude, type Concluded, endedByFaults } from './conclude.ts';
import { decide, decideByLooks } from './decide.ts';
import { type DecisionRule, gateRule } from './decision-rule.ts';
import type { Draws } from './draws.ts';
import { type EpochShape, planEpoch } from './epochs/epoch-plan.ts';
import { type EpochRecord, writeEpoch } from './epochs/epoch-record.ts';
import { type EpochFigures, evidenceOf, figuresOf, type MetricSettings } from './epochs/evidence.ts';
import { runEpoch, scenariosOf } from './epochs/run-epoch.ts';
import type { CalibrationCited, GateFile, GatePilot } from './gate-file.ts';
import { writeGate } from './gate-store.ts';
import { makeGateFile } from './make-gate-file.ts';
import { type GatePlanFile, type PlanFlags, writePlan } from './plan-file.ts';
import { anyPartEnded, differences, type EpochKind, type RecordedPart, recordsOf, ruleFor } from './recorded.ts';
import { runPilot } from './run-pilot.ts';
import { fitsInto } from './time-left.ts';
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
  /** Of an epoch's measured part, where the user has set it. */
  longestMs?: number;
  resultsRoot: string;
  /** To be cited, by the draws that its epochs turn out to have. */
  calibration?: Readonly<Record<Draws, CalibrationCited | undefined>>;
  /** As given, for plan.json. Absent: it was not begun by flags. */
  flags?: PlanFlags;
  /** Epochs of this very gate that are there already: it goes on behind them, in their directory. */
  resume?: Resumed;
}

/** `pilot` absent: there was none yet. `spentMs`: of the time of `maxMinutes`. */
export interface Resumed {
  directory: string;
  records: readonly EpochRecord[];
  pilot?: GatePilot;
  spentMs: number;
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
  /** Of pilot and epochs, until now. */
  spentMs: () => number;
  records: EpochRecord[];
  figures: EpochFigures[];
  shape: EpochShape;
  settings: MetricSettings;
  sides?: Record<SideName, Side>;
  pilot?: GatePilot;
  decision?: Decision;
  ended?: Concluded;
}

/** `spentMs`: of the time of `maxMinutes`. */
export interface Gated {
  directory: string;
  gate: GateFile;
  spentMs: number;
}

/** The main path: sides -> pilot -> epochs -> evidence -> decision -> gate.json. What was measured is kept, whatever happens. */
export async function gate(request: GateRequest, parts: GateParts): Promise<Gated> {
  const { shape, settings, resume } = request;
  const started = { startedAt: new Date(), ms: performance.now() };
  const directory = resume?.directory ?? (await createRunDirectory(request.resultsRoot, request.gateId));
  const spentMs = (): number => resume?.spentMs ?? 0;
  const progress: Progress = {
    directory,
    spentMs,
    records: [...(resume?.records ?? [])],
    figures: [],
    shape,
    settings,
    ...(resume?.pilot && { pilot: resume.pilot }),
  };
  try {
    // Before anything is built: who is killed from here on can go on.
    await keepPlan(request, progress, 'running');
    progress.sides = await openSides(request.specs, request.sideOptions, parts.signal);
    await measure(request, progress, { ...parts, sides: progress.sides });
  } catch (error) {
    if (error instanceof SideFault) progress.ended = unbuilt(error);
    else if (!parts.signal.aborted) throw error;
  } finally {
    await Promise.all(Object.values(progress.sides ?? {}).map((side) => side.remove()));
  }
  await keepPlan(request, progress, parts.signal.aborted ? 'interrupted' : 'ended');
  return { ...(await judge(request, progress, { ...parts, ...started })), spentMs: progress.spentMs() };
}

async function keepPlan({ gateId, seed, flags = {} }: GateRequest, progress: Progress, state: GatePlanFile['state']): Promise<void> {
  const { directory, shape, settings, pilot, spentMs } = progress;
  await writePlan(directory, { gateId, seed, flags, shape, settings, ...(pilot && { pilot }), spentMs: Math.round(spentMs()), state });
}

/** The same judgement on epochs that were recorded: those of one gate as that gate looked at them, those of several all together, once. */
export async function gateRecorded(
  request: GateRequest,
  recorded: readonly RecordedPart[],
  { view, pilot, notes }: { view: GateView; pilot?: GatePilot | undefined; notes: readonly string[] },
): Promise<Gated> {
  const { shape } = request;
  const started = { startedAt: new Date(), ms: performance.now() };
  const directory = await createRunDirectory(request.resultsRoot, request.gateId);
  const records = recordsOf(recorded);
  const valid = records.filter(({ faults }) => faults.length === 0);
  const settings = { ...request.settings, maxEpochs: Math.max(request.settings.maxEpochs, valid.length) };
  const figures = valid.map((record) => figuresOf(record, settings));
  const ended = anyPartEnded(recorded);
  const progress: Progress = { directory, spentMs: () => 0, records, figures, shape, settings, ...(pilot && { pilot }), ...(ended && { ended }) };
  // Who interrupts may have seen the estimates, and who is killed may have been for them: no look behind the last one.
  const noLookMore = recorded.length === 1 && recorded.some(({ plan }) => plan !== undefined && plan.state !== 'ended');
  const from = { directories: recorded.map((part) => part.directory), notes };
  return {
    ...(await judge(request, progress, { view, rule: ruleFor(recorded, valid.length), ...started, signal: new AbortController().signal, from, noLookMore })),
    spentMs: 0,
  };
}

async function measure(request: GateRequest, progress: Progress, parts: GateParts & { sides: Record<SideName, Side> }): Promise<void> {
  const { sides, view, signal, rule = gateRule } = parts;
  const { gateId, seed, maxMinutes, longestMs, resume } = request;
  const { records, figures, directory } = progress;
  const startedMs = performance.now();
  progress.spentMs = () => (resume?.spentMs ?? 0) + performance.now() - startedMs;
  const leftMs = (): number | undefined => (maxMinutes === undefined ? undefined : maxMinutes * 60_000 - progress.spentMs());
  if (sides.base.fresh && sides.head.fresh && request.pilotEpochs > 0 && !progress.pilot && records.length === 0) {
    const { shape, settings } = progress;
    const left = leftMs();
    const common = {
      gateId,
      seed,
      shape,
      settings,
      directory,
      ...(left !== undefined && { maxMinutes: left / 60_000 }),
      ...(longestMs !== undefined && { longestMs }),
    };
    Object.assign(progress, await runPilot({ ...common, epochs: request.pilotEpochs, base: sides.base }, view, signal));
    if (progress.ended) return;
    await keepPlan(request, progress, 'running');
  }
  const most = rule.looksAtEpochs.at(-1) ?? 0;
  const { shape, settings } = progress;
  figures.push(...records.filter(({ faults }) => faults.length === 0).map((record) => figuresOf(record, settings)));
  refuseOther(records, kindOf(shape, sides));
  for (let index = records.length; !isTold(progress, request, rule) && figures.length < most && fitsInto(leftMs(), { records, shape }); index += 1) {
    const record = await runEpoch(planEpoch(shape, seed, index), { gateId, kind: 'measured', shape, sides, signal });
    refuseOther(records, record);
    await writeEpoch(directory, record);
    records.push(record);
    if (record.faults.length === 0) figures.push(figuresOf(record, settings));
    await keepPlan(request, progress, 'running');
    view.epoch(record, figures.length > 1 ? decide(evidenceOf(figures, settings, seed), { epochs: figures.length, look: 0 }, rule) : undefined);
  }
}

/** Whether the epochs until now have a verdict, which it keeps; asked before the first one, too: those of before a stop may have one. */
function isTold(progress: Progress, { seed }: GateRequest, rule: DecisionRule): boolean {
  const { records, figures, settings } = progress;
  const ended = endedByFaults(records);
  const decision = decideByLooks(evidenceOf(figures, settings, seed), { epochs: figures.length, ended: false }, rule);
  if (ended) progress.ended = ended;
  if (decision) progress.decision = decision;
  return ended !== undefined || (decision !== undefined && decision.verdict !== 'inconclusive');
}

/** What an epoch of these sides will be, as far as that is known before one has been measured. */
function kindOf(shape: EpochShape, sides: Record<SideName, Side>): EpochKind {
  const { draws, blockMs, warmupMs, durationMs, samplesEach, maxRequests, spanShare } = shape;
  return {
    ...{ plumbline: plumblineVersion, machine: machineFacts(), scenarios: scenariosOf(shape), draws, blockMs, warmupMs, measuredMs: durationMs, samplesEach },
    ...(maxRequests !== undefined && { maxRequests }),
    ...(spanShare !== undefined && { spanShare }),
    sides: { base: { identity: sides.base.identity }, head: { identity: sides.head.identity } },
  };
}

/** Epochs of before are of the same sides, on the same machine: a resumed gate must not go on with others. */
function refuseOther(records: readonly EpochRecord[], next: EpochKind): void {
  const known = records.find(({ faults }) => faults.length === 0) ?? records[0];
  const faults = known ? differences(known, next) : [];
  if (faults.length > 0) throw new UsageError('epochs_differ', `this gate's epochs are of something else: ${faults.join('; ')}; start a new gate`);
}

type Started = GateParts & {
  startedAt: Date;
  ms: number;
  from?: { directories: readonly string[]; notes: readonly string[] };
  noLookMore?: boolean;
};

async function judge(request: GateRequest, progress: Progress, parts: Started): Promise<Omit<Gated, 'spentMs'>> {
  const { signal, rule = gateRule, from, noLookMore = signal.aborted } = parts;
  const { records, figures, shape, settings, sides, pilot, directory } = progress;
  const evidence = evidenceOf(figures, settings, request.seed);
  const told = progress.decision?.verdict === 'pass' || progress.decision?.verdict === 'fail' ? progress.decision : undefined;
  // The time is up: epochs behind the last look count, too. Whoever interrupts may have seen the estimates, so that is no look.
  const decision = told ?? decideByLooks(evidence, { epochs: figures.length, ended: !noLookMore && !progress.ended }, rule);
  const verdict = progress.ended ?? conclude(records, decision, signal.aborted);
  const identities = sides ? { base: sides.base.identity, head: sides.head.identity } : identitiesOf(records);
  const file = makeGateFile({
    ...{ request: { ...request, shape, settings }, records, evidence, decision, verdict, rule, interrupted: signal.aborted },
    ...{ startedAt: parts.startedAt, durationMs: performance.now() - parts.ms, plumbline: plumblineVersion, machine: records[0]?.machine ?? machineFacts() },
    ...(identities && { identities }),
    ...(pilot && { pilot }),
    ...(from && { recordedFrom: from.directories, notes: from.notes }),
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

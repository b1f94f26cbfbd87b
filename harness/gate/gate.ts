import { join } from 'node:path';
import { machineFacts } from '../results/machine.ts';
import { createRunDirectory } from '../results/run-store.ts';
import { plumblineVersion } from '../version.ts';
import { conclude, type Concluded, endedByFaults } from './conclude.ts';
import { decide, decideByLooks } from './decide.ts';
import { type DecisionRule, gateRule } from './decision-rule.ts';
import { type EpochShape, planEpoch } from './epochs/epoch-plan.ts';
import { type EpochRecord, writeEpoch } from './epochs/epoch-record.ts';
import { type EpochFigures, evidenceOf, figuresOf, type MetricSettings } from './epochs/evidence.ts';
import { runEpoch } from './epochs/run-epoch.ts';
import type { GateFile } from './gate-file.ts';
import { writeGate } from './gate-store.ts';
import { writeGateReports } from './write-gate-reports.ts';
import { makeGateFile } from './make-gate-file.ts';
import { openSides, type SideOptions, type SideSpecs } from './sides/open-side.ts';
import { type Side, SideFault } from './sides/side.ts';
import type { Decision, SideName } from './types.ts';

export interface GateRequest {
  gateId: string;
  seed: number;
  specs: SideSpecs;
  sideOptions: SideOptions;
  shape: EpochShape;
  settings: MetricSettings;
  /** Wall time, building left out. */
  maxMinutes?: number;
  resultsRoot: string;
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

/** The main path: sides -> epochs -> evidence -> decision -> gate.json. What was measured is kept, whatever happens. */
export async function gate(request: GateRequest, parts: GateParts): Promise<{ directory: string; gate: GateFile }> {
  const { view, signal, rule = gateRule } = parts;
  const { settings, shape } = request;
  const startedAt = new Date();
  const startedMs = performance.now();
  const records: EpochRecord[] = [];
  const figures: EpochFigures[] = [];
  let decision: Decision | undefined;
  let ended: Concluded | undefined;
  let sides: Record<SideName, Side> | undefined;
  const directory = await createRunDirectory(request.resultsRoot, request.gateId);
  try {
    sides = await openSides(request.specs, request.sideOptions, signal);
    if (!sides.base.fresh || !sides.head.fresh) settings.allAdvisory = 'a side is a URL and cannot be started afresh';
    const untilMs = performance.now() + (request.maxMinutes ?? Number.POSITIVE_INFINITY) * 60_000;
    const most = rule.looksAtEpochs.at(-1) ?? 0;
    for (let index = 0; figures.length < most && performance.now() < untilMs; index += 1) {
      const record = await runEpoch(planEpoch(shape, request.seed, index), { gateId: request.gateId, kind: 'measured', shape, sides, signal });
      await writeEpoch(directory, record);
      records.push(record);
      if (record.faults.length === 0) figures.push(figuresOf(record, settings));
      const evidence = evidenceOf(figures, settings, request.seed);
      view.epoch(record, figures.length > 1 ? decide(evidence, { epochs: figures.length, look: 0 }, rule) : undefined);
      ended = endedByFaults(records);
      decision = decideByLooks(evidence, { epochs: figures.length, ended: false }, rule);
      if (ended || (decision && decision.verdict !== 'inconclusive')) break;
    }
  } catch (error) {
    if (error instanceof SideFault) ended = unbuilt(error);
    else if (!signal.aborted) throw error;
  } finally {
    await Promise.all(Object.values(sides ?? {}).map((side) => side.remove()));
  }
  const evidence = evidenceOf(figures, settings, request.seed);
  // The time is up: epochs behind the last look count, too. Whoever interrupts may have seen the estimates, so that is no look.
  if (!ended && !signal.aborted && (decision?.verdict ?? 'inconclusive') === 'inconclusive') {
    decision = decideByLooks(evidence, { epochs: figures.length, ended: true }, rule);
  }
  const verdict = ended ?? conclude(records, decision, signal.aborted);
  const file = makeGateFile({
    ...{ request, records, evidence, decision, verdict, rule, interrupted: signal.aborted },
    ...{ startedAt, durationMs: performance.now() - startedMs, plumbline: plumblineVersion, machine: machineFacts() },
    ...(sides && { identities: { base: sides.base.identity, head: sides.head.identity } }),
  });
  await writeGate(directory, file);
  await writeGateReports(directory, file);
  return { directory: join(directory), gate: file };
}

/** A base that cannot be built is none: a first change has nothing to be compared with. A head that cannot is a failure of the change. */
function unbuilt({ side, message }: SideFault): Concluded {
  if (side === 'base') return { verdict: 'inconclusive', reasons: [message], noBase: message };
  return { verdict: 'fail', reasons: [message] };
}

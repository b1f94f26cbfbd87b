/** Base against base, before the gate: what there is to see when nothing has changed. */
import { easeLoad } from './epochs/ease-load.ts';
import { endedByFaults, type Concluded } from './conclude.ts';
import { coverageOf } from './coverage.ts';
import { decide } from './decide.ts';
import { gateRule } from './decision-rule.ts';
import { drawsOf } from './draws.ts';
import { type EpochShape, planEpoch } from './epochs/epoch-plan.ts';
import { type EpochRecord, writeEpoch } from './epochs/epoch-record.ts';
import { errorKindsOf } from './epochs/error-evidence.ts';
import { type EpochFigures, evidenceOf, figuresOf, type MetricSettings } from './epochs/evidence.ts';
import { runEpoch } from './epochs/run-epoch.ts';
import { fitsInto } from './time-left.ts';
import type { GateView } from './gate.ts';
import type { GatePilot } from './gate-file.ts';
import { planFromPilot } from './pilot.ts';
import type { Side } from './sides/side.ts';

/** A quarter of the rate at least: what cannot be delivered then is no question of the rate. */
const mostEasings = 2;

export interface PilotRequest {
  epochs: number;
  base: Side;
  shape: EpochShape;
  settings: MetricSettings;
  gateId: string;
  seed: number;
  directory: string;
  /** Left for pilot and gate together. */
  maxMinutes?: number;
  /** Of an epoch's measured part, where the user has set it. */
  longestMs?: number;
}

export interface PilotOutcome {
  /** As the pilot has set them. */
  shape: EpochShape;
  settings: MetricSettings;
  pilot?: GatePilot;
  /** It could not be measured: no gate is worth running. */
  ended?: Concluded;
}

/**
 * Runs `epochs` valid ones, at a lower rate where the machine cannot deliver the one there is, and takes from them how many samples the gate takes, and which metrics cannot decide.
 */
export async function runPilot(request: PilotRequest, view: GateView, signal: AbortSignal): Promise<PilotOutcome> {
  const { base, gateId, directory } = request;
  let { shape, settings } = request;
  const startedMs = performance.now();
  const records: EpochRecord[] = [];
  const figures: EpochFigures[] = [];
  const eased: string[] = [];
  let easings = 0;
  /** Of the rate there is now. */
  let atThisRate: EpochRecord[] = [];
  for (let index = 0; figures.length < request.epochs; index += 1) {
    const left = request.maxMinutes === undefined ? undefined : request.maxMinutes * 60_000 - (performance.now() - startedMs);
    if (!fitsInto(left, { records, shape })) return { shape, settings, ended: noTime(figures.length, request) };
    const plan = planEpoch(shape, pilotSeed(request.seed), index);
    const record = await runEpoch(plan, { gateId, kind: 'pilot', shape, sides: { base, head: base }, signal });
    await writeEpoch(directory, record);
    records.push(record);
    atThisRate.push(record);
    if (record.faults.length === 0) figures.push(figuresOf(record, settings));
    const evidence = evidenceOf(figures, settings, request.seed);
    view.epoch(record, figures.length > 1 ? decide(evidence, { epochs: figures.length, look: 0 }) : undefined);
    const lower = easings < mostEasings ? easeLoad(shape, atThisRate, request.longestMs) : undefined;
    if (lower) {
      easings += 1;
      ({ shape } = lower);
      settings = { ...settings, samplesOf: lower.samplesOf };
      for (const note of lower.notes) view.say(`pilot: ${note}`);
      eased.push(...lower.notes);
      // What was measured at another rate says nothing of this one.
      atThisRate = [];
      figures.length = 0;
      continue;
    }
    const ended = endedByFaults(atThisRate);
    if (ended) return { shape, settings, ended: ofBase(ended) };
  }
  const durationMs = performance.now() - startedMs;
  const epochSeconds = figures.reduce((sum, { record }) => sum + record.durationMs, 0) / figures.length / 1_000;
  const left = request.maxMinutes === undefined ? undefined : Math.max(0, request.maxMinutes - durationMs / 60_000);
  const { metrics } = evidenceOf(figures, settings, request.seed);
  const { draws, why } = drawsOf(
    figures.map(({ record }) => record),
    shape.draws,
  );
  const plan = planFromPilot(
    metrics.filter(({ effects }) => effects.filter(Number.isFinite).length >= 2),
    {
      draws,
      samplesEach: shape.samplesEach,
      epochSeconds: (samplesEach) => epochSeconds + (shape.durationMs / 1_000) * (samplesEach / shape.samplesEach - 1),
      ...(left !== undefined && { maxMinutes: left }),
      ...(request.longestMs !== undefined && { mostSamples: (shape.samplesEach * request.longestMs) / shape.durationMs }),
    },
  );
  const demoted = new Map(plan.metrics.flatMap(({ id, failsOnly }) => (failsOnly === undefined ? [] : [[id, failsOnly] as const])));
  const notes = [...demoted].map(([id, why]) => `${id} can fail the gate, and is no condition of a pass: ${why}`);
  const withPlan = { ...settings, samplesEach: plan.samplesEach, demoted: new Map([...settings.demoted, ...demoted]), knownKinds: errorKindsOf(records) };
  const noPass = coverageOf(evidenceOf(figures, withPlan, request.seed).metrics).inTheWay.map(
    (why) => `the gate cannot pass on this machine in this time: ${why}`,
  );
  notes.unshift(...eased, ...noPass);
  const [first = 0] = gateRule.looksAtEpochs;
  if (!plan.fits) notes.unshift(`--max-minutes is not enough for the first look, after ${first} epochs of ${Math.round(epochSeconds)} s`);
  if (draws === 'independent')
    view.say(`pilot: independent draws${why === undefined ? '' : `, ${why}`}: ${plan.samplesEach} samples of each operation, an epoch and side`);
  view.say(`pilot: ${plan.epochs} epochs, about ${minutes(plan.expectedMinutes)}, when nothing has changed; at most ${minutes(plan.longestMinutes)}`);
  if (demoted.size > 0) view.say(`pilot: ${demoted.size} of ${plan.metrics.length} metrics are no condition of a pass, they vary too much without a change`);
  for (const line of noPass) view.say(`pilot: ${line}`);
  const times = plan.samplesEach / shape.samplesEach;
  return {
    shape: { ...shape, samplesEach: plan.samplesEach, durationMs: shape.durationMs * times },
    settings: withPlan,
    pilot: { epochs: figures.length, durationMs: Math.round(durationMs), expectedMinutes: plan.expectedMinutes, notes },
  };
}

/** Its epochs are others than the gate's. */
function pilotSeed(seed: number): number {
  return seed + 2 ** 40;
}

function noTime(done: number, { epochs, maxMinutes }: PilotRequest): Concluded {
  return {
    verdict: 'inconclusive',
    reasons: [`the ${maxMinutes} minutes of --max-minutes were over after ${done} of ${epochs} epochs of the pilot: give more, or --no-pilot`],
  };
}

/** Both sides of a pilot are base: whatever is wrong, there is nothing to compare with. */
function ofBase({ reasons, noBase }: Concluded): Concluded {
  const told = reasons.map((reason) => reason.replace(/^head is broken, and base is not: /, 'base is broken: '));
  return noBase === undefined ? { verdict: 'invalid', reasons: told.map((reason) => `pilot: ${reason}`) } : { verdict: 'inconclusive', reasons, noBase };
}

function minutes(value: number): string {
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} minutes`;
}

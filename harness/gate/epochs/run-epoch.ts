/** One epoch: a fresh pair of processes, driven side by side, and stopped. */
import { startRunClock } from '../../clock.ts';
import { controlClient } from '../../control-client.ts';
import { machineFacts } from '../../results/machine.ts';
import { plumblineVersion } from '../../version.ts';
import { type RunningSide, type Side, SideFault } from '../sides/side.ts';
import { proveDraws } from '../draws.ts';
import type { SideName } from '../types.ts';
import { type Driven, drivePair } from './drive-pair.ts';
import type { EpochPlan, EpochShape } from './epoch-plan.ts';
import { epochFaults } from './epoch-faults.ts';
import { type EpochFault, type EpochRecord, epochSchema, type EpochSide } from './epoch-record.ts';

export interface EpochParts {
  gateId: string;
  kind: EpochRecord['kind'];
  shape: EpochShape;
  /** Of a pilot, base twice. */
  sides: Record<SideName, Side>;
  signal: AbortSignal;
}

const names: readonly SideName[] = ['base', 'head'];

/** Always has a record to show for it: what goes wrong with a side is among its faults. Both sides have ended when it resolves. Throws when the signal aborts, or on a fault of ours. */
export async function runEpoch(plan: EpochPlan, parts: EpochParts): Promise<EpochRecord> {
  const { sides, shape, signal } = parts;
  const startedAt = new Date().toISOString();
  const clock = startRunClock();
  const running: Partial<Record<SideName, RunningSide>> = {};
  const cpu: Record<SideName, (number | undefined)[]> = { base: [], head: [] };
  const profiles: Partial<Record<SideName, EpochSide['profile']>> = {};
  const faults: EpochFault[] = [];
  const lost = new AbortController();
  let driven: Record<SideName, Driven> | undefined;
  try {
    for (const name of plan.startOrder) {
      const side = await sides[name].start(signal);
      running[name] = side;
      void side.lost.then((how) => {
        faults.push({ side: name, kind: 'broken', text: how });
        lost.abort();
      });
      if (side.controlUrl !== undefined) {
        const { name: profile, seed, hash } = await controlClient(side.controlUrl).profile();
        profiles[name] = { name: profile, seed, hash };
      }
    }
    const both = running as Record<SideName, RunningSide>;
    driven = await drivePair(plan, {
      runId: `${parts.gateId}-${plan.index}`,
      running: both,
      clock,
      ...(shape.maxRequests !== undefined && { maxRequests: shape.maxRequests }),
      ...(shape.spanShare !== undefined && { spanShare: shape.spanShare }),
      signal: AbortSignal.any([signal, lost.signal]),
      async onEdge() {
        await Promise.all(names.map(async (name) => cpu[name].push(await both[name].cpuMs().catch(() => undefined))));
      },
    });
  } catch (error) {
    if (!(error instanceof SideFault)) throw error;
    // Who ended by itself has been told already, and better.
    if (!faults.some(({ side }) => side === error.side))
      faults.push({ side: error.side, kind: 'broken', beforeLoad: true, text: error.message.slice(error.side.length + 2) });
  } finally {
    await Promise.all(Object.values(running).map((side) => side.stop()));
  }
  signal.throwIfAborted();
  const side = (name: SideName): EpochSide =>
    sideOf(sides[name], running[name], driven?.[name], { cpu: cpu[name], profile: profiles[name], measuredMs: measuredMs(plan) });
  const record: EpochRecord = {
    schema: epochSchema,
    gateId: parts.gateId,
    index: plan.index,
    kind: parts.kind,
    startedAt,
    durationMs: Math.round(clock.now()),
    plumbline: plumblineVersion,
    machine: machineFacts(),
    draws: shape.draws,
    ...(driven && shape.draws === 'keyed' && { drawProof: proveDraws(driven.base.tally.draws(), driven.head.tally.draws()) }),
    seeds: plan.seeds,
    startOrder: plan.startOrder,
    setupOrder: plan.setupOrder,
    firstTurn: plan.firstTurn,
    blockMs: shape.blockMs,
    warmupMs: shape.warmupMs,
    measuredMs: measuredMs(plan),
    samplesEach: shape.samplesEach,
    ...(shape.maxRequests !== undefined && { maxRequests: shape.maxRequests }),
    ...(shape.spanShare !== undefined && { spanShare: shape.spanShare }),
    scenarios: scenariosOf(shape),
    sides: { base: side('base'), head: side('head') },
    faults,
  };
  record.faults.push(...epochFaults(record));
  return record;
}

/** What an epoch of this shape will say of its scenarios. */
export function scenariosOf({ scenarios }: Pick<EpochShape, 'scenarios'>): EpochRecord['scenarios'] {
  return scenarios.map(({ loaded, load }) => ({ name: loaded.scenario.name, interleaving: load.interleaving, ratePerSecond: load.ratePerSecond }));
}

function measuredMs(plan: EpochPlan): number {
  return Math.max(...plan.legs.map(({ durationMs }) => durationMs));
}

function sideOf(
  side: Side,
  running: RunningSide | undefined,
  driven: Driven | undefined,
  told: { cpu: (number | undefined)[]; profile: EpochSide['profile']; measuredMs: number },
): EpochSide {
  const [from, to] = told.cpu;
  const tally = driven?.tally;
  return {
    identity: side.identity,
    ...(running && { port: new URL(running.url).port }),
    ...(told.profile && { profile: told.profile }),
    ...(from !== undefined && to !== undefined && { cpuMs: Math.round((to - from) * 1_000) / 1_000 }),
    requests: tally?.requests ?? 0,
    achievedPerSecond: ((tally?.ok ?? 0) * 1_000) / told.measuredMs,
    scenarios: driven?.measurements.map((measurement) => driven.tally.countsOf(measurement)) ?? [],
    series: tally?.series() ?? [],
    hops: tally?.hops(running?.spans?.()) ?? [],
  };
}

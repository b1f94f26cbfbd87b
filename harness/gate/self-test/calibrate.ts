/** From a pool to what it says of the gate: which metrics can decide, and how often sets of its epochs are judged wrongly. */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError } from '../../usage-error.ts';
import { gateRule } from '../decision-rule.ts';
import type { EpochRecord } from '../epochs/epoch-record.ts';
import type { MetricSettings } from '../epochs/evidence.ts';
import { gateFileName } from '../gate-file.ts';
import { readGate } from '../gate-store.ts';
import { defaultMargins } from '../margins.ts';
import { planFromPilot } from '../pilot.ts';
import { binomialLower, binomialUpper } from '../statistics/binomial-bounds.ts';
import type { MetricEpochs } from '../types.ts';
import type { CalibrationPart, InjectionRates, RateBound } from './calibration-file.ts';
import { independenceOf } from './independence.ts';
import { type Injection, injections } from './injections.ts';
import { epochsOf, type PoolFile, readPool } from './pool.ts';
import { poolEvidence } from './pool-evidence.ts';
import { addCounts, count, disjointSets, noSets, type SetCounts } from './resample.ts';
import { resampleOnThreads } from './resample-threads.ts';
import { sidesAlike, swapSides } from './swap-sides.ts';

export interface CalibrateOptions {
  /** Of each injection. */
  sets: number;
  signal: AbortSignal;
  say(line: string): void;
}

/** A quarter of a gate's: the spread of p99 is then known to 4.5% instead of 2.2%, and ten thousand sets take minutes. */
const replicates = 250;
/** Where epochs lean on the ones before them, so many are drawn together. */
const leaningStretch = 4;
const alpha = 0.05;

/** Throws UsageError `no_pool`, `few_epochs`, or `foreign_epochs` where an epoch was not recorded with what pool.json says. */
export async function calibrate(directory: string, { sets, signal, say }: CalibrateOptions): Promise<CalibrationPart> {
  const pool = await readPool(directory);
  if (!pool) throw new UsageError('no_pool', `${directory}: no pool there; record one with plumbline gate --self-test --pool ${directory}`);
  const records = await recordsOf(directory, pool);
  const unchanged = validOf(records, 'none');
  const [first = 0] = gateRule.looksAtEpochs;
  if (unchanged.length < first) {
    throw new UsageError('few_epochs', `${directory}: ${unchanged.length} valid epochs without a change, at least ${first} are needed; record more`);
  }
  const settings: MetricSettings = {
    margins: defaultMargins,
    samplesEach: pool.samplesEach,
    maxEpochs: gateRule.looksAtEpochs.at(-1) ?? 0,
    demoted: new Map(),
  };
  const without = poolEvidence(unchanged, settings);
  const { demoted, tails } = whatCanBeSeen(without.metrics, pool);
  const judged: MetricSettings = { ...settings, demoted: new Map(demoted.map(({ id, failsOnly }) => [id, failsOnly])) };
  const deciding = without.metrics.filter(({ advisory }) => advisory === undefined);
  const independence = independenceOf(deciding);
  const stretch = independence.independent ? 1 : leaningStretch;
  const rates: InjectionRates[] = [];
  for (const injection of injections) {
    const valid = validOf(records, injection.name);
    const live = await liveGates(directory, injection);
    if (valid.length < first && live.sets === 0) continue;
    const evidence = poolEvidence(valid, judged);
    const options = { sets, seed: `${pool.seed}:${injection.name}`, stretch, replicates, seenIn: injection.seenIn };
    const enough = valid.length >= first;
    const resampled = enough ? await resampleOnThreads(evidence, options, { signal }) : noSets(gateRule);
    // Forty epochs have a mean of their own by chance, which every set drawn from them shares.
    const eitherWay =
      enough && injection.expected === 'none'
        ? await resampleOnThreads(poolEvidence([...valid, ...valid.map(swapSides)], judged), { ...options, seed: `${options.seed}:either way` }, { signal })
        : undefined;
    const disjoint = enough ? disjointSets(evidence, options) : noSets(gateRule);
    const { name, what, slow, expected } = injection;
    const invalid = (records.get(name)?.length ?? 0) - valid.length;
    rates.push({
      name,
      what,
      slow,
      expected,
      epochs: { valid: valid.length, invalid },
      resampled,
      ...(eitherWay && { eitherWay }),
      disjoint,
      live,
      bound: boundOf(expected, disjoint, live),
    });
    say(`${name}: ${sets} sets of ${valid.length} epochs judged`);
  }
  const times = [...records.values()].flat().map(({ startedAt }) => startedAt);
  const { machine, plumbline, profile, draws, samplesEach } = pool;
  return {
    ...{ draws, machine, plumbline, profile, samplesEach },
    recordedFrom: times.toSorted()[0] ?? '',
    recordedTo: times.toSorted().at(-1) ?? '',
    madeAt: new Date().toISOString(),
    ...{ independence, stretch, replicates },
    sidesAlike: sidesAlike(deciding),
    gating: deciding.length - demoted.length,
    demoted: demoted.map(({ id, spread, detectableChange }) => ({ id, spread, detectableChange })),
    tails,
    injections: rates,
  };
}

function validOf(records: ReadonlyMap<string, readonly EpochRecord[]>, name: string): EpochRecord[] {
  return (records.get(name) ?? []).filter(({ faults }) => faults.length === 0);
}

async function recordsOf(directory: string, pool: PoolFile): Promise<Map<string, EpochRecord[]>> {
  const found = new Map<string, EpochRecord[]>();
  for (const injection of injections) {
    const records = await epochsOf(directory, injection);
    for (const { index, machine, plumbline, draws } of records) {
      const own = { machine, plumbline, draws };
      const differ = (Object.keys(own) as (keyof typeof own)[]).filter((key) => JSON.stringify(own[key]) !== JSON.stringify(pool[key]));
      if (differ.length === 0) continue;
      const list = differ.map((key) => `${key} ${JSON.stringify(own[key])}, not ${JSON.stringify(pool[key])}`).join('; ');
      throw new UsageError('foreign_epochs', `${directory}: epoch ${index} of ${injection.name} is not of this pool: ${list}; remove it`);
    }
    found.set(injection.name, records);
  }
  return found;
}

/** As a pilot of so many epochs would say it. */
function whatCanBeSeen(metrics: readonly MetricEpochs[], pool: PoolFile): { demoted: Demoted[]; tails: CalibrationPart['tails'] } {
  const measured = metrics.filter(({ effects }) => effects.filter(Number.isFinite).length >= 2);
  const plan = planFromPilot(measured, {
    draws: pool.draws,
    samplesEach: pool.samplesEach,
    samplesToChooseFrom: [pool.samplesEach],
    epochSeconds: () => (pool.measuredMs + pool.warmupMs) / 1_000,
  });
  const demoted = plan.metrics.flatMap(({ id, spread, detectableChange, failsOnly }) =>
    failsOnly === undefined ? [] : [{ id, spread, detectableChange, failsOnly }],
  );
  const tails = plan.metrics.flatMap(({ id, detectableChange }) => {
    const metric = metrics.find((one) => one.id === id);
    return metric?.pooled ? [{ id, margin: metric.margin, detectableChange }] : [];
  });
  return { demoted, tails };
}

interface Demoted {
  id: string;
  spread: number;
  detectableChange: number;
  failsOnly: string;
}

export function liveFolder(directory: string, { name }: Pick<Injection, 'name'>): string {
  return join(directory, name, 'live');
}

/** Gates that were invalid or interrupted say nothing; a folder without gate.json is of one that was killed. */
export async function liveGates(directory: string, injection: Injection): Promise<SetCounts> {
  const folder = liveFolder(directory, injection);
  const counts = noSets(gateRule);
  for (const name of (await readdir(folder).catch(() => [])).toSorted()) {
    if (!existsSync(join(folder, name, gateFileName))) continue;
    const { verdict, decision } = await readGate(join(folder, name));
    if (verdict.verdict !== 'invalid') count(counts, decision, injection.seenIn);
  }
  return counts;
}

function boundOf(expected: Injection['expected'], disjoint: SetCounts, live: SetCounts): RateBound {
  const both = addCounts([disjoint, live]);
  const of = expected === 'none' ? 'fail' : expected === 'margin' ? 'pass' : 'found';
  const { sets } = both;
  const found = both[of];
  if (sets === 0) return { of, count: 0, sets };
  return { of, count: found, sets, bound: of === 'found' ? binomialLower(found, sets, alpha) : binomialUpper(found, sets, alpha) };
}

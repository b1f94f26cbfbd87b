/** From the flags of `plumbline gate` to what it is to do. */
import { readConfig } from '../config.ts';
import { gateRule } from '../gate/decision-rule.ts';
import { type EpochRecord, readEpochs } from '../gate/epochs/epoch-record.ts';
import { fitEpoch } from '../gate/epochs/fit-epoch.ts';
import { interleavingOf } from '../gate/epochs/epoch-plan.ts';
import type { GateRequest } from '../gate/gate.ts';
import { readGate } from '../gate/gate-store.ts';
import { parseMargins } from '../gate/parse-margins.ts';
import type { MetricSettings } from '../gate/epochs/evidence.ts';
import { type SideSpecs, surroundings } from '../gate/sides/open-side.ts';
import { parseSide } from '../gate/sides/side-spec.ts';
import { parseDurationMs, parsePositive, parseWhole } from '../plan/durations.ts';
import type { LoadedScenario } from '../plan/load-scenario.ts';
import { meanRatePerSecond } from '../plan/make-plan.ts';
import { UsageError } from '../usage-error.ts';

export interface GateFlags {
  base: string;
  head: string;
  scenario: string[];
  rate?: string;
  samples: string;
  epochDuration?: string;
  warmup: string;
  block: string;
  draws: string;
  pilot: string | false;
  margin?: string;
  maxMinutes?: string;
  seed: string;
  profile: string;
  install?: string;
  start?: string;
  ready?: string;
  readyTimeout: string;
  containerPort?: string;
  allowHost: string[];
  maxRequests?: string;
  slow?: string;
  resume?: string;
  out: string;
}

export async function sidesOf({ base, head }: Pick<GateFlags, 'base' | 'head'>, cwd: string): Promise<SideSpecs> {
  const around = surroundings(cwd);
  const specs = { base: await parseSide(base, '--base', around), head: await parseSide(head, '--head', around) };
  const recorded = [specs.base, specs.head].filter(({ kind }) => kind === 'results').length;
  if (recorded === 1) throw new UsageError('mixed_sides', 'recorded epochs have both sides in them: give such a folder for --base and for --head');
  return specs;
}

export function gateRequest(
  flags: GateFlags,
  given: {
    gateId: string;
    cwd: string;
    specs: SideSpecs;
    loaded: readonly LoadedScenario[];
    acceptance: MetricSettings['acceptance'];
    say(line: string): void;
  },
): GateRequest {
  const samplesEach = parseWhole(flags.samples, '--samples', 1);
  const rates = ratesOf(flags.rate, given.loaded);
  const scenarios = given.loaded.map((loaded) => ({
    loaded,
    load: { ratePerSecond: rates.get(loaded.scenario.name) ?? 1, interleaving: interleavingOf(loaded.scenario) },
  }));
  const fitted = fitEpoch(scenarios, samplesEach, flags.epochDuration === undefined ? undefined : parseDurationMs(flags.epochDuration, '--epoch-duration'));
  for (const note of fitted.notes) given.say(note);
  if (flags.draws !== 'keyed' && flags.draws !== 'independent') throw new UsageError('bad_draws', `--draws: "${flags.draws}" is neither keyed nor independent`);
  const { gateId, cwd, specs, say, acceptance } = given;
  return {
    gateId,
    specs,
    seed: parseWhole(flags.seed, '--seed'),
    sideOptions: {
      ...{ cwd, gateId, say },
      profile: flags.profile,
      withheld: readConfig().buildServiceVariables,
      readyTimeoutMs: parseDurationMs(flags.readyTimeout, '--ready-timeout'),
      allowHosts: flags.allowHost,
      serverFlags: { base: [], head: flags.slow === undefined ? [] : ['--slow', flags.slow] },
      ...(flags.install !== undefined && { install: flags.install }),
      ...(flags.start !== undefined && { start: flags.start }),
      ...(flags.ready !== undefined && { readyPath: flags.ready }),
      ...(flags.containerPort !== undefined && { containerPort: parseWhole(flags.containerPort, '--container-port', 1) }),
      ...(flags.maxRequests !== undefined && { maxRequests: parseWhole(flags.maxRequests, '--max-requests', 1) }),
    },
    shape: {
      scenarios,
      samplesEach,
      durationMs: fitted.durationMs,
      warmupMs: parseDurationMs(flags.warmup, '--warmup'),
      blockMs: parseDurationMs(flags.block, '--block'),
      draws: flags.draws,
      ...(flags.maxRequests !== undefined && { maxRequests: parseWhole(flags.maxRequests, '--max-requests', 1) }),
    },
    settings: {
      margins: parseMargins(flags.margin),
      samplesEach,
      samplesOf: fitted.samplesOf,
      maxEpochs: gateRule.looksAtEpochs.at(-1) ?? 0,
      demoted: new Map(),
      ...(acceptance && { acceptance }),
    },
    pilotEpochs: flags.pilot === false ? 0 : parseWhole(flags.pilot, '--pilot', 2),
    ...(flags.maxMinutes !== undefined && { maxMinutes: parsePositive(flags.maxMinutes, '--max-minutes') }),
    resultsRoot: flags.out,
  };
}

/** What a gate that was stopped has so far. Throws UsageError `no_epochs`; its gate.json says which seed it has. */
export async function resumed(directory: string): Promise<{ gateId: string; seed: number; resume: { directory: string; records: readonly EpochRecord[] } }> {
  const [records, { gateId, seed }] = await Promise.all([readEpochs(directory), readGate(directory)]);
  return { gateId, seed, resume: { directory, records } };
}

/** `50`, or `crud=120,sse=10`; else what each scenario says. Throws UsageError `bad_rate`. */
export function ratesOf(text: string | undefined, loaded: readonly LoadedScenario[]): Map<string, number> {
  const rates = new Map(loaded.map(({ scenario }) => [scenario.name, scenario.gate?.ratePerSecond ?? ownRate(scenario.load)]));
  if (text === undefined) return rates;
  if (!text.includes('=')) return new Map([...rates.keys()].map((name) => [name, parsePositive(text, '--rate', 100_000)]));
  for (const part of text.split(',')) {
    const [name = '', value = ''] = part.split('=').map((piece) => piece.trim());
    if (!rates.has(name))
      throw new UsageError(
        'bad_rate',
        `--rate: "${name}" is not a scenario of this gate; there are ${[...rates.keys()].join(', ')}, for example --rate ${[...rates.keys()][0]}=20`,
      );
    rates.set(name, parsePositive(value, `--rate ${name}`, 100_000));
  }
  return rates;
}

function ownRate(load: LoadedScenario['scenario']['load']): number {
  const rate = meanRatePerSecond(load);
  if (rate === undefined) throw new UsageError('bad_rate', 'a closed loop offers no rate, and a gate needs the same on both sides: give --rate');
  return rate;
}

/** From the flags of `plumbline gate` to what it is to do. */
import { readConfig } from '../config.ts';
import { gateRule } from '../gate/decision-rule.ts';
import { type EpochRecord, readEpochs } from '../gate/epochs/epoch-record.ts';
import { fitEpoch } from '../gate/epochs/fit-epoch.ts';
import { interleavingOf } from '../gate/epochs/epoch-plan.ts';
import type { GateRequest } from '../gate/gate.ts';
import { parseMargins } from '../gate/parse-margins.ts';
import { type GatePlanFile, readPlan } from '../gate/plan-file.ts';
import { endedAnywhere } from '../gate/recorded.ts';
import { planFlagsOf } from './planned-flags.ts';
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
  spans?: string;
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
  const longestMs = flags.epochDuration === undefined ? undefined : parseDurationMs(flags.epochDuration, '--epoch-duration');
  const fitted = fitEpoch(scenarios, samplesEach, longestMs);
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
      resultsRoot: flags.out,
      readyTimeoutMs: parseDurationMs(flags.readyTimeout, '--ready-timeout'),
      allowHosts: flags.allowHost,
      serverFlags: { base: [], head: flags.slow === undefined ? [] : ['--slow', flags.slow] },
      ...(flags.spans !== undefined && { takesSpans: true }),
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
      ...(flags.spans !== undefined && { spanShare: parsePositive(flags.spans, '--spans', 1) }),
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
    ...(longestMs !== undefined && { longestMs }),
    resultsRoot: flags.out,
    flags: planFlagsOf(flags),
  };
}

/**
 * What a gate that was stopped or killed has so far. Throws UsageError `no_plan`, `bad_plan` or `bad_epoch`, and `gate_ended` where there is nothing to go on with: it has had
 * its last look, or a side has broken, which more epochs would only hide.
 */
export async function stoppedGate(directory: string): Promise<{ plan: GatePlanFile; records: EpochRecord[] }> {
  const plan = await readPlan(directory);
  if (!plan) throw new UsageError('no_plan', `--resume: no plan.json in ${directory}; expected the folder of a gate that was stopped, such as results/<gate>`);
  const records = await readEpochs(directory).catch((error: unknown) => {
    if (error instanceof UsageError && error.code === 'no_epochs') return [];
    throw error;
  });
  const broken = endedAnywhere(records);
  const why = broken?.reasons[0] ?? (plan.state === 'ended' ? 'it has had its last look' : undefined);
  if (why === undefined) return { plan, records };
  throw new UsageError(
    'gate_ended',
    `--resume: the gate of ${directory} has ended (${why}): more epochs would be one look more than its error rates allow; start a new gate`,
  );
}

/** It goes on as the plan says: with what the pilot chose, and with what is left of the time. */
export function resumedRequest(request: GateRequest, directory: string, { plan, records }: Awaited<ReturnType<typeof stoppedGate>>): GateRequest {
  const { gateId, seed, shape, settings, pilot, spentMs } = plan;
  return {
    ...{ ...request, gateId, seed, shape, settings, sideOptions: { ...request.sideOptions, gateId } },
    resume: { directory, records, spentMs, ...(pilot && { pilot }) },
  };
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

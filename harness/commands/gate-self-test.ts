import { join } from 'node:path';
import { loadScenario } from '../plan/load-scenario.ts';
import { parsePositive, parseWhole } from '../plan/durations.ts';
import { gateRule } from '../gate/decision-rule.ts';
import { interleavingOf, type EpochShape } from '../gate/epochs/epoch-plan.ts';
import { fitEpoch } from '../gate/epochs/fit-epoch.ts';
import { kindCount } from '../gate/epochs/mix.ts';
import { everyService } from '../gate/self-test/every-service.ts';
import { injections } from '../gate/self-test/injections.ts';
import { calibrate } from '../gate/self-test/calibrate.ts';
import { calibrationPath, writeCalibration } from '../gate/self-test/calibration-file.ts';
import { calibrationRows } from '../gate/self-test/calibration-rows.ts';
import { runLiveGates } from '../gate/self-test/live-gates.ts';
import { openPool, poolCounts } from '../gate/self-test/pool.ts';
import { recordPool } from '../gate/self-test/record-pool.ts';
import { UsageError } from '../usage-error.ts';
import { gateView } from './gate-view.ts';
import { interruptSignal } from './interrupt-signal.ts';

export interface SelfTestFlags {
  pool?: string;
  poolEpochs: string;
  poolGates: string;
  sets: string;
  calibration?: string;
  out: string;
  maxMinutes?: string;
  draws: string;
  samples: string;
  rate?: string;
  seed: string;
  profile: string;
}

/** Independent draws need so many times the samples. */
const samplesTimes = { keyed: 1, independent: 4 } as const;
const warmupMs = 3_000;
/** Journeys a second and side, without streams. */
const usualRate = 340;

/** `plumbline gate --self-test`: records what is missing in the pool, and says what the pool says of the gate. Returns the exit code. */
export async function gateSelfTest(flags: SelfTestFlags): Promise<number> {
  const { draws } = flags;
  if (draws !== 'keyed' && draws !== 'independent') throw new UsageError('bad_draws', `--draws: "${draws}" is neither keyed nor independent`);
  const { scenario: sse, ...from } = await loadScenario('sse', process.cwd());
  const samples = parseWhole(flags.samples, '--samples', 1) * samplesTimes[draws];
  const rate = flags.rate === undefined ? usualRate : parsePositive(flags.rate, '--rate', 10_000);
  // As many streams as there are samples of each plain operation.
  const streamRate = (rate * kindCount(sse)) / kindCount(everyService);
  const scenarios = [
    { loaded: { scenario: everyService, file: 'every-service' }, load: { ratePerSecond: rate, interleaving: interleavingOf(everyService) } },
    { loaded: { ...from, scenario: sse }, load: { ratePerSecond: streamRate, interleaving: interleavingOf(sse) } },
  ];
  // Up to a whole tenth of a second, so that the last sample is in it.
  const durationMs = Math.ceil(fitEpoch(scenarios, samples, Number.POSITIVE_INFINITY).durationMs / 100 + 0.01) * 100;
  const shape: EpochShape = { scenarios, samplesEach: samples, warmupMs, durationMs, blockMs: 500, draws };
  const seed = parseWhole(flags.seed, '--seed');
  const directory = flags.pool ?? join(flags.out, `gate-pool-${draws}`);
  await openPool(directory, {
    profile: flags.profile,
    draws,
    samplesEach: samples,
    ratePerSecond: Object.fromEntries(scenarios.map(({ loaded, load }) => [loaded.scenario.name, load.ratePerSecond])),
    measuredMs: shape.durationMs,
    warmupMs,
    seed,
  });
  const common = {
    ...{ directory, shape, seed },
    sideOptions: {
      cwd: process.cwd(),
      gateId: 'self-test',
      profile: flags.profile,
      readyTimeoutMs: 30_000,
      allowHosts: [],
      say: (line: string) => console.log(line),
    },
  };
  const wanted = readWanted(flags.poolEpochs, '--pool-epochs');
  const wantedGates = readWanted(flags.poolGates, '--pool-gates');
  const sets = parseWhole(flags.sets, '--sets');
  const interrupt = interruptSignal();
  const { signal } = interrupt;
  try {
    const gaveUp = await recordPool({
      ...{ ...common, wanted, signal },
      ...(flags.maxMinutes !== undefined && { maxMinutes: parsePositive(flags.maxMinutes, '--max-minutes') }),
      onEpoch({ name }, record, left) {
        const faults = record.faults.map(({ side, text }) => `${side ?? 'driver'}: ${text}`).join('; ');
        console.log(`${name} ${record.index}: ${(record.durationMs / 1_000).toFixed(1)} s${faults === '' ? '' : `, invalid: ${faults}`}; ${left} to go`);
      },
    });
    for (const [name, count] of await poolCounts(directory)) console.log(`${name.padEnd(16)}${count} epochs`);
    if (gaveUp !== undefined) console.log(`stopped: ${gaveUp}; what is recorded is kept`);
    if (gaveUp !== undefined || signal.aborted) return 75;
    await runLiveGates({ ...common, wanted: wantedGates, signal, view: gateView() });
    if (signal.aborted) return 75;
    if (sets > 0) await tellCalibration(directory, sets, flags.calibration, signal);
    return 0;
  } catch (error) {
    if (signal.aborted) return 75;
    throw error;
  } finally {
    interrupt.release();
  }
}

async function tellCalibration(directory: string, sets: number, file: string | undefined, signal: AbortSignal): Promise<void> {
  const [first = 0] = gateRule.looksAtEpochs;
  const there = (await poolCounts(directory)).get('none') ?? 0;
  if (there < first) {
    console.log(`no calibration yet: ${there} valid epochs without a change, at least ${first} are needed`);
    return;
  }
  const part = await calibrate(directory, { sets, signal, say: (line) => console.log(line) });
  for (const { what, target, measured, met, limit } of calibrationRows(part)) {
    const sign = met === undefined ? '-' : met ? 'ok' : 'NO';
    console.log(`${sign.padEnd(3)} ${what}: ${measured}${target === '' ? '' : ` (${target})`}\n      ${limit}`);
  }
  const path = calibrationPath(process.cwd(), file);
  await writeCalibration(path, part);
  console.log(`calibration: ${path}`);
}

/** `40,20`: without a change, and with each; or `none=40,stall=20`. */
function readWanted(text: string, flag: string): Map<string, number> {
  const parts = text.split(',').map((part) => part.trim());
  if (parts.every((part) => /^\d+$/.test(part)) && parts.length <= 2) {
    const [none = 0, each = 0] = parts.map(Number);
    return new Map(injections.map(({ name, expected }) => [name, expected === 'none' ? none : each]));
  }
  return new Map(
    parts.map((part) => {
      const [, name = '', count = ''] = /^([a-z-]+)=(\d+)$/.exec(part) ?? [];
      if (!injections.some((injection) => injection.name === name)) {
        throw new UsageError(
          'bad_counts',
          `${flag}: "${part}": expected 40,20 (of no change, of each injection) or <name>=<count> with a name of: ${injections.map((one) => one.name).join(', ')}`,
        );
      }
      return [name, Number(count)];
    }),
  );
}

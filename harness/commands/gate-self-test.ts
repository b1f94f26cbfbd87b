import { join } from 'node:path';
import { loadScenario } from '../plan/load-scenario.ts';
import { parsePositive, parseWhole } from '../plan/durations.ts';
import { interleavingOf, type EpochShape } from '../gate/epochs/epoch-plan.ts';
import { fitEpoch } from '../gate/epochs/fit-epoch.ts';
import { kindCount } from '../gate/epochs/mix.ts';
import { everyService } from '../gate/self-test/every-service.ts';
import { injections } from '../gate/self-test/injections.ts';
import { openPool, poolCounts } from '../gate/self-test/pool.ts';
import { recordPool } from '../gate/self-test/record-pool.ts';
import { UsageError } from '../usage-error.ts';
import { interruptSignal } from './interrupt-signal.ts';

export interface SelfTestFlags {
  pool?: string;
  poolEpochs: string;
  out: string;
  maxMinutes?: string;
  draws: string;
  rate?: string;
  seed: string;
  profile: string;
}

/** Requests of each operation, a side and epoch. */
const samplesEach = { keyed: 200, independent: 800 } as const;
const warmupMs = 3_000;
/** Journeys a second and side, without streams. */
const usualRate = 340;

/** `plumbline gate --self-test`: records what is missing in the pool. Returns the exit code. */
export async function gateSelfTest(flags: SelfTestFlags): Promise<number> {
  const { draws } = flags;
  if (draws !== 'keyed' && draws !== 'independent') throw new UsageError('bad_draws', `--draws: "${draws}" is neither keyed nor independent`);
  const { scenario: sse, ...from } = await loadScenario('sse', process.cwd());
  const samples = samplesEach[draws];
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
  const interrupt = interruptSignal();
  let gaveUp: string | undefined;
  try {
    gaveUp = await recordPool({
      ...{ directory, shape, seed, wanted: readWanted(flags.poolEpochs) },
      sideOptions: {
        cwd: process.cwd(),
        gateId: 'self-test',
        profile: flags.profile,
        readyTimeoutMs: 30_000,
        allowHosts: [],
        say: (line) => console.log(line),
      },
      ...(flags.maxMinutes !== undefined && { maxMinutes: parsePositive(flags.maxMinutes, '--max-minutes') }),
      signal: interrupt.signal,
      onEpoch({ name }, record, left) {
        const faults = record.faults.map(({ side, text }) => `${side ?? 'driver'}: ${text}`).join('; ');
        console.log(`${name} ${record.index}: ${(record.durationMs / 1_000).toFixed(1)} s${faults === '' ? '' : `, invalid: ${faults}`}; ${left} to go`);
      },
    });
  } finally {
    interrupt.release();
  }
  for (const [name, count] of await poolCounts(directory)) console.log(`${name.padEnd(16)}${count} epochs`);
  if (gaveUp !== undefined) console.log(`stopped: ${gaveUp}; what is recorded is kept`);
  return gaveUp !== undefined || interrupt.signal.aborted ? 75 : 0;
}

/** `40,20`: of no change, and of each injection; or `none=40,stall=20`. */
function readWanted(text: string): Map<string, number> {
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
          'bad_pool_epochs',
          `--pool-epochs: "${part}": expected 40,20 (of no change, of each injection) or <name>=<count> with a name of: ${injections.map((one) => one.name).join(', ')}`,
        );
      }
      return [name, Number(count)];
    }),
  );
}

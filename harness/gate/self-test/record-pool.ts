/** Records epochs into a pool until there are as many of each injection as asked for, or the time is up. */
import { setTimeout } from 'node:timers/promises';
import { keyedRandom } from '../../../scenarios/random.ts';
import { type EpochShape, planEpoch } from '../epochs/epoch-plan.ts';
import type { EpochRecord } from '../epochs/epoch-record.ts';
import { runEpoch } from '../epochs/run-epoch.ts';
import { openSides, type SideOptions } from '../sides/open-side.ts';
import type { SideSpec } from '../sides/side-spec.ts';
import { type Injection, injections } from './injections.ts';
import { addEpoch, epochsOf } from './pool.ts';

export interface PoolRequest {
  directory: string;
  shape: EpochShape;
  seed: number;
  /** Valid epochs of each, by the injection's name; absent: none. */
  wanted: ReadonlyMap<string, number>;
  sideOptions: Omit<SideOptions, 'serverFlags'>;
  maxMinutes?: number;
  signal: AbortSignal;
  /** After each epoch. */
  onEpoch(injection: Injection, record: EpochRecord, left: number): void;
}

/** After so many invalid epochs in a row it waits for the machine to calm down, and after ten times as many it gives up. */
const invalidBeforePause = 3;
const pauseMs = 60_000;
/** Of an operation's requests. One in a thousand may fail by chance. */
const mostRefused = 0.02;

/**
 * The order of injections is drawn anew in each round, so that what drifts with the hours meets all of them alike. Goes on where an earlier recording ended. Invalid
 * epochs are kept, with their faults, and recorded again. Returns why it gave up; undefined: it did not.
 */
export async function recordPool(request: PoolRequest): Promise<string | undefined> {
  const { directory, shape, wanted, sideOptions, signal } = request;
  const untilMs = performance.now() + (request.maxMinutes ?? Number.POSITIVE_INFINITY) * 60_000;
  const recorded = new Map<string, { next: number; valid: number }>();
  for (const injection of injections) {
    const records = await epochsOf(directory, injection);
    const next = Math.max(-1, ...records.map(({ index }) => index)) + 1;
    recorded.set(injection.name, { next, valid: records.filter(({ faults }) => faults.length === 0).length });
  }
  const missing = ({ name }: Injection): number => Math.max(0, (wanted.get(name) ?? 0) - (recorded.get(name)?.valid ?? 0));
  let invalid = 0;
  for (;;) {
    const most = Math.max(...injections.map(missing));
    if (most === 0) return undefined;
    // Those that need more epochs have more turns, so that all are done at about the same time.
    const due = injections.filter((injection) => missing(injection) > 0 && Math.random() < missing(injection) / most);
    for (const injection of shuffled(due)) {
      if (signal.aborted || performance.now() >= untilMs) return undefined;
      const state = recorded.get(injection.name);
      if (!state) continue;
      const record = await recordOne(request, injection, state.next, shape);
      await addEpoch(directory, injection, record);
      state.next += 1;
      if (record.faults.length === 0) state.valid += 1;
      const refused = refusedByBase(record);
      if (refused !== undefined) return refused;
      invalid = record.faults.length === 0 ? 0 : invalid + 1;
      request.onEpoch(
        injection,
        record,
        injections.reduce((sum, one) => sum + missing(one), 0),
      );
      if (invalid < invalidBeforePause || invalid % invalidBeforePause > 0) continue;
      const why = `${invalid} epochs in a row were invalid, the last because ${record.faults[0]?.text ?? ''}`;
      if (invalid >= 10 * invalidBeforePause) return `${why}; wait for a quiet machine`;
      sideOptions.say(`${why}: waiting for ${pauseMs / 1_000} s`);
      await setTimeout(Math.min(pauseMs, Math.max(0, untilMs - performance.now())), undefined, { signal }).catch(() => undefined);
    }
  }
}

/** The reference server answers all of this ok; where it does not, the operation has too few latencies in all epochs to come, and no set of them could pass. */
export function refusedByBase({ sides }: Pick<EpochRecord, 'sides'>): string | undefined {
  for (const { scenario, operations, errors } of sides.base.scenarios) {
    for (const [operation, [failed, requests]] of Object.entries(operations)) {
      if (failed <= mostRefused * requests) continue;
      const example = errors.find((one) => one.operation === operation)?.example;
      return `${scenario}: base answered ${failed} of ${requests} ${operation} with errors${example === undefined ? '' : `, most often: ${example}`}`;
    }
  }
  return undefined;
}

async function recordOne({ seed, sideOptions, signal }: PoolRequest, injection: Injection, index: number, shape: EpochShape): Promise<EpochRecord> {
  const ours: SideSpec = { kind: 'profile', value: sideOptions.profile, given: `profile:${sideOptions.profile}` };
  const head = injection.slow === '' ? [] : ['--slow', injection.slow];
  const sides = await openSides({ base: ours, head: ours }, { ...sideOptions, serverFlags: { base: [], head } }, signal);
  try {
    // A seed of its own for each: two injections never have the same draws.
    const plan = planEpoch(shape, Math.floor(keyedRandom(seed, 'pool', injection.name)() * 2 ** 31), index);
    return await runEpoch(plan, { gateId: `self-test-${injection.name}`, kind: 'measured', shape, sides, signal });
  } finally {
    await Promise.all([sides.base.remove(), sides.head.remove()]);
  }
}

function shuffled<T>(items: readonly T[]): T[] {
  return items
    .map((item): [number, T] => [Math.random(), item])
    .toSorted(([a], [b]) => a - b)
    .map(([, item]) => item);
}

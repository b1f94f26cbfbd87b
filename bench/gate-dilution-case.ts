/**
 * Whether having both sides up at once hides a part of a change: the same known change is measured in blocks, with both sides driven at once, and with each driven alone. And
 * whether the warm-up is long enough: the first third of the measured part against the last.
 */
import { fileURLToPath } from 'node:url';
import { type EpochShape, planEpoch } from '../harness/gate/epochs/epoch-plan.ts';
import type { EpochRecord } from '../harness/gate/epochs/epoch-record.ts';
import { runEpoch } from '../harness/gate/epochs/run-epoch.ts';
import type { Interleaving } from '../harness/gate/epochs/timetable.ts';
import { openSides, type SideSpecs } from '../harness/gate/sides/open-side.ts';
import { harrellDavis } from '../harness/gate/statistics/harrell-davis.ts';
import { lowerBound, meanEffect, upperBound } from '../harness/gate/statistics/mean-effect.ts';
import type { SideName } from '../harness/gate/types.ts';
import crud from '../scenarios/crud.ts';
import type { Scenario } from '../scenarios/types.ts';
import { waitForCalm } from './calm.ts';
import type { Case, CaseOptions, Row } from './case.ts';

const durationMs = 6_000;
const warmupMs = 3_000;

/** `alone`: each side is driven once, for half of the time, while the other one is up and idle. */
const modes: readonly { name: string; interleaving: Interleaving; blockMs: number }[] = [
  { name: 'alone', interleaving: 'blocks', blockMs: durationMs },
  { name: 'blocks of 500 ms', interleaving: 'blocks', blockMs: 500 },
  { name: 'both at once', interleaving: 'arrivals', blockMs: 500 },
];

/** A change of a tenth in one operation. */
interface Change {
  what: string;
  scenario: Scenario;
  operation: string;
  ratePerSecond: number;
  specs: SideSpecs;
  headFlags: readonly string[];
}

const workServer = fileURLToPath(new URL('./work-server.ts', import.meta.url));
const bytes = 2_000_000;
const ours = { kind: 'profile', value: 'fast', given: 'profile:fast' } as const;

function workSide(ofBytes: number): SideSpecs['base'] {
  const value = `exec ${process.execPath} ${workServer} {port} ${ofBytes}`;
  return { kind: 'cmd', value, given: `cmd:${value}` };
}

const changes: readonly Change[] = [
  {
    what: 'waiting',
    scenario: { ...crud, objectives: [], journeys: crud.journeys.filter(({ name }) => ['look-at-recents', 'count', 'styles'].includes(name)) },
    operation: 'chat.conversations.list',
    ratePerSecond: 100,
    specs: { base: ours, head: ours },
    headFlags: ['--slow', 'chat.conversations.list,hop=store,times=1.1'],
  },
  {
    what: 'work',
    scenario: {
      name: 'work',
      description: 'Requests that are work and no waiting.',
      load: { kind: 'constant', ratePerSecond: 40 },
      durationMs,
      journeys: [{ name: 'work', steps: [{ id: 'work', operation: 'work', method: 'GET', path: '/work' }] }],
      objectives: [],
    },
    operation: 'work',
    ratePerSecond: 40,
    specs: { base: workSide(bytes), head: workSide(Math.round(1.1 * bytes)) },
    headFlags: [],
  },
];

export const gateDilutionCase: Case = {
  name: 'gate-dilution',
  limitMs: 30 * 60_000,
  async run(options) {
    const rows: Row[] = [];
    const details: unknown[] = [];
    for (const change of changes) {
      const records = await measure(change, options);
      rows.push(...rowsOf(change, records));
      details.push({
        change: change.what,
        effects: Object.fromEntries([...records].map(([mode, list]) => [mode, list.map((record) => effectOf(record, change))])),
      });
    }
    return { rows, details };
  },
};

/** Round by round through all modes, so that what drifts meets them alike; a round in which one was invalid is measured again, up to three times. */
async function measure(change: Change, { quick, signal, calmMs, say }: CaseOptions): Promise<Map<string, EpochRecord[]>> {
  const { scenario, ratePerSecond, headFlags, specs, what } = change;
  const records = new Map<string, EpochRecord[]>(modes.map(({ name }) => [name, []]));
  const sides = await openSides(
    specs,
    {
      ...{ cwd: process.cwd(), gateId: 'gate-dilution', profile: 'fast', readyTimeoutMs: 30_000, allowHosts: [] },
      serverFlags: { base: [], head: headFlags },
      say: () => undefined,
    },
    signal,
  );
  const rounds = quick ? 2 : 12;
  try {
    for (let round = 0, failed = 0; round < rounds; ) {
      const found: EpochRecord[] = [];
      for (const { interleaving, blockMs } of modes) {
        if (calmMs > 0) await waitForCalm(calmMs, signal);
        const load = { ratePerSecond, interleaving };
        const samplesEach = Number.POSITIVE_INFINITY;
        const shape: EpochShape = { scenarios: [{ loaded: { scenario, file: what }, load }], samplesEach, warmupMs, durationMs, blockMs, draws: 'keyed' };
        found.push(await runEpoch(planEpoch(shape, 1, round), { gateId: 'gate-dilution', kind: 'measured', shape, sides, signal }));
      }
      const faults = found.flatMap((record) => record.faults.map(({ text }) => text));
      say(`${what}, round ${round + 1}: ${faults.length === 0 ? 'valid' : faults.join('; ')}`);
      failed = faults.length === 0 ? 0 : failed + 1;
      if (faults.length > 0 && failed < 3) continue;
      if (faults.length === 0) for (const [index, { name }] of modes.entries()) records.get(name)?.push(...found.slice(index, index + 1));
      failed = 0;
      round += 1;
    }
  } finally {
    await Promise.all([sides.base.remove(), sides.head.remove()]);
  }
  return records;
}

function rowsOf(change: Change, records: ReadonlyMap<string, EpochRecord[]>): Row[] {
  const { what, operation } = change;
  const effects = (mode: string): number[] => (records.get(mode) ?? []).map((record) => effectOf(record, change));
  const [alone = { name: '' }, ...others] = modes;
  const without = effects(alone.name);
  const limit = `${operation}, p50; interval of 95% over epochs`;
  const between = [...records.values()].flat().filter(({ blockMs }) => blockMs < durationMs);
  return [
    ...modes.map(({ name }): Row => ({ what: `gate, a tenth more ${what}, ${name}`, target: '', measured: effectText(effects(name)), limit })),
    ...others.map(({ name }): Row => {
      const hidden = effects(name).map((effect, round) => effect - (without[round] ?? Number.NaN));
      return { what: `the same, ${name} less ${alone.name}`, target: '', measured: effectText(hidden), limit: 'below 0: a part of the change is hidden' };
    }),
    {
      what: `gate, ${what}: the change in the first third of the measured part less that in the last`,
      target: '',
      measured: effectText(between.map((record) => effectOf(record, change, 0) - effectOf(record, change, 2))),
      limit: `after a warm-up of ${warmupMs / 1_000} s; not told where both are driven by turns of the whole time`,
    },
    {
      what: `gate, ${what}: p50 of base in the first third against the last`,
      target: '',
      measured: effectText(between.map(({ sides }) => Math.log(medianMs(sides.base, operation, 0) / medianMs(sides.base, operation, 2)))),
      limit: 'above 0: it was still getting faster',
    },
  ];
}

/** d of the operation's p50; of one third of the measured part where asked. */
function effectOf({ sides }: EpochRecord, { operation }: Pick<Change, 'operation'>, third?: number): number {
  return Math.log(medianMs(sides.head, operation, third) / medianMs(sides.base, operation, third));
}

/** Values are in the order in which they ended. */
function medianMs({ series }: EpochRecord['sides'][SideName], operation: string, third?: number): number {
  const us = series.find(({ name, measure: kind }) => name === operation && kind === 'latency')?.us ?? [];
  const part = third === undefined ? us : us.slice(Math.floor((third * us.length) / 3), Math.floor(((third + 1) * us.length) / 3));
  return part.length === 0 ? Number.NaN : harrellDavis(Float64Array.from(part).sort(), 0.5) / 1_000;
}

function effectText(effects: readonly number[]): string {
  const effect = meanEffect(effects.filter(Number.isFinite));
  const percent = (value: number): string => `${value >= 0 ? '+' : ''}${(100 * Math.expm1(value)).toFixed(2)}%`;
  if (effect.n === 0) return 'not measured: no valid epoch';
  return `${percent(effect.mean)} (${effect.n < 2 ? 'one epoch' : `${percent(lowerBound(effect, 0.025))} to ${percent(upperBound(effect, 0.025))}`}), ${effect.n} epochs`;
}

import { describe, expect, it } from 'vitest';
import { type EpochShape, interleavingOf, planEpoch } from '../../harness/gate/epochs/epoch-plan.ts';
import { fitEpoch } from '../../harness/gate/epochs/fit-epoch.ts';
import { evenMix } from '../../harness/gate/epochs/mix.ts';
import { pairedTimetable } from '../../harness/gate/epochs/timetable.ts';
import { shipped } from '../../scenarios/index.ts';
import { keyedRandom } from '../../scenarios/random.ts';
import type { Scenario } from '../../scenarios/types.ts';

const scenarioOf = (name: string): Scenario => {
  const found = shipped[name];
  if (!found) throw new Error(`no scenario ${name}`);
  return found;
};
const shape = (change: Partial<EpochShape> = {}): EpochShape => ({
  scenarios: [{ loaded: { scenario: scenarioOf('crud'), file: 'crud.ts' }, load: { ratePerSecond: 60, interleaving: 'blocks' } }],
  samplesEach: 50,
  warmupMs: 2_000,
  durationMs: 20_000,
  blockMs: 500,
  draws: 'keyed',
  ...change,
});

describe('the timetable', () => {
  const journeys = Array.from({ length: 120 }, (_, i) => i % 3);
  const request = { blockMs: 500, durationMs: 6_000, journeys, first: 'head', random: keyedRandom('turns', 2) } as const;

  it('gives both sides the same journeys in the same order, at the same rate', () => {
    for (const interleaving of ['blocks', 'arrivals'] as const) {
      const { base, head } = pairedTimetable({ ...request, interleaving });
      expect(base.map(({ journey }) => journey)).toEqual(journeys);
      expect(head.map(({ journey }) => journey)).toEqual(journeys);
      for (const side of [base, head]) {
        expect(side.map(({ atMs }) => atMs)).toEqual(side.map(({ atMs }) => atMs).toSorted((a, b) => a - b));
        expect(side[0]?.atMs).toBeGreaterThanOrEqual(0);
        expect(side.at(-1)?.atMs).toBeLessThan(6_000);
      }
    }
  });

  it('lets one side at a time have its turn, in blocks of the length that was asked for', () => {
    const { base, head } = pairedTimetable({ ...request, interleaving: 'blocks' });
    const turnsOf = (side: typeof base): Set<number> => new Set(side.map(({ atMs }) => Math.floor(atMs / 500)));
    const [ofBase, ofHead] = [turnsOf(base), turnsOf(head)];
    expect(ofBase.size).toBe(6);
    expect(ofHead.size).toBe(6);
    expect([...ofBase].filter((turn) => ofHead.has(turn))).toEqual([]);
    expect(ofHead.has(0)).toBe(true);
    // Both orders occur.
    const baseFirst = Array.from({ length: 6 }, (_, pair) => ofBase.has(2 * pair));
    expect(new Set(baseFirst)).toEqual(new Set([true, false]));
  });

  it('keeps a pair of arrivals within two slots of one another', () => {
    const { base, head } = pairedTimetable({ ...request, interleaving: 'arrivals' });
    const slotMs = 6_000 / 240;
    for (const [i, { atMs }] of base.entries()) expect(Math.abs(atMs - (head[i]?.atMs ?? 0))).toBeLessThan(2 * slotMs);
    const baseFirst = base.filter(({ atMs }, i) => atMs < (head[i]?.atMs ?? 0)).length;
    expect(baseFirst).toBeGreaterThan(35);
    expect(baseFirst).toBeLessThan(85);
  });
});

describe('the mix', () => {
  it('gives every operation of crud its samples, the rare ones as well', () => {
    const crud = scenarioOf('crud');
    const order = evenMix(crud, 50, 10_000, keyedRandom('mix'));
    const samples = new Map<string, number>();
    for (const index of order) {
      for (const step of crud.journeys[index]?.steps ?? []) {
        if ('operation' in step) samples.set(step.operation, (samples.get(step.operation) ?? 0) + 1);
      }
    }
    expect(samples.size).toBeGreaterThan(18);
    for (const [operation, count] of samples) expect(count, operation).toBeGreaterThanOrEqual(50);
    expect(samples.get('projects.create')).toBe(50);
  });

  it('is cut to what the rate can carry, evenly', () => {
    const order = evenMix(scenarioOf('crud'), 200, 120, keyedRandom('mix'));
    expect(order).toHaveLength(120);
  });
});

describe('the plan of an epoch', () => {
  it('is the same for the same seed and another for the next epoch', () => {
    expect(planEpoch(shape(), 7, 3)).toEqual(planEpoch(shape(), 7, 3));
    expect(planEpoch(shape(), 7, 3).seeds).not.toEqual(planEpoch(shape(), 7, 4).seeds);
  });

  it('gives both sides the same keys, unless the draws are to be independent', () => {
    const keyed = planEpoch(shape(), 7, 0).seeds;
    const independent = planEpoch(shape({ draws: 'independent' }), 7, 0).seeds;
    expect(keyed.base).toBe(keyed.head);
    expect(independent.base).toBe(keyed.base);
    expect(independent.head).not.toBe(independent.base);
  });

  it('is as long as its samples need', () => {
    const kinds = 12;
    const needed = fitEpoch(shape().scenarios, 50, undefined);
    expect(needed).toEqual({ durationMs: (50 * kinds * 1_000) / 60, samplesOf: new Map([['crud', 50]]), notes: [] });
    const [leg] = planEpoch(shape({ durationMs: needed.durationMs }), 7, 0).legs;
    expect(leg?.timetable.base.filter(({ atMs }) => atMs >= 2_000)).toHaveLength(50 * kinds);
    expect(leg?.timetable.base.filter(({ atMs }) => atMs < 2_000)).toHaveLength(2 * 60);
  });

  it('has fewer samples where it may not be that long, and says so', () => {
    const short = fitEpoch(shape().scenarios, 50, 5_000);
    expect(short.samplesOf.get('crud')).toBe(25);
    expect(short.notes).toEqual(['crud: 25 samples of each operation an epoch and side instead of 50, at 60/s in 5 s']);
    expect(fitEpoch(shape().scenarios, 5_000, undefined).durationMs).toBe(60_000);
    const pages = [{ loaded: { scenario: scenarioOf('page-load'), file: 'page-load.ts' }, load: { ratePerSecond: 0.5, interleaving: 'arrivals' as const } }];
    expect(fitEpoch(pages, 200, undefined)).toEqual({ durationMs: 20_000, samplesOf: new Map([['page-load', 200]]), notes: [] });
  });

  it('draws who is started first, set up first and driven first', () => {
    const plans = Array.from({ length: 40 }, (_, index) => planEpoch(shape(), 1, index));
    for (const first of [plans.map((plan) => plan.startOrder[0]), plans.map((plan) => plan.setupOrder[0]), plans.map((plan) => plan.firstTurn)]) {
      const ofBase = first.filter((side) => side === 'base').length;
      expect(ofBase).toBeGreaterThan(8);
      expect(ofBase).toBeLessThan(32);
    }
  });

  it('takes blocks for plain requests, and pairs of arrivals for streams and pages', () => {
    expect(interleavingOf(scenarioOf('crud'))).toBe('blocks');
    expect(interleavingOf(scenarioOf('sse'))).toBe('arrivals');
    expect(interleavingOf(scenarioOf('page-load'))).toBe('arrivals');
  });
});

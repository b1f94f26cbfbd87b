import { describe, expect, it } from 'vitest';
import { easeLoad } from '../../harness/gate/epochs/ease-load.ts';
import type { EpochShape } from '../../harness/gate/epochs/epoch-plan.ts';
import type { EpochFault } from '../../harness/gate/epochs/epoch-record.ts';
import { shipped } from '../../scenarios/index.ts';

const part = (name: string, ratePerSecond: number, interleaving: 'blocks' | 'arrivals'): EpochShape['scenarios'][number] => {
  const scenario = shipped[name];
  if (!scenario) throw new Error(`no scenario ${name}`);
  return { loaded: { scenario, file: `${name}.ts` }, load: { ratePerSecond, interleaving } };
};
const shape: EpochShape = {
  scenarios: [part('page-load', 0.5, 'arrivals'), part('crud', 140, 'blocks')],
  ...{ samplesEach: 20, warmupMs: 2_000, durationMs: 4_000, blockMs: 500, draws: 'keyed' },
};
const late = (scenario: string): { faults: EpochFault[] } => ({ faults: [{ kind: 'load', scenario, text: `${scenario}, driving base: schedule lag` }] });
const valid = { faults: [] };
const ratesOf = (eased: ReturnType<typeof easeLoad>): Record<string, number> | undefined =>
  eased && Object.fromEntries(eased.shape.scenarios.map(({ loaded, load }) => [loaded.scenario.name, load.ratePerSecond]));

describe('a lower rate for the pilot', () => {
  it('halves the scenario that was late in two epochs, and no other', () => {
    const eased = easeLoad(shape, [late('page-load'), valid, late('page-load')], undefined);
    expect(ratesOf(eased)).toEqual({ 'page-load': 0.25, crud: 140 });
    expect(eased?.notes[0]).toBe('page-load: 0.25/s a side instead of 0.5/s, which this machine did not deliver in time');
  });

  it('makes the epoch as long as the lower rate needs for its samples', () => {
    const kinds = (ms: number): number => (ms * 140) / 20 / 1_000;
    const before = easeLoad(shape, [late('page-load'), late('page-load')], undefined)?.shape.durationMs ?? 0;
    const after = easeLoad(shape, [late('crud'), late('crud')], undefined)?.shape.durationMs ?? 0;
    expect(kinds(before)).toBeGreaterThan(1);
    expect(after).toBeCloseTo(2 * before, 6);
    const bounded = easeLoad(shape, [late('crud'), late('crud')], before);
    expect(bounded?.shape.durationMs).toBe(before);
    expect(bounded?.samplesOf.get('crud')).toBe(20);
    expect(bounded?.notes[1]).toContain('crud: 10 samples of each operation');
  });

  it('leaves it as it is after one late epoch, or where something else is wrong', () => {
    expect(easeLoad(shape, [], undefined)).toBeUndefined();
    expect(easeLoad(shape, [late('page-load'), valid, late('crud')], undefined)).toBeUndefined();
    const broken = { faults: [{ side: 'base', kind: 'broken', text: 'it ended' }] } satisfies { faults: EpochFault[] };
    expect(easeLoad(shape, [late('page-load'), late('page-load'), broken], undefined)).toBeUndefined();
  });
});

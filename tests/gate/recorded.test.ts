import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gateRule } from '../../harness/gate/decision-rule.ts';
import { type EpochRecord, writeEpoch } from '../../harness/gate/epochs/epoch-record.ts';
import { readPlan, writePlan } from '../../harness/gate/plan-file.ts';
import { anyPartEnded, differences, endedAnywhere, recordedParts, recordsOf, ruleFor } from '../../harness/gate/recorded.ts';
import { fitsInto } from '../../harness/gate/time-left.ts';
import { epochRecord, sideRecord } from './record-fixture.ts';
import { planFile } from './plan-fixture.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'plumbline-recorded-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const crash: EpochRecord['faults'] = [{ side: 'head', kind: 'broken', text: 'its process ended by itself, with code 7' }];
const few = { requests: 5 };

describe('a crash of head', () => {
  const records = [epochRecord(0), epochRecord(1, { faults: crash }), ...[2, 3, 4, 5, 6, 7, 8].map((index) => epochRecord(index))];

  it('is not made good by the epochs behind it', () => {
    expect(endedAnywhere(records)).toEqual({ verdict: 'fail', reasons: ['head is broken, and base is not: its process ended by itself, with code 7'] });
    expect(endedAnywhere(records.filter(({ faults }) => faults.length === 0))).toBeUndefined();
  });

  it('is one of its own gate, wherever the epochs of another one lie between, and goes before what is invalid', () => {
    const load: EpochRecord['faults'] = [{ kind: 'load', text: 'late' }];
    const late = { directory: 'late', records: [0, 1, 2].map((index) => epochRecord(index, { faults: load })) };
    expect(anyPartEnded([late])?.verdict).toBe('invalid');
    expect(anyPartEnded([late, { directory: 'crashed', records }])?.verdict).toBe('fail');
    // Two late ones here and one there are not three in a row.
    const halves = [late.records.slice(0, 2), late.records.slice(2)].map((part, index) => ({ directory: `half ${index}`, records: part }));
    expect(anyPartEnded(halves)).toBeUndefined();
  });
});

describe('what makes epochs unlike', () => {
  it.each<[string, Partial<EpochRecord>]>([
    ['another measured time', { measuredMs: 20_000 }],
    ['another warm-up', { warmupMs: 500 }],
    ['other blocks', { blockMs: 250 }],
    ['another number of samples', { samplesEach: 400 }],
    ['head with other changes', { sides: { base: sideRecord(), head: head({ changes: 'abc 2' }) } }],
    ['head started in another way', { sides: { base: sideRecord(), head: head({ how: 'flags: --slow all=2' }) } }],
    ['another head', { sides: { base: sideRecord(), head: head({ given: 'cmd:node other.js' }) } }],
  ])('%s', (what, change) => {
    const one = epochRecord(0, { samplesEach: 200, sides: { base: sideRecord(), head: head({}) } });
    const other = { ...one, ...change };
    expect(differences(one, other)).toEqual([expect.stringMatching(new RegExp(`^${what} \\(`))]);
    expect(differences(one, one)).toEqual([]);
  });

  it('is not what one of them does not tell: an older record, or a side that never started', () => {
    const older = epochRecord(0);
    const { profile: _, ...unstarted } = sideRecord(1, few);
    const newer = epochRecord(1, { samplesEach: 200, sides: { base: sideRecord(), head: { ...unstarted, identity: head({}).identity } } });
    const known = { ...older, sides: { base: sideRecord(), head: { ...sideRecord(), identity: { ...head({}).identity } } } };
    expect(differences(known, newer)).toEqual([]);
  });
});

describe('epochs of several gates', () => {
  it('are looked at once, at the number that there are, with all looks together for the alphas', () => {
    const part = { directory: 'a', records: [] };
    expect(ruleFor([part], 32)).toBe(gateRule);
    expect(ruleFor([part, part], 64)).toMatchObject({ looksAtEpochs: [64], alphaFail: 0.02, alphaPass: 0.05 });
    // Never earlier than a gate's first look.
    expect(ruleFor([part, part], 6).looksAtEpochs).toEqual([8]);
  });

  it('come each once, by the time of their start; those of another pool with the same numbers are others', async () => {
    const at = (minute: number): string => `2026-11-25T03:${minute}:00.000Z`;
    for (const [name, minute] of [
      ['one', 40],
      ['other', 20],
    ] as const) {
      for (const index of [0, 1]) await writeEpoch(join(folder, name), epochRecord(index, { startedAt: at(minute + index) }));
    }
    const [one, other] = [join(folder, 'one'), join(folder, 'other')];
    expect(recordsOf(await recordedParts([one, one])).map(({ startedAt }) => startedAt)).toEqual([at(40), at(41)]);
    expect(recordsOf(await recordedParts([one, other])).map(({ startedAt }) => startedAt)).toEqual([at(20), at(21), at(40), at(41)]);
  });

  it('are refused where they were recorded in two ways', async () => {
    await writeEpoch(join(folder, 'longer'), epochRecord(0, { startedAt: '2026-11-25T04:00:00.000Z', measuredMs: 20_000 }));
    await expect(recordedParts([join(folder, 'one'), join(folder, 'longer')])).rejects.toThrow(
      /cannot be put together with those of .*another measured time \(10000, 20000\)/,
    );
  });
});

describe('plan.json', () => {
  it('comes back as it was, maps and sets in it', async () => {
    const plan = planFile({ settings: { ...planFile().settings, demoted: new Map([['all cpu', 'too wide']]), samplesOf: new Map([['crud', 40]]) } });
    const { schema: _, ...written } = plan;
    await writePlan(folder, written);
    expect(await readPlan(folder)).toEqual(plan);
    expect(await readPlan(join(folder, 'one'))).toBeUndefined();
  });

  it('of something else is refused, with what was found', async () => {
    await writeFile(join(folder, 'plan.json'), '{"schema": "plumbline.gate-plan/9"}');
    await expect(readPlan(folder)).rejects.toThrow('its schema is "plumbline.gate-plan/9"), expected plumbline.gate-plan/1');
    await writeFile(join(folder, 'plan.json'), 'null');
    await expect(readPlan(folder)).rejects.toThrow('its schema is "undefined"');
  });
});

describe('the time of a gate', () => {
  const shape = { warmupMs: 1_000, durationMs: 9_000 };
  it('has room for an epoch as long as the longest until now, and for what a first one drives', () => {
    expect(fitsInto(undefined, { records: [], shape })).toBe(true);
    expect(fitsInto(10_000, { records: [], shape })).toBe(true);
    expect(fitsInto(9_999, { records: [], shape })).toBe(false);
    const records = [{ durationMs: 12_000 }, { durationMs: 14_000 }, { durationMs: 11_000 }];
    expect(fitsInto(14_000, { records, shape })).toBe(true);
    expect(fitsInto(13_999, { records, shape })).toBe(false);
  });
});

function head(identity: Partial<EpochRecord['sides']['head']['identity']>): EpochRecord['sides']['head'] {
  return {
    ...sideRecord(),
    identity: { kind: 'command', given: 'cmd:node server.js', label: 'node server.js', changes: 'abc 1', how: 'ready: /', ...identity },
  };
}

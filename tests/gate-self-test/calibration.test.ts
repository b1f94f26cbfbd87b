import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { machineFacts } from '../../harness/results/machine.ts';
import { plumblineVersion } from '../../harness/version.ts';
import { calibrate } from '../../harness/gate/self-test/calibrate.ts';
import { calibrationPath, type CalibrationPart, readCalibration, writeCalibration } from '../../harness/gate/self-test/calibration-file.ts';
import { calibrationRows } from '../../harness/gate/self-test/calibration-rows.ts';
import { citation, citedCalibration } from '../../harness/gate/self-test/cite-calibration.ts';
import { slowedOperation } from '../../harness/gate/self-test/injections.ts';
import { addEpoch, openPool, type PoolSettings } from '../../harness/gate/self-test/pool.ts';
import { keyedRandom } from '../../scenarios/random.ts';
import { plumbline } from '../support/cli.ts';
import { epochRecord, sideRecord } from '../gate/record-fixture.ts';

const settings: PoolSettings = {
  ...{ profile: 'fast', draws: 'keyed', samplesEach: 200, ratePerSecond: { 'every-service': 340, sse: 11.3 } },
  ...{ measuredMs: 17_700, warmupMs: 3_000, seed: 1 },
} as const;
const ours = { machine: machineFacts(), plumbline: plumblineVersion };
const quiet = { sets: 60, signal: new AbortController().signal, say: () => undefined };

let folder = '';
let made: CalibrationPart;

/** 16 epochs without a change and 8 with a tenth more of one operation; the first of `none` is invalid. */
async function record(directory: string): Promise<void> {
  const random = keyedRandom('epochs');
  const side = (factor: number) => {
    const plain = sideRecord(factor * (1 + 0.004 * random()));
    return { ...plain, series: plain.series.map((series) => ({ ...series, name: slowedOperation })) };
  };
  for (const [name, change, count] of [
    ['none', 1, 17],
    ['one-operation', 1.1, 8],
  ] as const) {
    for (let index = 0; index < count; index += 1) {
      const faults = name === 'none' && index === 0 ? [{ kind: 'load' as const, text: 'late' }] : [];
      await addEpoch(directory, { name }, epochRecord(index, { ...ours, faults, sides: { base: side(1), head: side(change) } }));
    }
  }
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'plumbline-calibration-'));
  await openPool(join(folder, 'pool'), settings);
  await record(join(folder, 'pool'));
  made = await calibrate(join(folder, 'pool'), quiet);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('calibrate', () => {
  test('counts what the pool has: no false alarm without a change, the changed operation found, both with the bound of independent sets', () => {
    expect(made).toMatchObject({ draws: 'keyed', plumbline: plumblineVersion, samplesEach: 200, stretch: 1, gating: 5, demoted: [] });
    const [none, changed] = made.injections;
    expect(made.injections.map(({ name }) => name)).toEqual(['none', 'one-operation']);
    expect(none).toMatchObject({ epochs: { valid: 16, invalid: 1 }, resampled: { sets: 60, pass: 60 }, disjoint: { sets: 2, pass: 2 }, live: { sets: 0 } });
    // Of n events in n trials, and of none: 1 - 0.05^(1/n), 0.05^(1/n).
    expect(none?.bound).toEqual({ of: 'fail', count: 0, sets: 2, bound: expect.closeTo(1 - 0.05 ** (1 / 2), 6) });
    expect(changed).toMatchObject({ resampled: { sets: 60, fail: 60, found: 60 }, disjoint: { sets: 1, found: 1 } });
    expect(changed?.bound).toEqual({ of: 'found', count: 1, sets: 1, bound: expect.closeTo(0.05, 6) });
    expect(made.tails.map(({ id, margin }) => [id, margin])).toEqual([['class metadata latency p99', 0.25]]);
  });

  test('reads as rows that say which number is which', () => {
    const rows = calibrationRows(made);
    expect(rows[0]).toEqual({
      what: 'keyed: no change: false alarms',
      target: 'at most 1%',
      measured: '0% of 60 resampled sets; 0 of 2 independent sets: at most 78% (95% bound)',
      met: true,
      limit: '16 and 1 invalid epochs; independent: 2 sets that share none, 0 complete gates',
    });
    expect(rows[1]).toMatchObject({ what: 'keyed: no change: inconclusive', measured: '0% resampled; all of 5 metrics are a condition of a pass', met: true });
    expect(rows[2]).toMatchObject({
      what: 'keyed: no change, either side as head: false alarms',
      measured: '0% of 60 resampled sets',
      target: 'at most 1%',
      met: true,
    });
    expect(rows[3]).toMatchObject({ what: 'keyed: no change, either side as head: inconclusive', measured: '0% of 60 resampled sets', met: true });
    expect(rows[4]).toMatchObject({
      target: 'at least 95%',
      met: true,
      measured: expect.stringContaining('100% of 60 resampled sets; 1 of 1 independent sets: at least 5%'),
    });
    expect(rows[4]?.limit).toMatch(/; most by chat\.conversations\.list latency p(50|95) \(100% of fails\)$/);
    // What the pilot demoted still fails: it is seen from its margin on, and no pass speaks of it.
    const [tail = { id: '', margin: 0, detectableChange: 0 }] = made.tails;
    const demoted = calibrationRows({
      ...made,
      gating: 4,
      demoted: [{ ...tail, spread: 0.4, detectableChange: 0.6 }],
      tails: [{ ...tail, detectableChange: 0.6 }],
    });
    expect(demoted[1]?.measured).toBe('0% resampled; 1 of 5 metrics can only fail: class metadata latency p99 (sees 60%)');
    expect(demoted.find(({ what }) => what.startsWith('keyed: smallest change seen'))?.measured).toBe(
      '60%, by failing; it is no condition of a pass, which rules out nothing for it',
    );
    const missed = calibrationRows({
      ...made,
      injections: made.injections.map((one) => ({ ...one, resampled: { ...one.resampled, fail: 3, inconclusive: 7, found: 56 } })),
    });
    expect([0, 1, 4].map((row) => missed[row]?.met)).toEqual([false, false, false]);
  });

  test('without a change either side may be head; what that hides, a side that is always slower, is told', async () => {
    const random = keyedRandom('either way');
    // What the slots of the two sides differ by, in each epoch: nothing but chance, or half the margin more at head.
    const pool = async (name: string, slowerHead: number): Promise<CalibrationPart> => {
      const directory = join(folder, name);
      await openPool(directory, settings);
      for (let index = 0; index < 16; index += 1) {
        const side = (factor: number) => {
          const plain = sideRecord(factor * (1 + 0.02 * random()));
          return { ...plain, series: plain.series.map((series) => ({ ...series, name: slowedOperation })) };
        };
        await addEpoch(directory, { name: 'none' }, epochRecord(index, { ...ours, sides: { base: side(1), head: side(slowerHead) } }));
      }
      return calibrate(directory, quiet);
    };
    const even = await pool('even', 1);
    expect(even.injections[0]?.eitherWay).toMatchObject({ sets: 60, fail: 0, pass: 60 });
    const { metrics, differ } = even.sidesAlike ?? { metrics: 0, differ: 0 };
    // Two do not vary at all.
    expect(metrics).toBe(3);
    expect(differ).toBeLessThan(metrics);
    const uneven = await pool('uneven', 1.06);
    expect(uneven.injections[0]?.resampled.fail).toBe(60);
    expect(uneven.injections[0]?.eitherWay?.fail).toBeLessThan(10);
    expect(uneven.sidesAlike).toEqual({ metrics: 3, differ: 3 });
    expect(calibrationRows(uneven)[2]?.limit).toMatch(/a side that is slower: 3 of 3 metrics have a mean that is not 0, 5% are by chance$/);
    expect(made.injections[1]).not.toHaveProperty('eitherWay');
  });
});

describe('calibration.json', () => {
  test('is read as it was written, one part for each kind of draws, the newer in the place of the older', async () => {
    const path = calibrationPath(folder);
    expect(await readCalibration(path)).toBeUndefined();
    await writeCalibration(path, made);
    await writeCalibration(path, { ...made, draws: 'independent' });
    await writeCalibration(path, { ...made, gating: 4 });
    const file = await readCalibration(path);
    expect(file?.parts.map(({ draws, gating }) => [draws, gating])).toEqual([
      ['keyed', 4],
      ['independent', 5],
    ]);
    expect(file?.parts[1]).toEqual({ ...made, draws: 'independent' });
  });

  test('is cited by the gate; of another machine, version or draws it is not', async () => {
    const here = { ...ours, draws: 'keyed' } as const;
    expect(citation(made, here)).toBe(
      'on this machine: 0 false alarms in 2 sets, at most 78% (95% bound); 0.00% of 60 resampled ones; the reference server, keyed draws',
    );
    expect(await citedCalibration(folder, undefined, here)).toEqual({ file: '.plumbline/calibration.json', text: citation(made, here) });
    expect(citation(made, { ...here, machine: { ...here.machine, cores: 64 } })).toMatch(/^is of another machine \(.*\) and says nothing of this one$/);
    expect(citation(made, { ...here, plumbline: '9.9.9' })).toBe(`is of plumbline ${plumblineVersion} and says nothing of 9.9.9`);
    expect(await citedCalibration(join(folder, 'pool'), undefined, here)).toBeUndefined();
    await writeCalibration(join(folder, 'keyed.json'), made);
    expect(await citedCalibration(folder, 'keyed.json', { ...here, draws: 'independent' })).toBeUndefined();
    await writeFile(join(folder, 'bad.json'), '{"schema":"plumbline.calibration/2"}');
    await expect(citedCalibration(folder, 'bad.json', here)).rejects.toThrow(/bad\.json: not a calibration \(its schema is "plumbline.calibration\/2"/);
  });
});

describe('pools that are not of here', () => {
  test('are refused with what differs, for more epochs and for a calibration', async () => {
    const directory = join(folder, 'foreign');
    await openPool(directory, settings);
    await expect(openPool(directory, { ...settings, profile: 'observed', samplesEach: 100 })).rejects.toThrow(
      /its epochs are not to be mixed with new ones: profile is "fast" there and "observed" now; samplesEach is 200 there and 100 now/,
    );
    const path = join(directory, 'pool.json');
    const text = await readFile(path, 'utf8');
    await writeFile(path, text.replace(/"cores": \d+/, '"cores": 64'));
    await expect(openPool(directory, settings)).rejects.toThrow(/machine is .*"cores":64.* there and .* now.*Give another --pool/);
    await writeFile(path, '{"schema":"plumbline.pool/2"}');
    await expect(openPool(directory, settings)).rejects.toThrow(/not a pool of this plumbline \(its schema is "plumbline.pool\/2"\)/);
    await writeFile(path, text);
    await addEpoch(directory, { name: 'none' }, epochRecord(0, { ...ours, plumbline: '0.0.1' }));
    await expect(calibrate(directory, quiet)).rejects.toThrow(/epoch 0 of none is not of this pool: plumbline "0\.0\.1", not "/);
    await expect(calibrate(join(folder, 'nowhere'), quiet)).rejects.toThrow(/no pool there; record one with plumbline gate --self-test/);
  });

  test('too few epochs make no calibration', async () => {
    const directory = join(folder, 'few');
    await openPool(directory, settings);
    for (let index = 0; index < 7; index += 1) await addEpoch(directory, { name: 'none' }, epochRecord(index, ours));
    await expect(calibrate(directory, quiet)).rejects.toThrow(/7 valid epochs without a change, at least 8 are needed/);
  });
});

describe('plumbline gate --self-test', () => {
  /** 30 operations, 5 samples each at 60/s: two and a half seconds. Draws that a busy machine delays make an epoch invalid: it is kept, with its faults. */
  const selfTest = ['gate', '--self-test', '--pool', 'live', '--samples', '5', '--rate', '60', '--sets', '0'];

  test('records epochs into a pool, goes on behind them, and refuses other settings', async () => {
    const first = await plumbline([...selfTest, '--pool-epochs', 'stall=1', '--max-minutes', '0.02'], folder);
    expect(first.stdout, first.stderr).toMatch(/^stall 0: \d+\.\d s/m);
    const pool = JSON.parse(await readFile(join(folder, 'live', 'pool.json'), 'utf8')) as Record<string, unknown>;
    expect(pool).toMatchObject({
      ...ours,
      schema: 'plumbline.pool/1',
      profile: 'fast',
      draws: 'keyed',
      samplesEach: 5,
      ratePerSecond: { 'every-service': 60, sse: 2 },
    });
    const { stdout } = await plumbline([...selfTest, '--pool-epochs', 'none=1', '--max-minutes', '0.02'], folder);
    expect(stdout).toMatch(/^none 0: /m);
    const other = await plumbline([...selfTest, '--seed', '2'], folder);
    expect(other.code).toBe(2);
    expect(other.stderr).toContain('seed is 1 there and 2 now');
  });

  test('is wrong usage with counts of unknown changes; without it a gate needs both sides', async () => {
    const unknown = await plumbline([...selfTest, '--pool-epochs', 'nothing=3'], folder);
    expect(unknown.code).toBe(2);
    expect(unknown.stderr).toContain('--pool-epochs: "nothing=3": expected 40,20');
    const sideless = await plumbline(['gate', '--base', 'profile:fast'], folder);
    expect(sideless.code).toBe(2);
    expect(sideless.stderr).toContain('--head is missing');
  });

  test('says what a pool says of the gate, and writes it', async () => {
    const directory = join(folder, 'told');
    await mkdir(directory);
    await copyFile(join(folder, 'live', 'pool.json'), join(directory, 'pool.json'));
    await record(directory);
    const flags = ['--pool', 'told', '--pool-epochs', '0,0', '--sets', '20', '--calibration', 'told.json'];
    const { code, stdout, stderr } = await plumbline([...selfTest, ...flags], folder);
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/^none +16 epochs$/m);
    expect(stdout).toContain('ok  keyed: no change: false alarms: 0% of 20 resampled sets; 0 of 2 independent sets: at most 78% (95% bound) (at most 1%)');
    const file = await readCalibration(join(folder, 'told.json'));
    expect(file?.parts[0]?.injections.map(({ name, resampled }) => [name, resampled.sets])).toEqual([
      ['none', 20],
      ['one-operation', 20],
    ]);
  });
});

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { conclude, endedByFaults } from '../../harness/gate/conclude.ts';
import { epochFaults } from '../../harness/gate/epochs/epoch-faults.ts';
import { readEpochs, writeEpoch } from '../../harness/gate/epochs/epoch-record.ts';
import { errorKindsOf } from '../../harness/gate/epochs/error-evidence.ts';
import { evidenceOf, figuresOf, hopsOf, type MetricSettings } from '../../harness/gate/epochs/evidence.ts';
import { ownTimesMs } from '../../harness/gate/epochs/hop-times.ts';
import { decideByLooks } from '../../harness/gate/decide.ts';
import { defaultMargins } from '../../harness/gate/margins.ts';
import { epochRecord, sideRecord } from './record-fixture.ts';

const settings: MetricSettings = { margins: defaultMargins, samplesEach: 200, maxEpochs: 32, demoted: new Map() };
const records = (count: number, factor: (epoch: number) => number): ReturnType<typeof epochRecord>[] =>
  Array.from({ length: count }, (_, i) => epochRecord(i, { sides: { base: sideRecord(), head: sideRecord(factor(i)) } }));
const evidence = (list: ReturnType<typeof records>, change: Partial<MetricSettings> = {}): ReturnType<typeof evidenceOf> =>
  evidenceOf(
    list.map((record) => figuresOf(record, settings)),
    { ...settings, ...change },
    1,
  );

describe('evidence', () => {
  it('takes ln(head / base) of each epoch for every metric', () => {
    const { metrics } = evidence(records(3, (epoch) => 1 + epoch / 10));
    expect(metrics.map(({ id }) => id)).toEqual([
      'projects.list latency p50',
      'projects.list latency p95',
      'class metadata latency p99',
      'all throughput',
      'all cpu',
    ]);
    const [p50, p95] = metrics;
    expect(p50?.effects.map((d) => Math.exp(d))).toEqual([expect.closeTo(1, 6), expect.closeTo(1.1, 4), expect.closeTo(1.2, 4)]);
    expect(p50?.baseMs[0]).toBeCloseTo(39.95, 2);
    expect(p95?.baseMs[0]).toBeCloseTo(48.95, 1);
    expect(metrics[2]?.pooled).toHaveLength(3);
    expect(metrics[4]?.baseMs[0]).toBe(0.5);
  });

  it('makes a metric advisory when it has too few samples, when the pilot says so, and when a side is a URL', () => {
    const list = records(2, () => 1);
    expect(evidence(list, { samplesEach: 201 }).metrics[0]?.advisory).toBeUndefined();
    const wanted = { ...settings, samplesEach: 201 };
    const few = evidenceOf(
      list.map((record) => figuresOf(record, wanted)),
      wanted,
      1,
    );
    expect(few.metrics[0]?.advisory).toBe('200 samples an epoch and side, 201 needed');
    expect(evidence(list, { demoted: new Map([['projects.list latency p95', 'too noisy']]) }).metrics.map(({ failsOnly }) => failsOnly)).toEqual([
      ...[undefined, 'too noisy', undefined, undefined, undefined],
    ]);
    // Out of the record: recorded epochs of a URL decide as little as live ones.
    const url = sideRecord(1, { identity: { kind: 'url', given: 'url:http://127.0.0.1:3000', label: 'http://127.0.0.1:3000' } });
    const ofUrl = evidence(Array.from({ length: 8 }, (_, epoch) => epochRecord(epoch, { sides: { base: sideRecord(1 + epoch / 10_000), head: url } })));
    expect(ofUrl.metrics.every(({ advisory }) => advisory === 'a side is a URL and cannot be started afresh')).toBe(true);
    expect(decideByLooks(ofUrl, { epochs: 8, ended: true })?.verdict).toBe('inconclusive');
  });

  it('leads to a verdict: the same, and 20% slower', () => {
    const noise = (epoch: number): number => 1 + (epoch % 2 === 0 ? 0.002 : -0.002);
    const same = decideByLooks(evidence(records(8, noise)), { epochs: 8, ended: false });
    const slower = decideByLooks(evidence(records(8, (epoch) => 1.2 * noise(epoch))), { epochs: 8, ended: false });
    expect(same?.verdict).toBe('pass');
    expect(slower?.verdict).toBe('fail');
    expect(slower && conclude(records(8, noise), slower, false).reasons[0]).toMatch(/^projects.list latency p50: 20.0% slower/);
  });

  it('has no value where one side has none, and never passes then', () => {
    const list = records(8, (epoch) => 1 + epoch / 10_000);
    list[4] = epochRecord(4, { sides: { base: sideRecord(), head: sideRecord(1, { series: [] }) } });
    const found = evidence(list);
    expect(found.metrics[0]?.effects[4]).toBeNaN();
    expect(decideByLooks(found, { epochs: 8, ended: false })?.verdict).toBe('inconclusive');
    const never = list.map(({ index }) => epochRecord(index, { sides: { base: sideRecord(), head: sideRecord(1, { series: [] }) } }));
    expect(decideByLooks(evidence(never), { epochs: 8, ended: false })?.verdict).toBe('inconclusive');
  });

  it('keeps the index of an epoch without requests of a class: a look does not reach behind itself', () => {
    const list = records(9, (epoch) => 1 + epoch / 10_000);
    list[4] = epochRecord(4, { sides: { base: sideRecord(1, { series: [] }), head: sideRecord(1, { series: [] }) } });
    const found = evidence(list).metrics.find(({ id }) => id === 'class metadata latency p99');
    expect(found?.pooled?.map(({ base }) => base.n > 0)).toEqual(Array.from({ length: 9 }, (_, epoch) => epoch !== 4));
    const decision = decideByLooks({ metrics: found ? [found] : [], errors: [], seed: 1 }, { epochs: 9, ended: false });
    expect(decision).toMatchObject({ verdict: 'inconclusive', epochs: 8, metrics: [{ epochs: 7 }] });
  });

  it('tells kinds of error that only head has', () => {
    const errors = [{ operation: 'projects.list', kind: 'status 503', count: 3, example: '' }];
    const failing = { ...sideRecord().scenarios[0], operations: { 'projects.list': [3, 200] as [number, number] }, errors };
    const head = sideRecord(1, { scenarios: [failing as (typeof head)['scenarios'][number]] });
    const known = evidence([epochRecord(0, { sides: { base: head, head } })]).errors[0];
    const isNew = evidence([epochRecord(0, { sides: { base: sideRecord(), head } })]).errors[0];
    expect(known?.newKinds).toEqual([]);
    expect(isNew?.newKinds).toEqual([{ kind: 'status 503', count: 3, byEpoch: [3] }]);
    // Base has it one epoch later; or the pilot has seen it of base.
    const later = [epochRecord(0, { sides: { base: sideRecord(), head } }), epochRecord(1, { sides: { base: head, head } })];
    expect(evidence(later).errors[0]?.newKinds).toEqual([{ kind: 'status 503', count: 3, byEpoch: [3, 0], knownFrom: 1 }]);
    const knownKinds = errorKindsOf([epochRecord(0, { kind: 'pilot', sides: { base: sideRecord(), head } })]);
    expect(evidence(later, { knownKinds }).errors[0]?.newKinds).toEqual([]);
    expect(isNew?.head).toEqual([[3, 200]]);
  });

  it('has the hops that both sides tell of', () => {
    expect(hopsOf(records(2, () => 1.5))).toEqual([
      { scenario: 'crud', operation: 'projects.list', hop: 'store', baseMs: [20, 20], headMs: [30, 30], baseMeanMs: [21, 21], headMeanMs: [21, 21] },
    ]);
  });
});

describe('own times of hops', () => {
  it('takes the hops inside away', () => {
    const own = ownTimesMs([
      { hop: 'edge', startMs: 0, durationMs: 100 },
      { hop: 'lb', startMs: 10, durationMs: 80 },
      { hop: 'service', startMs: 20, durationMs: 60 },
      { hop: 'store', startMs: 30, durationMs: 20 },
      { hop: 'store', startMs: 50, durationMs: 25 },
    ]);
    expect(Object.fromEntries(own)).toEqual({ edge: 20, lb: 20, service: 15, store: 45 });
  });

  it('takes durations as they are where no starts are told', () => {
    expect(
      Object.fromEntries(
        ownTimesMs([
          { hop: 'db', durationMs: 5 },
          { hop: 'app', durationMs: 9 },
        ]),
      ),
    ).toEqual({ db: 5, app: 9 });
  });
});

describe('what an epoch is invalid for', () => {
  const check = (name: 'dropped' | 'achieved' | 'loopDelay'): ReturnType<typeof sideRecord>['scenarios'][number]['checks'][number] => ({
    name,
    ok: false,
    unit: 'ratio',
    text: `${name} is off`,
  });
  const sideWith = (change: object): ReturnType<typeof sideRecord> => {
    const [scenario] = sideRecord().scenarios;
    return sideRecord(1, { scenarios: [{ ...scenario, ...change } as ReturnType<typeof sideRecord>['scenarios'][number]] });
  };
  const faultsOf = (head: ReturnType<typeof sideRecord>): ReturnType<typeof epochFaults> => epochFaults({ sides: { base: sideRecord(), head }, faults: [] });

  it("is the driver's where it fell behind, and the side's where too much piled up", () => {
    expect(faultsOf(sideRecord())).toEqual([]);
    expect(faultsOf(sideWith({ checks: [check('loopDelay')] }))).toEqual([{ kind: 'load', scenario: 'crud', text: 'crud, driving head: loopDelay is off' }]);
    const text = 'crud: it cannot take the offered load: dropped is off';
    expect(faultsOf(sideWith({ checks: [check('dropped'), check('achieved')] }))).toEqual([{ side: 'head', kind: 'load', scenario: 'crud', text }]);
    const counts = { ok: 0, failed: 0, timeout: 0, aborted: 0, dropped: 200 };
    expect(faultsOf(sideWith({ counts, checks: [check('dropped')] }))).toEqual([{ side: 'head', kind: 'load', scenario: 'crud', text }]);
  });

  it('is a broken side where nothing was answered ok', () => {
    const counts = { ok: 0, failed: 200, timeout: 0, aborted: 0, dropped: 0 };
    const errors = [{ operation: 'projects.list', kind: 'status 404', count: 200, example: 'projects.list: status 404' }];
    expect(faultsOf(sideWith({ counts, errors }))).toEqual([
      { side: 'head', kind: 'broken', text: 'crud: none of 200 requests was answered ok, most often: projects.list: status 404' },
    ]);
  });
});

describe('what ends a gate', () => {
  const broken = (side: 'base' | 'head'): ReturnType<typeof epochRecord> => epochRecord(1, { faults: [{ side, kind: 'broken', text: 'it ended' }] });
  const load = (side?: 'base' | 'head'): ReturnType<typeof epochRecord> =>
    epochRecord(1, { faults: [{ ...(side && { side }), kind: 'load', text: 'too slow' }] });

  it('is a broken side: head fails, base leaves nothing to compare with', () => {
    expect(endedByFaults([epochRecord(0), broken('head')])).toEqual({ verdict: 'fail', reasons: ['head is broken, and base is not: it ended'] });
    expect(endedByFaults([epochRecord(0), broken('base')])?.verdict).toBe('invalid');
  });

  it('is a load that was not delivered three times in a row; by head alone, it is its fault', () => {
    expect(endedByFaults([load(), load()])).toBeUndefined();
    expect(endedByFaults([load(), epochRecord(0), load(), load()])).toBeUndefined();
    expect(endedByFaults([load(), load(), load()])?.verdict).toBe('invalid');
    expect(endedByFaults([load('head'), load('head'), load('head')])?.verdict).toBe('fail');
    expect(endedByFaults([load('base'), load('head'), load('head')])?.verdict).toBe('invalid');
  });

  it('is not a start that fails once: the second in a row, of head; and the same of base is no failure of head', () => {
    const unstarted = (side: 'base' | 'head'): ReturnType<typeof epochRecord> =>
      epochRecord(1, { faults: [{ side, kind: 'broken', beforeLoad: true, text: 'its port is taken' }] });
    expect(endedByFaults([epochRecord(0), unstarted('head')])).toBeUndefined();
    expect(endedByFaults([unstarted('head'), epochRecord(1), unstarted('head')])).toBeUndefined();
    expect(endedByFaults([unstarted('base'), unstarted('head')])).toBeUndefined();
    expect(endedByFaults([unstarted('head'), unstarted('head')])).toEqual({
      verdict: 'fail',
      reasons: ['head is broken, and base is not: its port is taken'],
    });
    expect(endedByFaults([epochRecord(0), unstarted('base'), unstarted('base')])?.verdict).toBe('invalid');
    // What dies under load does so at once.
    expect(endedByFaults([epochRecord(0), broken('head')])?.verdict).toBe('fail');
  });

  it('never passes without data', () => {
    expect(conclude([], undefined, false).verdict).toBe('inconclusive');
    const unanswered = { ...sideRecord().scenarios[0], operations: { 'projects.list': [200, 200] as [number, number] } };
    const side = sideRecord(1, { scenarios: [unanswered as ReturnType<typeof sideRecord>['scenarios'][number]] });
    const decision = decideByLooks(evidence(records(8, (epoch) => 1 + epoch / 10_000)), { epochs: 8, ended: false });
    expect(decision?.verdict).toBe('pass');
    expect(conclude([epochRecord(0, { sides: { base: side, head: side } })], decision, false)).toEqual({
      verdict: 'invalid',
      reasons: ['crud: projects.list was answered ok by neither side'],
    });
    expect(
      conclude(
        records(8, () => 1),
        decision,
        true,
      ).verdict,
    ).toBe('invalid');
  });
});

describe('epoch records', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'plumbline-epochs-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('are read as they were written, by index, pilots apart', async () => {
    const list = [epochRecord(1), epochRecord(0)];
    for (const record of [...list, epochRecord(0, { kind: 'pilot' })]) await writeEpoch(folder, record);
    expect(await readEpochs(folder)).toEqual([epochRecord(0), epochRecord(1)]);
    expect((await readEpochs(folder, 'pilot')).map(({ kind }) => kind)).toEqual(['pilot']);
  });

  it('of another schema, damaged or missing are refused with what is wrong', async () => {
    await expect(readEpochs(join(folder, 'none'))).rejects.toThrow(/no recorded epochs there/);
    await writeFile(join(folder, 'epochs', '009.json.zst'), zstdCompressSync(JSON.stringify({ ...epochRecord(9), schema: 'plumbline.epoch/2' })));
    await expect(readEpochs(folder)).rejects.toThrow(/its schema is "plumbline.epoch\/2", this version of plumbline reads plumbline.epoch\/1/);
    await writeFile(join(folder, 'epochs', '009.json.zst'), 'nothing');
    await expect(readEpochs(folder)).rejects.toThrow(/not an epoch record/);
  });
});

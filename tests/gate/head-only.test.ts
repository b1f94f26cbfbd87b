import { describe, expect, it } from 'vitest';
import { conclude } from '../../harness/gate/conclude.ts';
import { coverageOf } from '../../harness/gate/coverage.ts';
import { decideByLooks } from '../../harness/gate/decide.ts';
import type { EpochRecord, EpochSide, Series } from '../../harness/gate/epochs/epoch-record.ts';
import { errorKindsOf } from '../../harness/gate/epochs/error-evidence.ts';
import { evidenceOf, figuresOf, type JudgeableEvidence, type MetricSettings } from '../../harness/gate/epochs/evidence.ts';
import { headOnlyOf, headOnlyText } from '../../harness/gate/epochs/head-only.ts';
import { defaultMargins } from '../../harness/gate/margins.ts';
import { epochRecord, sideRecord } from './record-fixture.ts';

const settings: MetricSettings = { margins: defaultMargins, samplesEach: 200, maxEpochs: 32, demoted: new Map() };
const requests = 200;
/** It takes a second: with it in the class, head's p99 is twenty times base's. */
const slowSeries: Series = {
  scenario: 'crud',
  name: 'projects.star',
  latencyClass: 'metadata',
  measure: 'latency',
  us: Array.from({ length: requests }, () => 1e6),
};

interface NewOperation {
  failed: number;
  kind?: string;
}

/** A side of projects.list, which both have, and of projects.star beside it. */
function sideOf(factor: number, { failed, kind = 'status 404, expected 200: no such page' }: NewOperation): EpochSide {
  const plain = sideRecord(factor);
  const scenarios = plain.scenarios.map((one) => ({
    ...one,
    operations: { ...one.operations, 'projects.star': [failed, requests] as [number, number] },
    errors: failed === 0 ? [] : [{ operation: 'projects.star', kind, count: failed, example: kind }],
  }));
  const ok = requests - failed;
  // 20 a second are those of projects.list, in ten seconds.
  const all = { scenarios, requests: 2 * requests, achievedPerSecond: 20 + ok / 10, cpuMs: 100 + ok };
  return { ...plain, ...all, series: [...plain.series, ...(ok > 0 ? [{ ...slowSeries, us: slowSeries.us.slice(0, ok) }] : [])] };
}

const unknown: NewOperation = { failed: requests };
const answered: NewOperation = { failed: 0 };

function recordsOf(base: NewOperation, head: NewOperation, factor = 1): EpochRecord[] {
  return Array.from({ length: 8 }, (_, epoch) => {
    const noise = 1 + (epoch % 2 === 0 ? 0.002 : -0.002);
    return epochRecord(epoch, { sides: { base: sideOf(1, base), head: sideOf(factor * noise, head) } });
  });
}

function evidence(records: readonly EpochRecord[], change: Partial<MetricSettings> = {}): JudgeableEvidence {
  return evidenceOf(
    records.map((record) => figuresOf(record, settings)),
    { ...settings, ...change },
    1,
  );
}

const verdictOf = (found: JudgeableEvidence): string | undefined => decideByLooks(found, { epochs: 8, ended: true })?.verdict;

describe('an operation that base answers 404 and head ok', () => {
  const records = recordsOf(unknown, answered);

  it('is not compared, is in no figure of several operations, and is in no way of a pass', () => {
    const found = evidence(records);
    const metric = (id: string) => found.metrics.find((one) => one.id === id);
    const text = 'head only: not compared, base answers 404 or 405 to all of its requests';
    for (const id of ['projects.star latency p50', 'projects.star latency p95']) expect(metric(id)).toMatchObject({ advisory: text, headOnly: true });
    expect(metric('all cpu')?.advisory).toBe('head answers 1 operations that base does not know: its CPU a request is that of others');
    expect(metric('class metadata latency p99')?.pooled?.[0]?.head.n).toBe(requests);
    expect(metric('all throughput')?.effects[0]).toBeCloseTo(0, 12);
    expect(found.errors.find(({ operation }) => operation === 'projects.star')).toMatchObject({ headOnly: true, newKinds: [] });
    const decision = decideByLooks(found, { epochs: 8, ended: true });
    expect(decision?.verdict).toBe('pass');
    expect(conclude(records, decision, false).verdict).toBe('pass');
    expect(coverageOf(found.metrics)).toMatchObject({ operations: 2, uncovered: ['crud: projects.star'], inTheWay: [] });
  });

  it('is told, with how often head answers', () => {
    expect([...headOnlyOf(records).values()].map(headOnlyText)).toEqual([
      'head only: not compared: crud: projects.star: base answered 404 or 405 to all of 1600 requests, head answered 1600 of 1600 ok',
    ]);
    expect(headOnlyOf(recordsOf({ failed: requests, kind: 'status 405, expected 200: POST' }, answered)).size).toBe(1);
  });

  it('hides no slowdown of another operation', () => {
    expect(verdictOf(evidence(recordsOf(unknown, answered, 1.2)))).toBe('fail');
  });

  it('fails where head answers it with errors, those that base gives to it among them', () => {
    const unknownToHead = evidence(recordsOf(unknown, { failed: 20 }));
    expect(verdictOf(unknownToHead)).toBe('fail');
    expect(unknownToHead.errors.flatMap(({ newKinds }) => newKinds)).toMatchObject([{ kind: 'status 404, expected 200: no such page', count: 160 }]);
    expect(verdictOf(evidence(recordsOf(unknown, { failed: 20, kind: 'status 500, expected 200: oh' })))).toBe('fail');
    // A kind that base is known for is no new one: head's errors are held against none of base's.
    const knownKinds = new Set(['crud status 503, expected 200: busy']);
    const busy = evidence(recordsOf(unknown, { failed: 20, kind: 'status 503, expected 200: busy' }), { knownKinds });
    expect(busy.errors.find(({ operation }) => operation === 'projects.star')?.newKinds).toEqual([]);
    expect(verdictOf(busy)).toBe('fail');
  });

  it("makes base's 404 known for nothing else, in the pilot neither", () => {
    expect([...errorKindsOf(recordsOf(unknown, unknown))]).toEqual([]);
    expect([...errorKindsOf(recordsOf({ failed: 20 }, answered))]).toEqual(['crud status 404, expected 200: no such page']);
  });

  it('is only that: another error, an answer now and then, or head without one, and nothing passes', () => {
    for (const [base, head] of [
      [{ failed: requests, kind: 'status 500, expected 200: oh' }, answered],
      [{ failed: requests - 1 }, answered],
      [unknown, unknown],
    ] as const) {
      expect(headOnlyOf(recordsOf(base, head)).size).toBe(0);
    }
    expect(verdictOf(evidence(recordsOf({ failed: requests, kind: 'status 500, expected 200: oh' }, answered)))).not.toBe('pass');
    expect(conclude(recordsOf(unknown, unknown), undefined, false).verdict).toBe('invalid');
    // One epoch in which base answers it: it knows it.
    const [once] = recordsOf(answered, answered);
    expect(headOnlyOf([...records, ...(once ? [once] : [])]).size).toBe(0);
  });
});

import { describe, expect, it } from 'vitest';
import { SideTally } from '../../harness/gate/epochs/side-tally.ts';
import { spanOwnTimesMs } from '../../harness/gate/epochs/span-hops.ts';
import type { FlatSpan } from '../../harness/telemetry/flat-span.ts';
import { leg, sample } from '../record/make-sample.ts';
import { makeSpan } from '../telemetry/make-span.ts';

const traceId = 'a'.repeat(32);
const span = (spanId: string, name: string, startMs: number, endMs: number, more: Partial<FlatSpan> = {}): FlatSpan =>
  makeSpan({ traceId, spanId, name, service: 'shop', startMs, endMs, ...more });
const inside = (parentSpanId: string): Partial<FlatSpan> => ({ parentSpanId });

describe('own times of spans', () => {
  it('are durations without those of the spans inside, added up by service and name', () => {
    const spans = [
      span('1', 'GET /', 1_000, 1_100),
      span('2', 'SELECT', 1_010, 1_030, { ...inside('1'), service: 'db' }),
      span('3', 'SELECT', 1_040, 1_045, { ...inside('1'), service: 'db' }),
      span('4', 'render', 1_050, 1_090, inside('1')),
      span('5', 'parse', 1_060, 1_070, inside('4')),
    ];
    const own = new Map([
      ['shop GET /', 35],
      ['db SELECT', 25],
      ['shop render', 30],
      ['shop parse', 10],
    ]);
    expect(spanOwnTimesMs(spans)).toEqual(own);
    expect(spanOwnTimesMs(spans.toReversed())).toEqual(own);
    // An exporter that tries again.
    expect(spanOwnTimesMs([...spans, ...spans])).toEqual(own);
  });

  it('what runs at the same time is taken off once, and only as far as it lies inside', () => {
    const spans = [
      span('1', 'GET /', 0, 100),
      span('2', 'one', 10, 60, inside('1')),
      span('3', 'two', 20, 50, inside('1')),
      span('4', 'three', 55, 70, inside('1')),
      span('5', 'afterwards', 90, 140, inside('1')),
    ];
    expect(spanOwnTimesMs(spans).get('shop GET /')).toBe(100 - 60 - 10);
    expect(spanOwnTimesMs(spans).get('shop afterwards')).toBe(50);
  });

  it('a span whose parent was not sent stands for itself', () => {
    expect(spanOwnTimesMs([span('2', 'SELECT', 10, 30, inside('missing'))])).toEqual(new Map([['shop SELECT', 20]]));
  });
});

describe('the hops of a side', () => {
  const ids = ['1', '2', '3'].map((digit) => digit.repeat(32));
  const spans = ids.flatMap((id, index) => [
    makeSpan({ traceId: id, spanId: `a${index}`, service: 'shop', name: 'GET /', startMs: 0, endMs: 10 + 10 * index }),
    makeSpan({ traceId: id, spanId: `b${index}`, parentSpanId: `a${index}`, service: 'db', name: 'SELECT', startMs: 2, endMs: 6 + 10 * index }),
  ]);
  const tallyOf = (keepsTraces: boolean, hops?: { hop: string; durationMs: number }[]): SideTally => {
    const tally = new SideTally({ keepsTraces });
    for (const [index, id] of ids.entries())
      tally.add(leg(), sample({ traceId: id, phase: index === 0 ? 'warm-up' : 'measured', ...(hops && { truth: { intendedMs: 1, hops } }) }));
    return tally;
  };
  const names = { scenario: 'test', operation: 'thing.read' };

  it('are those of the spans of its measured requests, where it tells none itself', () => {
    expect(tallyOf(true).hops(spans)).toEqual([
      { ...names, hop: 'shop GET /', n: 2, medianUs: 6_000, meanUs: 6_000 },
      { ...names, hop: 'db SELECT', n: 2, medianUs: 19_000, meanUs: 19_000 },
    ]);
  });

  it('are those that it tells with its answers, where it does; without spans there are none', () => {
    expect(tallyOf(true, [{ hop: 'store', durationMs: 5 }]).hops(spans)).toEqual([{ ...names, hop: 'store', n: 2, medianUs: 5_000, meanUs: 5_000 }]);
    expect(tallyOf(true).hops()).toEqual([]);
    expect(tallyOf(false).hops(spans)).toEqual([]);
  });
});

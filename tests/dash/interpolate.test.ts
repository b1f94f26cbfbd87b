import { describe, expect, test } from 'vitest';
import { rateIntervalMs, stepLookup, timeLookup } from '../../harness/dash/board/builtins.ts';
import { type Chosen, firstOf, interpolate, variableLookup } from '../../harness/dash/board/interpolate.ts';
import { durationMs, durationText, parseRange, parseTime, stepMs } from '../../harness/dash/board/time-range.ts';

const chosen = (name: string, values: string[], more: Partial<Chosen> = {}): Chosen => ({ name, values, texts: values, isList: false, isAll: false, ...more });

const variables = [
  chosen('run', ['20260101-sse.1a']),
  chosen('hop', ['edge', 'mesh'], { isList: true }),
  chosen('one', ['a.b'], { isList: true }),
  chosen('all', ['x', 'y'], { isList: true, isAll: true, texts: ['All'] }),
  chosen('any', ['x', 'y'], { isList: true, isAll: true, allValue: '.*', texts: ['All'] }),
  chosen('quote', ['say "hi" \\o/']),
  chosen('pathy', ['a/b', 'c+d'], { isList: true }),
];

describe('variables in PromQL', () => {
  test.each([
    ['x{run="$run"}', 'x{run="20260101-sse.1a"}'],
    ['x{hop=~"$hop"}', 'x{hop=~"(edge|mesh)"}'],
    ['x{one=~"${one}"}', 'x{one=~"a\\\\.b"}'],
    ['x{all=~"[[all]]"}', 'x{all=~"(x|y)"}'],
    ['x{any=~"$any"}', 'x{any=~".*"}'],
    ['x{q="$quote"}', 'x{q="say \\"hi\\" \\\\o/"}'],
    ['x{p=~"$pathy"}', 'x{p=~"(a/b|c\\\\+d)"}'],
    ['x{p=~"${pathy:regex}"}', 'x{p=~"(a\\/b|c\\+d)"}'],
    ['$nobody + $hopper', '$nobody + $hopper'],
  ])('%s', (text, expected) => {
    expect(interpolate(text, variableLookup(variables, 'promql'))).toBe(expected);
  });
});

describe('formats', () => {
  test.each([
    ['$hop', '{edge,mesh}'],
    ['${hop:pipe}', 'edge|mesh'],
    ['${hop:csv}', 'edge,mesh'],
    ['[[hop:raw]]', 'edge,mesh'],
    ['${hop:queryparam}', 'var-hop=edge&var-hop=mesh'],
    ['${all:queryparam}', 'var-all=%24__all'],
    ['${any:regex}', '.*'],
    ['${any:text} ${hop:text}', 'All edge + mesh'],
    ['${pathy:percentencode}', '%7Ba%2Fb%2Cc%2Bd%7D'],
    ['${hop:doublequote}', '"edge","mesh"'],
    ['${hop:json}', '["edge","mesh"]'],
  ])('%s', (text, expected) => {
    expect(interpolate(text, variableLookup(variables, 'glob'))).toBe(expected);
  });
});

test('the built-in names follow range, step and scrape interval', () => {
  const lookup = firstOf(timeLookup({ fromMs: 1_000_000, toMs: 1_900_000 }), stepLookup({ intervalMs: 2_000, scrapeMs: 1_000 }));
  expect(
    interpolate(
      '[$__rate_interval] $__interval $__interval_ms $__range $__range_s $__range_ms $__from ${__to} ${__from:date:iso} ${__to:date:seconds}',
      lookup,
    ),
  ).toBe('[4s] 2s 2000 900s 900 900000 1000000 1900000 1970-01-01T00:16:40.000Z 1900');
  expect(rateIntervalMs({ intervalMs: 15_000, scrapeMs: 1_000 })).toBe(16_000);
});

describe('times', () => {
  const now = Date.UTC(2026, 0, 2, 3, 4, 5);
  test.each([
    ['now', now],
    ['now-15m', now - 900_000],
    ['now+1h', now + 3_600_000],
    ['now/h', Date.UTC(2026, 0, 2, 3)],
    ['1700000000000', 1_700_000_000_000],
    ['2026-01-01T00:00:00Z', Date.UTC(2026, 0, 1)],
    ['yesterday', undefined],
    ['now-', undefined],
  ])('%s', (text, expected) => {
    expect(parseTime(text, now)).toBe(expected);
  });

  test('a range must go forward', () => {
    expect(parseRange({ from: 'now-1h', to: 'now' }, now)).toEqual({ fromMs: now - 3_600_000, toMs: now });
    expect(parseRange({ from: 'now', to: 'now-1h' }, now)).toBeUndefined();
    expect(parseRange({ from: 'x', to: 'now' }, now)).toBeUndefined();
  });

  test('durations are read and written', () => {
    expect(['500ms', '15s', '1m30s', '2h', '1d'].map(durationMs)).toEqual([500, 15_000, 90_000, 7_200_000, 86_400_000]);
    expect(durationMs('soon')).toBeUndefined();
    expect([500, 1_500, 15_000, 90_000, 7_200_000].map(durationText)).toEqual(['500ms', '1500ms', '15s', '90s', '2h']);
  });

  test('the step is rounded and never under the scrape interval', () => {
    const range = (seconds: number): { fromMs: number; toMs: number } => ({ fromMs: 0, toMs: seconds * 1_000 });
    expect(stepMs(range(60), 1_000, 1_000)).toBe(1_000);
    expect(stepMs(range(900), 600, 1_000)).toBe(2_000);
    expect(stepMs(range(3_600), 600, 1_000)).toBe(5_000);
    expect(stepMs(range(86_400), 600, 1_000)).toBe(120_000);
  });
});

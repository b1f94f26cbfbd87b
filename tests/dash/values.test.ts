import { describe, expect, test } from 'vitest';
import { cssColor, fieldColor, thresholdColor } from '../../harness/dash/board/colors.ts';
import { resolveField, showValue } from '../../harness/dash/board/field-config.ts';
import { parseFieldConfig } from '../../harness/dash/board/parse-field-config.ts';
import { reduce } from '../../harness/dash/board/reduce.ts';
import { formatValue, shownText } from '../../harness/dash/board/units.ts';

describe('units', () => {
  test.each<[number, string, number | undefined, string]>([
    [0.0123, 's', undefined, '12.3 ms'],
    [0.9999, 's', undefined, '1 s'],
    [0, 's', undefined, '0 s'],
    [0, 'ms', undefined, '0 ms'],
    [1_500, 'ms', undefined, '1.5 s'],
    [90, 's', undefined, '1.5 min'],
    [0.00002, 's', 0, '20 µs'],
    [-0.25, 's', undefined, '-250 ms'],
    [0.1234, 'percentunit', undefined, '12.3%'],
    [0.1234, 'percentunit', 2, '12.34%'],
    [99.5, 'percent', undefined, '99.5%'],
    [1_234, 'short', undefined, '1.23 K'],
    [999.9, 'short', undefined, '1 K'],
    [42, 'short', undefined, '42'],
    [1_536, 'bytes', undefined, '1.5 KiB'],
    [1_500_000, 'decbytes', undefined, '1.5 MB'],
    [2_048, 'binBps', undefined, '2 KiB/s'],
    [12.34, 'reqps', undefined, '12.3 req/s'],
    [12_345, 'reqps', undefined, '12.3 k req/s'],
    [12_345, 'none', undefined, '12,345'],
    [3, 'suffix:runs', undefined, '3 runs'],
    [3, 'prefix:n=', undefined, 'n=3'],
    [1_500, 'si:W', undefined, '1.5 kW'],
    [5, 'parsecs', undefined, '5 parsecs'],
    [0.000123, '', undefined, '0.000123'],
    [Number.POSITIVE_INFINITY, 's', undefined, '∞'],
    [3_725, 'dthms', undefined, '01:02:05'],
    [1, 'bool_yes_no', undefined, 'Yes'],
  ])('%d %s (%s)', (value, unit, decimals, expected) => {
    expect(shownText(formatValue(value, unit, decimals))).toBe(expected);
  });
});

describe('one value for a series', () => {
  const values = [null, 4, 1, null, 7, null];
  test.each<[string, number | null]>([
    ['lastNotNull', 7],
    ['last', null],
    ['firstNotNull', 4],
    ['first', null],
    ['min', 1],
    ['max', 7],
    ['sum', 12],
    ['mean', 4],
    ['median', 4],
    ['count', 6],
    ['range', 6],
    ['diff', 3],
    ['delta', 7],
    ['p95', 6.7],
  ])('%s', (calc, expected) => {
    const got = reduce(values, calc);
    if (expected === null) expect(got).toBeNull();
    else expect(got).toBeCloseTo(expected, 9);
  });
  test('of nothing', () => {
    expect(['lastNotNull', 'sum', 'mean', 'max', 'delta', 'p50'].map((calc) => reduce([null], calc))).toEqual([null, null, null, null, null, null]);
  });
});

const source = parseFieldConfig({
  defaults: {
    unit: 's',
    color: { mode: 'thresholds' },
    thresholds: {
      mode: 'absolute',
      steps: [
        { value: null, color: 'green' },
        { value: 0.7, color: 'red' },
      ],
    },
    mappings: [
      { type: 'value', options: { '0': { text: 'never', color: 'blue' } } },
      { type: 'range', options: { from: 100, to: null, result: { text: 'for ever' } } },
      { type: 'regex', options: { pattern: '^x', result: { text: 'an x' } } },
      { type: 'special', options: { match: 'null', result: { text: 'nothing' } } },
    ],
    custom: { lineWidth: 2 },
  },
  overrides: [
    {
      matcher: { id: 'byName', options: 'p95' },
      properties: [
        { id: 'color', value: { mode: 'fixed', fixedColor: '#123456' } },
        { id: 'custom.lineWidth', value: 1 },
      ],
    },
    { matcher: { id: 'byRegexp', options: '/^p9/' }, properties: [{ id: 'custom.axisPlacement', value: 'right' }] },
    {
      matcher: { id: 'byFrameRefID', options: 'B' },
      properties: [
        { id: 'unit', value: 'reqps' },
        { id: 'decimals', value: 0 },
      ],
    },
    { matcher: { id: 'byType', options: 'string' }, properties: [{ id: 'displayName', value: 'text' }] },
  ],
});

test('overrides by name, pattern, query and type, the later over the earlier', () => {
  const p95 = resolveField(source, { name: 'p95', refId: 'A', type: 'number' });
  expect([p95.unit, p95.color?.fixedColor, p95.custom]).toEqual(['s', '#123456', { lineWidth: 1, axisPlacement: 'right' }]);
  const other = resolveField(source, { name: 'p50', refId: 'B', type: 'number' });
  expect([other.unit, other.decimals, other.color?.mode, other.custom]).toEqual(['reqps', 0, 'thresholds', { lineWidth: 2 }]);
  expect(resolveField(source, { name: 'x', refId: 'A', type: 'string' }).displayName).toBe('text');
  expect(source.defaults.custom).toEqual({ lineWidth: 2 });
});

test('values are mapped before they get a unit', () => {
  expect([0, 0.5, 200, null, 'xy', 'y'].map((value) => shownText(showValue(source.defaults, value)))).toEqual([
    'never',
    '500 ms',
    'for ever',
    'nothing',
    'an x',
    'y',
  ]);
  expect(showValue(source.defaults, 0).color).toBe('blue');
  expect(showValue({ custom: {}, noValue: 'none yet' }, null).text).toBe('none yet');
});

test('thresholds decide from their value on; percentages between min and max', () => {
  expect([0, 0.69, 0.7, null].map((value) => thresholdColor(source.defaults, value))).toEqual(['green', 'green', 'red', 'green']);
  const share = parseFieldConfig({
    defaults: {
      min: 0,
      max: 10,
      thresholds: {
        mode: 'percentage',
        steps: [
          { color: 'green', value: null },
          { color: 'orange', value: 80 },
        ],
      },
    },
  });
  expect([7, 8].map((value) => thresholdColor(share.defaults, value))).toEqual(['green', 'orange']);
});

test('colours: hexadecimal as it is, names by theme, thresholds by value', () => {
  expect([cssColor('#abc', 'dark'), cssColor('red', 'dark'), cssColor('semi-dark-red', 'dark'), cssColor('transparent', 'light')]).toEqual([
    '#abc',
    '#f2495c',
    '#e02f44',
    'transparent',
  ]);
  expect(cssColor('red', 'light')).not.toBe(cssColor('red', 'dark'));
  const at = { index: 0, name: 'p50', value: 0.9 };
  expect(fieldColor(source.defaults, at, 'dark')).toBe(cssColor('red', 'dark'));
});

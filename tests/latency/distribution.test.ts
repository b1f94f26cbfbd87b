import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { build, encodeIntoCompressedBase64 } from 'hdr-histogram-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cumulative, type Distribution, normalQuantile } from '../../reference-server/latency/distribution.ts';
import { distributionOf } from '../../reference-server/latency/distribution-grammar.ts';
import { ProfileError } from '../../reference-server/latency/faults.ts';
import { keyedRandom } from '../../scenarios/random.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'plumbline-latency-'));
});
afterAll(() => rmSync(folder, { recursive: true }));
const readFile = (path: string): string => readFileSync(join(folder, path), 'utf8');

/** Kolmogorov-Smirnov distance of draws from the declared law, times sqrt(n). Above 1.95 one sound sample in a thousand would be. */
function ksStatistic(drawn: Distribution, declared: Distribution, draws = 10_000): number {
  const values = Array.from({ length: draws }, (_, i) => drawn.sample(keyedRandom('ks', i)())).sort((a, b) => a - b);
  let distance = 0;
  values.forEach((value, i) => {
    const share = cumulative(declared, value);
    distance = Math.max(distance, share - i / draws, (i + 1) / draws - share);
  });
  return distance * Math.sqrt(draws);
}

const metadata = { p0: '50ms', p50: '85ms', p95: '135ms', p100: '150ms' };
const continuous: Record<string, unknown> = {
  table: metadata,
  uniform: { uniform: { min: 10, max: '0.2s' } },
  lognormal: { lognormal: { p50: '85ms', p99: '300ms' } },
  mixture: {
    mixture: [
      { weight: 3, of: metadata },
      { weight: 1, of: { uniform: { min: '100ms', max: '400ms' } } },
      { weight: 0, of: { uniform: { min: 0, max: '9s' } } },
    ],
  },
  scaled: { scaled: { by: 0.1, of: metadata } },
};

describe('quantile table', () => {
  test('is exact at its knots and stays inside its ends', () => {
    const table = distributionOf(metadata);
    expect([0, 0.5, 0.95, 1].map((u) => table.quantile(u))).toEqual([50, 85, 135, 150]);
    expect([-1, 2].map((u) => table.quantile(u))).toEqual([50, 150]);
  });

  test('two knots are a straight line; flat parts stay flat', () => {
    expect(distributionOf({ p0: 10, p100: 20 }).quantile(0.25)).toBeCloseTo(12.5, 12);
    const flat = distributionOf({ p0: 5, p40: 5, p60: 9, p100: 9 });
    expect([0.1, 0.39, 0.61, 0.9].map((u) => flat.quantile(u))).toEqual([5, 5, 9, 9]);
  });

  test('never falls between knots, whatever they are', () => {
    const steps = fc.array(
      fc.tuple(
        fc.integer({ min: 1, max: 99 }),
        fc.integer({ min: 0, max: 10_000_000 }).map((us) => us / 1000),
      ),
      { maxLength: 8 },
    );
    fc.assert(
      fc.property(steps, fc.integer({ min: 0, max: 100 }), (given, start) => {
        const percents = [...new Set([0, 100, ...given.map(([percent]) => percent)])].sort((a, b) => a - b);
        let value = start;
        const raw: Record<string, number> = {};
        percents.forEach((percent, i) => {
          value += given[i % Math.max(given.length, 1)]?.[1] ?? 1;
          raw[`p${percent}`] = value;
        });
        const table = distributionOf(raw);
        let last = 0;
        for (let i = 0; i <= 1000; i += 1) {
          const next = table.quantile(i / 1000);
          // A rounding error in the last place is no fall.
          expect(next).toBeGreaterThanOrEqual(last * (1 - 1e-12));
          last = next;
        }
        for (const percent of percents) expect(table.quantile(percent / 100)).toBe(raw[`p${percent}`]);
      }),
      { numRuns: 60 },
    );
  });
});

describe('draws against their declaration (Kolmogorov-Smirnov)', () => {
  test.each(Object.entries(continuous))('%s', (_, raw) => {
    const distribution = distributionOf(raw);
    expect(ksStatistic(distribution, distribution)).toBeLessThan(1.95);
  });

  test('the test itself tells a law that is 5% off', () => {
    expect(ksStatistic(distributionOf({ scaled: { by: 1.05, of: metadata } }), distributionOf(metadata))).toBeGreaterThan(1.95);
    expect(ksStatistic(distributionOf({ lognormal: { p50: 85, p99: 270 } }), distributionOf({ lognormal: { p50: 85, p99: 330 } }))).toBeGreaterThan(1.95);
  });

  test('recorded values: draws follow them', () => {
    const values = Array.from({ length: 400 }, (_, i) => 20 + ((i * 7919) % 400));
    writeFileSync(join(folder, 'values.txt'), `# recorded\n${values.join('\n')}\n`);
    const recorded = distributionOf({ empirical: { file: 'values.txt' } }, 'ms', readFile);
    expect([0, 0.5, 1].map((u) => recorded.quantile(u))).toEqual([20, 219.5, 419]);
    expect(ksStatistic(recorded, recorded)).toBeLessThan(1.95);
    expect(ksStatistic(recorded, distributionOf({ uniform: { min: 20, max: 419 } }))).toBeLessThan(1.95);
  });
});

describe('known values', () => {
  test.each([
    [0.5, 0],
    [0.975, 1.959963985],
    [0.99, 2.326347874],
    [0.999, 3.090232306],
    [0.001, -3.090232306],
    [0.01, -2.326347874],
  ])('normal quantile of %d', (u, z) => {
    expect(normalQuantile(u)).toBeCloseTo(z, 7);
  });

  test('lognormal passes through its two quantiles, and a max cuts it', () => {
    const open = distributionOf({ lognormal: { p50: '85ms', p99: '300ms' } });
    expect(open.quantile(0.5)).toBeCloseTo(85, 6);
    expect(open.quantile(0.99)).toBeCloseTo(300, 6);
    expect(open.quantile(1)).toBe(Number.POSITIVE_INFINITY);
    const cut = distributionOf({ lognormal: { p50: '85ms', p99: '300ms', max: '350ms' } });
    expect([0.9999, 1].map((u) => cut.quantile(u))).toEqual([350, 350]);
  });

  test('the quantile function of a mixture: half at 10, half at 20 to 40', () => {
    const mixed = distributionOf({
      mixture: [
        { weight: 1, of: 10 },
        { weight: 1, of: { uniform: { min: 20, max: 40 } } },
      ],
    });
    expect(mixed.quantile(0.25)).toBeCloseTo(10, 4);
    expect(mixed.quantile(0.75)).toBeCloseTo(30, 4);
    expect([mixed.quantile(0), mixed.quantile(1)]).toEqual([10, 40]);
  });

  test.each([
    ['50ms', 50],
    ['1.2s', 1200],
    ['250us', 0.25],
    [7, 7],
    ['0ms', 0],
    ['.5 s', 500],
  ])('%s is %d ms', (raw, ms) => {
    expect(distributionOf(raw).quantile(0.3)).toBe(ms);
  });

  test('a recorded run: histograms of its legs are merged and read back in milliseconds', () => {
    const leg = (from: number): unknown => {
      const histogram = build({ highestTrackableValue: 60_000_000, numberOfSignificantValueDigits: 3 });
      for (let us = from; us < from + 100_000; us += 100) histogram.recordValue(us);
      return { operations: [{ operation: 'chat.conversations.list', metrics: { serviceTime: { histogram: encodeIntoCompressedBase64(histogram) } } }] };
    };
    writeFileSync(join(folder, 'run.json'), JSON.stringify({ schema: 'plumbline.run/1', legs: [leg(100_000), leg(200_000)] }));
    const cloned = distributionOf({ empirical: { file: 'run.json', operation: 'chat.conversations.list' } }, 'ms', readFile);
    for (const [u, ms] of [
      [0, 100],
      [0.25, 150],
      [0.5, 200],
      [0.75, 250],
      [1, 300],
    ] as const)
      expect(Math.abs(cloned.quantile(u) - ms)).toBeLessThan(0.5);
    expect(faultsOf({ empirical: { file: 'run.json', operation: 'chat.conversations.lst' } })).toEqual([
      ['empirical.operation', expect.stringContaining('did you mean "chat.conversations.list"')],
    ]);
    expect(faultsOf({ empirical: { file: 'run.json', operation: 'chat.conversations.list', metric: 'ttft' } })).toEqual([
      ['empirical.metric', expect.stringContaining('recorded no "ttft"')],
    ]);
  });

  test('a JSON file with a quantile table', () => {
    writeFileSync(join(folder, 'table.json'), '{"p0": "50ms", "p50": 85, "p100": 150}');
    expect(distributionOf({ empirical: { file: 'table.json' } }, 'ms', readFile).quantile(0.5)).toBe(85);
  });
});

function faultsOf(raw: unknown, unit: 'ms' | 'count' = 'ms'): [string, string][] {
  try {
    distributionOf(raw, unit, readFile);
  } catch (error) {
    if (error instanceof ProfileError) return error.faults.map((fault) => [fault.path, fault.message]);
    throw error;
  }
  return [];
}

describe('faults', () => {
  test.each<[unknown, string, string]>([
    ['50 parsecs', '', 'expected a duration'],
    [-1, '', 'expected a duration'],
    [null, '', 'expected a value (constant)'],
    [{ p50: 85, p100: 90 }, 'p0', 'missing'],
    [{ p0: 10, p50: 5, p100: 20 }, 'p50', 'quantiles do not fall'],
    [{ p0: 1, p120: 5, p100: 20 }, 'p120', 'is no quantile'],
    [{ p0: 1, p100: 20, median: 4 }, 'median', 'unknown quantile'],
    [{ lognorm: { p50: 1, p99: 2 } }, '', 'did you mean "lognormal"'],
    [{ uniform: { min: 5, max: 1 } }, 'uniform', 'swap them'],
    [{ uniform: { min: 5, maxx: 1 } }, 'uniform.maxx', 'did you mean "max"'],
    [{ lognormal: { p50: 0, p99: 2 } }, 'lognormal.p50', 'has no zero'],
    [{ lognormal: { p50: 5, p99: 2 } }, 'lognormal.p99', 'at least p50'],
    [{ mixture: [{ weight: 0, of: 1 }] }, 'mixture', 'every weight is 0'],
    [{ mixture: [{ weight: 1, of: 'x' }] }, 'mixture.0.of', 'expected a duration'],
    [{ empirical: { file: 'absent.txt' } }, 'empirical.file', 'cannot read "absent.txt"'],
    [{ scaled: { by: -1, of: 3 } }, 'scaled.by', 'expected a factor'],
  ])('%j', (raw, path, message) => {
    expect(faultsOf(raw)).toContainEqual([path, expect.stringContaining(message)]);
  });

  test('a count takes no unit', () => {
    expect(faultsOf('36ms', 'count')).toEqual([['', expect.stringContaining('without a unit')]]);
  });

  test('a file is refused where the profile did not come from one', () => {
    expect(() => distributionOf({ empirical: { file: 'values.txt' } })).toThrow(/did not come from a file/);
  });
});

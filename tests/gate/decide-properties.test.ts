import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decide } from '../../harness/gate/decide.ts';
import { harrellDavis } from '../../harness/gate/statistics/harrell-davis.ts';
import type { Decision, MetricEpochs } from '../../harness/gate/types.ts';

/** Eight epochs of two samples each, of which the metrics are made as a gate makes them. */
type Epoch = readonly [base: number[], head: number[]];

const sample = fc.array(fc.double({ min: 1, max: 500, noNaN: true }), { minLength: 5, maxLength: 40 });
const epochsArbitrary: fc.Arbitrary<Epoch[]> = fc.array(fc.tuple(sample, sample), { minLength: 8, maxLength: 8 });

function metricOf(epochs: readonly Epoch[], quantile: number, floorMs: number): MetricEpochs {
  const of = (values: number[]): number => harrellDavis(Float64Array.from(values).sort(), quantile);
  const baseMs = epochs.map(([base]) => of(base));
  const headMs = epochs.map(([, head]) => of(head));
  return {
    id: `p${quantile}`,
    scenario: 'crud',
    scope: { kind: 'all' },
    measure: 'latency',
    quantile,
    margin: 0.05,
    floorMs,
    effects: baseMs.map((base, epoch) => Math.log((headMs[epoch] ?? Number.NaN) / base)),
    baseMs,
    headMs,
    samplesEach: 20,
  };
}

function decideOn(epochs: readonly Epoch[], floorMs = 0.3): Decision {
  return decide({ metrics: [metricOf(epochs, 0.5, floorMs), metricOf(epochs, 0.95, floorMs)], errors: [], seed: 1 }, { epochs: 8, look: 1 });
}

/** Figures to nine digits: sums in another order differ in the last ones. */
function figures({ verdict, metrics }: Decision): unknown {
  const round = (value = Number.NaN): number => (Math.abs(value) < 1e-9 ? 0 : Number(value.toPrecision(9)));
  return {
    verdict,
    metrics: metrics.map(({ verdict: own, change, changeLow, changeHigh, p, pHolm }) => ({
      own,
      figures: [change, changeLow, changeHigh, p, pHolm].map(round),
    })),
  };
}

describe('decide, for any samples', () => {
  test('scaling all times, and the floor with them, changes nothing', () => {
    fc.assert(
      fc.property(epochsArbitrary, fc.integer({ min: -6, max: 6 }), (epochs, power) => {
        // Powers of two: no rounding, so that equal means equal.
        const scale = 2 ** power;
        const scaled = epochs.map(([base, head]): Epoch => [base.map((ms) => ms * scale), head.map((ms) => ms * scale)]);
        expect(figures(decideOn(scaled, 0.3 * scale))).toEqual(figures(decideOn(epochs)));
      }),
      { numRuns: 60 },
    );
  });

  test('swapping the sides flips the sign of every effect, and its bounds trade places', () => {
    fc.assert(
      fc.property(epochsArbitrary, (epochs) => {
        const there = decideOn(epochs).metrics;
        const back = decideOn(epochs.map(([base, head]): Epoch => [head, base])).metrics;
        for (const [index, metric] of there.entries()) {
          const other = back[index];
          expect(Math.log1p(other?.change ?? 0)).toBeCloseTo(-Math.log1p(metric.change), 9);
          expect(Math.log1p(other?.changeHigh ?? 0)).toBeCloseTo(-Math.log1p(metric.changeLow), 9);
          expect(Math.log1p(other?.changeLow ?? 0)).toBeCloseTo(-Math.log1p(metric.changeHigh), 9);
          if (metric.change !== 0) expect((other?.p ?? 0) + (metric.p ?? 0)).toBeCloseTo(1, 9);
        }
      }),
      { numRuns: 60 },
    );
  });

  test('the order of the epochs changes nothing', () => {
    const shuffled = epochsArbitrary.chain((epochs) => fc.tuple(fc.constant(epochs), fc.shuffledSubarray(epochs, { minLength: 8, maxLength: 8 })));
    fc.assert(
      fc.property(shuffled, ([epochs, others]) => {
        expect(figures(decideOn(others))).toEqual(figures(decideOn(epochs)));
      }),
      { numRuns: 60 },
    );
  });

  test('a slower head is never nearer to a pass: more on every head value raises every bound', () => {
    fc.assert(
      fc.property(epochsArbitrary, fc.double({ min: 1.01, max: 3, noNaN: true }), (epochs, factor) => {
        const before = decideOn(epochs).metrics;
        const after = decideOn(epochs.map(([base, head]): Epoch => [base, head.map((ms) => ms * factor)])).metrics;
        for (const [index, metric] of before.entries()) expect(after[index]?.changeHigh).toBeGreaterThan(metric.changeHigh);
      }),
      { numRuns: 60 },
    );
  });
});

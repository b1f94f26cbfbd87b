import { describe, expect, test } from 'vitest';
import { planFromPilot, type PilotOptions } from '../../harness/gate/pilot.ts';
import { pilotSpreads } from '../../harness/gate/pilot-spreads.ts';
import type { MetricEpochs } from '../../harness/gate/types.ts';
import { noisy, quiet, simulatedMetrics, wild } from './simulated-gate.ts';

/** Four epochs of base against base. */
function pilotOf(world: Parameters<typeof simulatedMetrics>[0]): MetricEpochs[] {
  return simulatedMetrics(world).metrics.map((metric) => ({ ...metric, effects: metric.effects.slice(0, 4) }));
}

/** d with that standard deviation: 1, -1, 1, -1 has sqrt(4/3). */
function metric(id: string, spread: number, more: Partial<MetricEpochs> = {}): MetricEpochs {
  const level = [80, 80, 80, 80];
  const effects = [1, -1, 1, -1].map((sign) => sign * spread * Math.sqrt(3 / 4));
  const plain = { scenario: 'crud', scope: { kind: 'operation', name: id }, measure: 'latency', quantile: 0.5, margin: 0.05, floorMs: 0.3 } as const;
  return { id, ...plain, effects, baseMs: level, headMs: level, samplesEach: 200, ...more };
}

const keyed: PilotOptions = { draws: 'keyed', samplesEach: 200, epochSeconds: () => 30 };
const independent: PilotOptions = { draws: 'independent', samplesEach: 800, epochSeconds: (samplesEach) => samplesEach / 20 };

describe('planFromPilot', () => {
  test('keyed draws on a quiet machine: the first look, 8 epochs of 30 s, and 16 minutes at the longest', () => {
    const plan = planFromPilot(pilotOf({ draws: 'keyed', samplesEach: 200, machine: quiet }), keyed);
    expect(plan).toMatchObject({ samplesEach: 200, epochs: 8, expectedMinutes: 4, longestMinutes: 16, fits: true });
    expect(plan.metrics.length).toBe(80);
    expect(plan.metrics.every(({ failsOnly, epochsNeeded }) => failsOnly === undefined && epochsNeeded === 8)).toBe(true);
  });

  test('independent draws: 16 epochs at 800 samples, 8 at 1,600, as simulated gates need them', () => {
    const pilot = pilotOf({ draws: 'independent', samplesEach: 800, machine: quiet });
    expect(planFromPilot(pilot, { ...independent, samplesToChooseFrom: [800] })).toMatchObject({ samplesEach: 800, epochs: 16 });
    const twice = pilotOf({ draws: 'independent', samplesEach: 1600, machine: quiet });
    expect(planFromPilot(twice, { ...independent, samplesEach: 1600, samplesToChooseFrom: [1600] })).toMatchObject({ samplesEach: 1600, epochs: 8 });
  });

  test('of two numbers of samples that do, the quicker one', () => {
    const pilot = [metric('a', 0.0285)];
    // One metric passes in nine of ten when t(0.0125) + z(0.1) = 2.84 + 1.28 standard errors are under ln(1.05): at 8 epochs 0.0415, at 16 0.0269.
    expect(planFromPilot(pilot, { ...independent, epochSeconds: () => 60 })).toMatchObject({ samplesEach: 800, epochs: 8, expectedMinutes: 8 });
    expect(planFromPilot([metric('a', 0.04)], { ...independent, epochSeconds: (n) => n / 20 })).toMatchObject({
      samplesEach: 800,
      epochs: 16,
      expectedMinutes: 32 / 3,
    });
    expect(planFromPilot([metric('a', 0.04)], { ...independent, epochSeconds: (n) => 30 + n / 80 })).toMatchObject({
      samplesEach: 1600,
      epochs: 8,
      metrics: [{ spread: expect.closeTo(0.04 / Math.sqrt(2), 10) }],
    });
  });

  test('independent draws: as many samples as it takes, up to 1,600, in the time there is', () => {
    const short: PilotOptions = { draws: 'independent', samplesEach: 200, epochSeconds: (samplesEach) => samplesEach / 20 };
    // 0.17 at 200 samples is 0.0601 at 1,600: under ln(1.05) / (2.36 + 2.05) * sqrt(32) = 0.0626, so that 98 of 100 pass; 0.085 at 800 is above it.
    const wide = [metric('a', 0.17)];
    expect(planFromPilot(wide, short)).toMatchObject({ samplesEach: 1600, epochs: 24, metrics: [{ epochsNeeded: 24 }] });
    expect(planFromPilot(wide, { ...short, draws: 'keyed' })).toMatchObject({ samplesEach: 200, metrics: [{ failsOnly: expect.any(String) }] });
    // The first look at 1,600 is after 10.7 minutes: what does not fit is not chosen, however much it would see.
    expect(planFromPilot(wide, { ...short, maxMinutes: 8 })).toMatchObject({ samplesEach: 200, fits: true });
    expect(planFromPilot(wide, { ...short, mostSamples: 1_599 })).toMatchObject({ samplesEach: 200 });
    // Nobody said how long: 32 epochs of 320 s are no gate to begin unasked.
    expect(planFromPilot(wide, { ...short, epochSeconds: (samplesEach) => samplesEach / 5 })).toMatchObject({ samplesEach: 200 });
  });

  test('what no look can resolve is demoted, with the change it could see; the others decide', () => {
    const plan = planFromPilot([metric('quiet', 0.005), metric('restless', 0.2)], keyed);
    expect(plan.epochs).toBe(8);
    const [calm, restless] = plan.metrics;
    expect(restless?.spread).toBeCloseTo(0.2, 10);
    // scipy.stats: (t.isf(0.005 / 2, 31) + t.isf(0.2, 31)) * spread / sqrt(32).
    expect(restless?.detectableChange).toBeCloseTo(Math.expm1(((3.0221 + 0.8534) * 0.2) / Math.sqrt(32)), 4);
    expect(restless?.failsOnly).toMatch(/^it varies by 20% from epoch to epoch without a change: too much to rule out 5% in 32 epochs, which could see 15%$/);
    expect(calm?.spread).toBeCloseTo(0.005, 10);
    expect(calm).not.toHaveProperty('failsOnly');
  });

  test('a metric that would pass at the last look in nine of ten, but not in 98 of a hundred, is demoted', () => {
    // As above, keyed: 98 of 100 after 32 epochs up to 0.0626, nine of ten after 24 up to 0.0650.
    const [under, above] = [0.062, 0.064].map((spread) => planFromPilot([metric('a', spread)], keyed).metrics[0]);
    expect(under).not.toHaveProperty('failsOnly');
    expect(above?.failsOnly).toContain('in 32 epochs');
    expect(above).toMatchObject({ epochsNeeded: 24 });
  });

  test('among many alike one wide metric is demoted and the others are not', () => {
    const alike = Array.from({ length: 39 }, (_, index) => metric(`a${index}`, 0.005 * 1.03 ** index));
    const plan = planFromPilot([...alike, metric('restless', 0.5)], keyed);
    expect(plan.metrics.filter(({ failsOnly }) => failsOnly !== undefined).map(({ id }) => id)).toEqual(['restless']);
    expect(plan.epochs).toBe(8);
  });

  test('spreads are drawn towards their like, the more so the less these differ', () => {
    const spreadsOf = (own: number[]): number[] => pilotSpreads(own.map((spread, index) => metric(`a${index}`, spread))).map(({ spread }) => spread);
    // With NumPy and scipy.special.polygamma: the logarithms' variance beyond polygamma(1, 3 / 2) is 0.499, which is 4 epochs' worth of the usual.
    const moderated = [0.016364770523466386, 0.019909222557828392, 0.01792699480830914, 0.03305761204754079, 0.0169311209653365, 0.027385188906205695];
    for (const [index, spread] of spreadsOf([0.01, 0.02, 0.015, 0.045, 0.012, 0.035]).entries()) expect(spread).toBeCloseTo(moderated[index] ?? 0, 12);
    // No difference at all: 12 epochs of the usual, whose variance is 1 / (1 - 2 / 27)^3 of the median, beside 3 of its own.
    for (const spread of spreadsOf([0.02, 0.02, 0.02])) expect(spread).toBeCloseTo(0.02 * Math.sqrt((3 + 12 / (25 / 27) ** 3) / 15), 12);
  });

  test('too little time: fewer looks, more demoted; less than the first look does not fit', () => {
    const pilot = [metric('a', 0.04)];
    const [a] = planFromPilot(pilot, { ...keyed, maxMinutes: 16 }).metrics;
    expect(a).toMatchObject({ epochsNeeded: 16 });
    const short = planFromPilot(pilot, { ...keyed, maxMinutes: 7.9 });
    expect(short).toMatchObject({ fits: true, longestMinutes: 4 });
    expect(short.metrics[0]?.failsOnly).toContain('in 8 epochs');
    expect(planFromPilot(pilot, { ...keyed, maxMinutes: 3.9 })).toMatchObject({ fits: false, epochs: 8, expectedMinutes: 4 });
  });

  test('a machine too restless for anything demotes all of it; a noisy one needs most looks', () => {
    const restless = planFromPilot(pilotOf({ draws: 'keyed', samplesEach: 200, machine: wild }), keyed);
    expect(restless.metrics.every(({ failsOnly }) => failsOnly !== undefined)).toBe(true);
    const some = planFromPilot(pilotOf({ draws: 'keyed', samplesEach: 200, machine: noisy }), keyed);
    expect(some.epochs).toBeGreaterThanOrEqual(24);
  });

  test('metrics that are advisory already have no part in it, and one epoch is no pilot', () => {
    expect(planFromPilot([metric('a', 0.005), metric('b', 0.5, { advisory: 'a URL' })], keyed).metrics.map(({ id }) => id)).toEqual(['a']);
    expect(() => planFromPilot([metric('a', 0.005, { effects: [0.1] })], keyed)).toThrow('metric a has 1 pilot epochs with a value: expected at least 2');
  });
});

import { build } from 'hdr-histogram-js';
import { describe, expect, it } from 'vitest';
import { drawRequest } from '../../reference-server/latency/draw.ts';
import { loadProfile } from '../../reference-server/latency/profile.ts';
import { BucketHistogram } from '../../scenarios/bucket-histogram.ts';
import { coarseBuckets, latencyBuckets } from '../../scenarios/buckets.ts';
import { operations } from '../../scenarios/operations.ts';
import type { LatencyClass } from '../../scenarios/types.ts';
import { bucketsOf, histogramQuantile, metricLines } from './metric-lines.ts';

const classes: readonly LatencyClass[] = ['static', 'metadata', 'crud', 'completion'];
const drawsOfOperation = 2_000;
const quantiles = [0.5, 0.9, 0.95, 0.99];
/** prom-client's and everybody's. */
const usualBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Milliseconds of a class, or of one operation: what the observed profile draws. */
function drawsMs(of: LatencyClass | string): number[] {
  const profile = loadProfile('observed');
  return operations
    .filter(({ name, latencyClass }) => name === of || latencyClass === of)
    .flatMap((operation) => Array.from({ length: drawsOfOperation }, (_, index) => drawRequest(profile, operation, `key-${index}`).totalMs));
}

/** Of each quantile: what Prometheus shows over what an HDR histogram of the same values has. */
function shownOverTrue(valuesMs: readonly number[], buckets: readonly number[]): number[] {
  const hdr = build({ lowestDiscernibleValue: 1, highestTrackableValue: 60_000_000, numberOfSignificantValueDigits: 3 });
  const family = new BucketHistogram({ name: 'x_seconds', help: 'X.', labels: [], buckets });
  for (const ms of valuesMs) {
    hdr.recordValue(Math.round(ms * 1_000));
    family.series().observe(ms / 1_000);
  }
  const found = bucketsOf(metricLines([...family.blocks('prometheus')].join('')), 'x_seconds', {});
  return quantiles.map((q) => (histogramQuantile(q, found) * 1e6) / hdr.getValueAtPercentile(q * 100));
}

describe('the buckets', () => {
  it('go up from 1 ms to 30 s, and have every objective of the analysis as a boundary, the coarse ones too', () => {
    expect(latencyBuckets[0]).toBe(0.001);
    expect(latencyBuckets.at(-1)).toBe(30);
    for (const buckets of [latencyBuckets, coarseBuckets]) {
      expect([...buckets].sort((a, b) => a - b)).toEqual(buckets);
      expect(buckets).toEqual(expect.arrayContaining([0.15, 0.7, 1, 5]));
    }
  });

  it.each([
    ['static', 0.003, 0.06],
    ['metadata', 0.05, 0.15],
    ['crud', 0.2, 0.7],
    ['completion', 1, 5],
  ])('step by at most 15% across the range of %s', (_name, from, to) => {
    const steps = latencyBuckets.flatMap((bound, index) => {
      const before = latencyBuckets[index - 1];
      return before !== undefined && bound > from && before < to ? [bound / before] : [];
    });
    expect(steps.length).toBeGreaterThan(7);
    expect(Math.max(...steps)).toBeLessThanOrEqual(1.15);
  });

  it.each([...classes, 'settings.features.read'])('show the quantiles of %s within 10% of their true value', (of) => {
    for (const ratio of shownOverTrue(drawsMs(of), latencyBuckets)) expect(Math.abs(ratio - 1)).toBeLessThan(0.1);
  });

  it('show the quantiles of values that all lie at one place within 15%, the worst there is', () => {
    for (const ms of [50.1, 97.5, 135.01, 200, 640.5, 1_401, 4_460]) {
      for (const ratio of shownOverTrue(new Array<number>(1_000).fill(ms), latencyBuckets)) expect(Math.abs(ratio - 1)).toBeLessThan(0.15);
    }
  });

  it('are needed: the usual ones show a p95 of 135 ms as over 200', () => {
    const ratio = shownOverTrue(drawsMs('account.read'), usualBuckets)[quantiles.indexOf(0.95)] as number;
    expect(ratio * 135).toBeGreaterThan(200);
  });
});

it('histogram_quantile is as Prometheus documents it', () => {
  const buckets = [
    [1, 10],
    [2, 30],
    [4, 40],
    [Number.POSITIVE_INFINITY, 50],
  ] as const;
  expect(histogramQuantile(0.1, buckets)).toBe(0.5);
  expect(histogramQuantile(0.5, buckets)).toBe(1.75);
  expect(histogramQuantile(0.7, buckets)).toBe(3);
  expect(histogramQuantile(0.95, buckets)).toBe(4);
});

import { expect, test } from 'vitest';
import type { AnySample } from '../../harness/sample.ts';
import type { Scenario } from '../../scenarios/types.ts';
import { journeySample, measurementOf, request, scenario } from './make-sample.ts';

const twoSteps: Scenario = scenario({
  journeys: [
    {
      name: 'page',
      steps: [
        { id: 'document', operation: 'document', method: 'GET', path: '/' },
        { id: 'script', operation: 'script', method: 'GET', path: '/script' },
      ],
      milestones: { load: ['script'] },
    },
  ],
});

/** Journey i takes 100 + i ms. */
function* pages(count: number): Generator<AnySample> {
  for (let i = 0; i < count; i += 1) {
    const atMs = i * 10;
    yield request(atMs, 40, { journeyId: i, journey: 'page', step: 'document', operation: 'document' });
    yield request(atMs + 40, 60 + i, { journeyId: i, journey: 'page', step: 'script', operation: 'script', parentStep: 'document' });
    yield journeySample({
      journeyId: i,
      journey: 'page',
      intendedAtMs: atMs,
      endedAtMs: atMs + 100 + i,
      milestonesMs: { load: 100 + i },
      requests: 2,
      connections: 1,
    });
  }
}

test('durations, milestones and requests of journeys', () => {
  const { journeys } = measurementOf(pages(101), { leg: { scenario: twoSteps } });
  expect(journeys).toHaveLength(1);
  expect(journeys[0]).toMatchObject({
    journey: 'page',
    counts: { ok: 101, failed: 0 },
    requestsPerJourney: 2,
    connectionsPerJourney: 1,
    duration: { n: 101, minMs: 100, maxMs: 200, meanMs: 150 },
  });
  expect(journeys[0]?.milestones['load']?.quantiles.find(({ q }) => q === 0.5)?.ms).toBeCloseTo(150, 0);
});

test('waterfalls: one near the median and the slowest, each with all its requests', () => {
  const { waterfalls } = measurementOf(pages(1001), { leg: { scenario: twoSteps } });
  expect(waterfalls.map(({ label }) => label)).toEqual(['median page', 'slowest page']);
  const [median, slowest] = waterfalls;
  expect(slowest?.journey.journeyId).toBe(1000);
  // The nearest of 24 is within a few percent of ranks of the median.
  expect(Math.abs((median?.journey.journeyId ?? 0) - 500)).toBeLessThan(120);
  for (const waterfall of waterfalls) {
    expect(waterfall.requests.map(({ step, journeyId }) => [step, journeyId])).toEqual([
      ['document', waterfall.journey.journeyId],
      ['script', waterfall.journey.journeyId],
    ]);
  }
});

test('only one journey: it is the median, not told twice', () => {
  expect(measurementOf(pages(1), { leg: { scenario: twoSteps } }).waterfalls.map(({ label }) => label)).toEqual(['median page']);
});

test('failed journeys count and have no duration; dropped and warm-up ones are outside', () => {
  const { journeys } = measurementOf(
    [
      journeySample({ journeyId: 1, endedAtMs: 50 }),
      journeySample({ journeyId: 2, outcome: 'failed', endedAtMs: 1, milestonesMs: { first: 1 } }),
      journeySample({ journeyId: 3, outcome: 'timeout', endedAtMs: 30_000 }),
      journeySample({ journeyId: 4, outcome: 'dropped', endedAtMs: 0 }),
      journeySample({ journeyId: 5, phase: 'warm-up' }),
    ],
    {},
  );
  expect(journeys[0]).toMatchObject({
    counts: { ok: 1, failed: 1, timeout: 1, aborted: 0, dropped: 1 },
    duration: { n: 2, censored: 1, minMs: 50, maxMs: 30_000 },
  });
  expect(journeys[0]?.milestones['first']?.n).toBe(1);
});

test('a journey of which requests are missing makes no waterfall', () => {
  const samples = [...pages(1)].map((one) => (one.kind === 'journey' ? { ...one, requests: 3 } : one));
  expect(measurementOf(samples, { leg: { scenario: twoSteps } }).waterfalls).toEqual([]);
});

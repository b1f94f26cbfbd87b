import { describe, expect, test } from 'vitest';
import { exactShare, wilsonShare } from '../../harness/consistency/binomial.ts';
import { lossCurve } from '../../harness/consistency/loss-curve.ts';
import { spreadDelays } from '../../harness/consistency/spread.ts';
import { type AimedRead, visibilityCurve } from '../../harness/consistency/visibility-curve.ts';
import { ownLoad } from '../../harness/consistency/visibility-findings.ts';
import { storeMomentMs } from '../../harness/consistency/store-moment.ts';
import { plannedWrites } from '../../harness/consistency/visibility-plan.ts';
import type { Sample } from '../../harness/sample.ts';
import { keyedRandom } from '../../scenarios/random.ts';

test('none of 1,000 still allows 0.3%, as the rule of three says', () => {
  expect(exactShare(0, 1_000)).toMatchObject({ share: 0, low: 0, high: expect.closeTo(1 - 0.05 ** 0.001, 9) });
  expect(exactShare(0, 1_000).high).toBeCloseTo(0.003, 4);
  expect(exactShare(0, 100).high).toBeCloseTo(0.0295, 4);
});

test('exact and Wilson intervals against published values', () => {
  // Newcombe 1998, table I: 81 of 263.
  expect(exactShare(81, 263).low).toBeCloseTo(0.2527, 3);
  expect(exactShare(81, 263).high).toBeCloseTo(0.3676, 3);
  expect(wilsonShare(81, 263).low).toBeCloseTo(0.2553, 4);
  expect(wilsonShare(81, 263).high).toBeCloseTo(0.3662, 4);
});

/** Writes that become visible `lagMs(write)` after their acknowledgement, each read at some delays. */
function reads(writes: number, horizonMs: number, lagMs: (random: () => number) => number, seed = 7): AimedRead[] {
  const random = keyedRandom(seed, 'reads');
  return Array.from({ length: writes }, (_, write) => {
    const lag = lagMs(random);
    return Array.from({ length: 12 }, (_unused, index): AimedRead => {
      const sentAfterMs = ((index + random()) / 12) * horizonMs;
      return { write, sentAfterMs, answeredAfterMs: sentAfterMs + 1, saw: sentAfterMs >= lag };
    });
  }).flat();
}

test('a constant lag is found at every share', () => {
  const { quantiles, writes } = visibilityCurve(
    reads(200, 4_000, () => 2_000),
    1,
  );
  expect(writes).toBe(200);
  for (const { ms } of quantiles) expect(ms).toBeGreaterThan(1_980);
  for (const { ms } of quantiles) expect(ms).toBeLessThan(2_020);
});

test('a lag that varies: known quantiles lie within their intervals, 95% too', () => {
  const { quantiles } = visibilityCurve(
    reads(1_000, 2_000, (random) => 500 + random() * 1_000),
    1,
  );
  const [half, most] = quantiles;
  expect(half?.lowMs).toBeLessThan(1_000);
  expect(half?.highMs).toBeGreaterThan(1_000);
  expect(half?.ms).toBeGreaterThan(900);
  expect(half?.ms).toBeLessThan(1_100);
  expect(most?.lowMs).toBeLessThan(1_450);
  expect(most?.highMs).toBeGreaterThan(1_440);
});

test('a share that reads never reach has no time, and few writes are marked', () => {
  const curve = visibilityCurve(
    reads(20, 1_000, () => 5_000),
    1,
  );
  expect(curve.quantiles.map(({ ms, enough }) => [ms, enough])).toEqual([
    [undefined, false],
    [undefined, false],
    [undefined, false],
  ]);
  expect(
    visibilityCurve(
      reads(20, 1_000, () => 100),
      1,
    ).quantiles.map(({ enough }) => enough),
  ).toEqual([true, false, false]);
  expect(visibilityCurve([], 1)).toMatchObject({ writes: 0, reads: 0, bins: [] });
});

test('bins hold every read once, with the share that saw', () => {
  const { bins } = visibilityCurve(
    reads(100, 1_000, () => 500),
    1,
  );
  expect(bins.reduce((sum, { n }) => sum + n, 0)).toBe(1_200);
  expect(bins.filter(({ toMs }) => toMs < 500).every(({ share }) => share === 0)).toBe(true);
  expect(bins.filter(({ fromMs }) => fromMs > 500).every(({ share }) => share === 1)).toBe(true);
});

test('a load that moves what it measures is told, one that does not is not', () => {
  const rated = (full: number, half: number) => [
    ...reads(60, 1_000, () => full).map((read) => ({ ...read, rate: 'full' as const })),
    ...reads(60, 1_000, () => half, 8).map((read) => ({ ...read, write: read.write + 1_000, rate: 'half' as const })),
  ];
  expect(ownLoad(rated(600, 300), 1)).toMatchObject({ moved: true, text: expect.stringContaining('take a lower --rate') });
  expect(ownLoad(rated(300, 300), 1)).toMatchObject({ moved: false });
});

test('half of the writes go at half of the rate, in the middle', () => {
  const plan = plannedWrites(8, 10);
  expect(plan.map(({ rate }) => rate)).toEqual(['full', 'full', 'half', 'half', 'half', 'half', 'full', 'full']);
  expect(plan.map(({ atMs }) => atMs)).toEqual([0, 100, 200, 400, 600, 800, 1_000, 1_100]);
});

test('delays fill every part of the window once and are shuffled', () => {
  const delays = spreadDelays(100, 1_000, 1, 'a');
  expect(delays.map((delay) => Math.floor(delay / 10)).toSorted((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, index) => index));
  expect(delays).not.toEqual(delays.toSorted((a, b) => a - b));
  expect(spreadDelays(100, 1_000, 1, 'a')).toEqual(delays);
});

test('the loss curve tells its window and how many came after it', () => {
  const users = [10, 20, 30, 40, 50].map((delayMs) => ({ delayMs, saw: delayMs > 30, lost: delayMs <= 30 && delayMs !== 20 }));
  const curve = lossCurve({ variant: 'mid-stream', what: 'message', from: 'here' }, users, 60);
  expect(curve).toMatchObject({ windowMs: 30, safe: { fromMs: 40, users: 2 } });
  expect(curve.bins.reduce((sum, { n }) => sum + n, 0)).toBe(5);
  expect(lossCurve({ variant: 'mid-stream', what: 'message', from: 'here' }, users.slice(3), 60)).not.toHaveProperty('windowMs');
});

describe('when the store was at work, by the server', () => {
  const sample = {
    sentAtMs: 100,
    connectMs: 10,
    headersAtMs: 150,
    truth: {
      actualMs: 30,
      hops: [
        { hop: 'edge', startMs: 1, durationMs: 20 },
        { hop: 'store', startMs: 7, durationMs: 2 },
      ],
    },
  };

  test.each<[string, object, number | undefined]>([
    ['a plain response: the arrival is the middle of sent and answered less what it took', {}, 122],
    ['the head of a stream: what its hops took', { truth: { intendedMs: 0, hops: sample.truth.hops } }, 126.5],
    ['a server that claims to have taken longer than the client waited', { truth: { ...sample.truth, actualMs: 90 } }, 117],
    ['a server that tells of no store', { truth: { actualMs: 30 } }, undefined],
    ['a server that tells nothing', { truth: undefined }, undefined],
  ])('%s', (_, given, expected) => {
    expect(storeMomentMs({ ...sample, ...given } as Sample)).toBe(expected);
  });
});

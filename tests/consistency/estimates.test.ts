import { describe, expect, test } from 'vitest';
import { clusteredShare, exactShare } from '../../harness/consistency/binomial.ts';
import { costDifference } from '../../harness/consistency/remedy-cost.ts';
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

test('exact intervals against published values', () => {
  // Newcombe 1998, table I: 81 of 263.
  expect(exactShare(81, 263).low).toBeCloseTo(0.2527, 3);
  expect(exactShare(81, 263).high).toBeCloseTo(0.3676, 3);
});

test('trials in groups: as many as they are where groups do not differ more than chance has it, as many as groups where each is all of one kind', () => {
  // Ten groups that are all alike: nothing but the few groups widens the exact interval.
  const alike = clusteredShare(Array.from({ length: 10 }, () => ({ count: 5, n: 10 })));
  expect(alike).toMatchObject({ count: 50, n: 100, share: 0.5 });
  expect(alike.low).toBeLessThanOrEqual(exactShare(50, 100).low);
  expect(alike.low).toBeGreaterThan(0.35);
  const apart = clusteredShare(Array.from({ length: 10 }, (_, group) => ({ count: group < 5 ? 10 : 0, n: 10 })));
  // About what 5 of 10 allow, and not what 50 of 100 do.
  expect(apart.low).toBeLessThan(0.22);
  expect(apart.high).toBeGreaterThan(0.78);
  expect(
    clusteredShare([
      { count: 0, n: 50 },
      { count: 0, n: 50 },
    ]),
  ).toMatchObject({ count: 0, n: 100, low: 0, high: exactShare(0, 2).high });
  expect(clusteredShare([{ count: 50, n: 50 }])).toMatchObject({ count: 50, n: 50, low: exactShare(1, 1).low, high: 1 });
  expect(clusteredShare([{ count: 3, n: 50 }])).toMatchObject({ low: 0, high: 1 });
  expect(clusteredShare([])).toEqual(exactShare(0, 0));
});

test('of groups that differ, the interval holds the true share in nearly 95 of 100; counting trials as independent ones does not', () => {
  const truth = 0.3;
  const held = { clustered: 0, naive: 0 };
  const rounds = 400;
  for (let round = 0; round < rounds; round += 1) {
    const random = keyedRandom(round, 'groups');
    // Each conversation is all of one kind but for a tenth.
    const groups = Array.from({ length: 30 }, () => {
      const own = random() < truth ? 0.9 : 3 / 70;
      return { count: Array.from({ length: 24 }, () => random() < own).filter(Boolean).length, n: 24 };
    });
    const found = clusteredShare(groups);
    const naive = exactShare(found.count, found.n);
    if (found.low <= truth && truth <= found.high) held.clustered += 1;
    if (naive.low <= truth && truth <= naive.high) held.naive += 1;
  }
  expect(held.clustered / rounds).toBeGreaterThan(0.92);
  expect(held.naive / rounds).toBeLessThan(0.7);
});

/** Writes that become visible `lagMs(write)` after their acknowledgement, each read at some delays. */
function reads(writes: number, horizonMs: number, lagMs: (random: () => number) => number, seed = 7): AimedRead[] {
  const random = keyedRandom(seed, 'reads');
  return Array.from({ length: writes }, (_, write) => {
    const lag = lagMs(random);
    return Array.from({ length: 12 }, (_unused, index): AimedRead => {
      const sentAfterMs = ((index + random()) / 12) * horizonMs;
      return { write, key: `key-${write}`, sentAfterMs, answeredAfterMs: sentAfterMs + 1, saw: sentAfterMs >= lag };
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

test('how often the intervals of visibility hold the true time: versions of one conversation are late together', () => {
  const rounds = 100;
  let held = 0;
  for (let round = 0; round < rounds; round += 1) {
    const random = keyedRandom(round, 'coverage');
    // The median over conversations is 750 ms; half of what a version is late by is its conversation's.
    const own = Array.from({ length: 30 }, () => 500 + random() * 500);
    const late = Array.from({ length: 120 }, (_, write) => (own[write % 30] ?? 0) + (random() - 0.5) * 100);
    const aimed = late.flatMap((lag, write) =>
      Array.from({ length: 12 }, (_unused, index): AimedRead => {
        const sentAfterMs = ((index + random()) / 12) * 1_500;
        return { write, key: `key-${write % 30}`, sentAfterMs, answeredAfterMs: sentAfterMs + 1, saw: sentAfterMs >= lag };
      }),
    );
    const half = visibilityCurve(aimed, round).quantiles[0];
    if ((half?.lowMs ?? Number.POSITIVE_INFINITY) <= 750 && (half?.highMs ?? 0) >= 750) held += 1;
  }
  expect(held / rounds).toBeGreaterThan(0.85);
});

test('a share that few writes lie beyond has no interval', () => {
  const ends = (writes: number) =>
    visibilityCurve(
      reads(writes, 2_000, (random) => 500 + random() * 1_000),
      1,
    ).quantiles.map(({ lowMs }) => lowMs !== undefined);
  expect(ends(100)).toEqual([true, false, false]);
  expect(ends(1_000)).toEqual([true, true, false]);
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
  expect(ownLoad(rated(300, 300), 1)).toMatchObject({
    moved: false,
    decided: true,
    text: expect.stringMatching(/no difference seen; one of up to \d+\.\d ms would not be/),
  });
});

test('a load under which writes are never seen is no load that moves nothing: it is undecided, and said', () => {
  const rated = [
    ...reads(60, 1_000, () => 5_000).map((read) => ({ ...read, rate: 'full' as const })),
    ...reads(60, 1_000, () => 300, 8).map((read) => ({ ...read, write: read.write + 1_000, rate: 'half' as const })),
  ];
  expect(ownLoad(rated, 1)).toMatchObject({ moved: false, decided: false, text: expect.stringContaining('reads never got there at the full rate') });
  expect(ownLoad([], 1)).toMatchObject({ decided: false });
});

test('a load that moves the slowest writes alone is told where there are enough of them', () => {
  const slow = (share: number, seed: number) => reads(1_000, 2_000, (random) => (random() < share ? 1_500 : 250 + random() * 100), seed);
  const rated = [
    ...slow(0.1, 7).map((read) => ({ ...read, rate: 'full' as const })),
    ...slow(0, 8).map((read) => ({ ...read, write: read.write + 10_000, key: `half-${read.write}`, rate: 'half' as const })),
  ];
  expect(ownLoad(rated, 1)).toMatchObject({ moved: true, text: expect.stringMatching(/no difference seen.*visibility of 95%.*take a lower --rate/s) });
});

test('what a remedy costs is told from what two cells differ by anyway', () => {
  const random = keyedRandom(3, 'cost');
  const base = new Map(Array.from({ length: 300 }, (_, request): [string, number] => [`r${request}`, 50 + random() * 400]));
  const noisy = (more: number) => new Map([...base].map(([request, ms]): [string, number] => [request, ms + more + (random() - 0.5) * 10]));
  const dearer = costDifference(noisy(12), base, 0.5, 1);
  expect(dearer?.pairs).toBe(300);
  expect(dearer?.lowMs).toBeGreaterThan(0);
  expect(dearer?.lowMs).toBeLessThan(12);
  expect(dearer?.highMs).toBeGreaterThan(12);
  const same = costDifference(noisy(0), base, 0.5, 1);
  expect(same?.lowMs).toBeLessThan(0);
  expect(same?.highMs).toBeGreaterThan(0);
  // Requests that the other cell has not made are no part of it.
  expect(costDifference(new Map([['other', 5]]), base, 0.5, 1)).toBeUndefined();
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
  // Two of three lost in the window: one who is spared may be chance, so two say nothing yet of where it ends, and three would.
  expect(curve).toMatchObject({ windowMs: 30, safe: { fromMs: 40, users: 2 } });
  expect(curve).not.toHaveProperty('windowHighMs');
  expect(lossCurve({ variant: 'mid-stream', what: 'message', from: 'here' }, [...users, { delayMs: 60, saw: true, lost: false }], 60).windowHighMs).toBe(60);
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
    [
      'a write whose commit is told, after a key was reserved',
      { truth: { actualMs: 30, hops: [...sample.truth.hops, { hop: 'store', startMs: 10, durationMs: 8, commitMs: 16 }] } },
      131,
    ],
    ['a server that tells of no store', { truth: { actualMs: 30 } }, undefined],
    ['a server that tells nothing', { truth: undefined }, undefined],
  ])('%s', (_, given, expected) => {
    expect(storeMomentMs({ ...sample, ...given } as Sample)).toBe(expected);
  });
});
